"""A page or a user interface as HTML (WHATWG living standard), parsed only: no script runs, nothing is fetched.

Stricter than a browser, which repairs everything: elements nest and close (end tags may be left out where the standard says so), every
element is known, attributes are quoted well and given once, list items, rows and options stand where they belong.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from onevision.errors import InputError

_VOID = set("area base br col embed hr img input link meta param source track wbr".split())
_KNOWN = _VOID | set(
    """a abbr address article aside audio b bdi bdo blockquote body button canvas caption cite code colgroup data datalist dd del details
    dfn dialog div dl dt em fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hgroup html i iframe ins kbd label legend
    li main map mark menu meter nav noscript object ol optgroup option output p picture pre progress q rp rt ruby s samp script search
    section select slot small span strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr u ul
    var video center font math path circle rect line polyline polygon ellipse g text tspan defs use
    mi mo mn mrow msup msub mfrac msqrt""".split()
)
_IMPLIED = {
    "li": {"li"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"}, "option": {"option"}, "optgroup": {"option", "optgroup"},
    "tr": {"tr", "td", "th"}, "td": {"td", "th"}, "th": {"td", "th"}, "tbody": {"tr", "td", "th", "thead", "tbody", "colgroup", "caption"},
    "tfoot": {"tr", "td", "th", "thead", "tbody"}, "thead": {"colgroup", "caption"}, "body": {"head"},
    "rt": {"rt", "rp"}, "rp": {"rt", "rp"},
}  # fmt: skip
"""A start tag -> open elements that it closes by itself."""

_OPTIONAL_END = set("li dt dd p option optgroup tr td th thead tbody tfoot colgroup html head body rt rp".split())
_BLOCKS = set(
    """address article aside blockquote details div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr main
    menu nav ol p pre search section table ul""".split()
)
_PARENTS = {
    "li": {"ul", "ol", "menu"}, "tr": {"table", "thead", "tbody", "tfoot"}, "td": {"tr"}, "th": {"tr"}, "thead": {"table"},
    "tbody": {"table"}, "tfoot": {"table"}, "caption": {"table"}, "colgroup": {"table"}, "col": {"colgroup", "table"},
    "option": {"select", "optgroup", "datalist"}, "optgroup": {"select"}, "dt": {"dl", "div"}, "dd": {"dl", "div"}, "legend": {"fieldset"},
    "figcaption": {"figure"}, "summary": {"details"}, "head": {"html"}, "body": {"html"}, "title": {"head", "svg"},
}  # fmt: skip
_SINGLE = {"html", "head", "body", "title", "main"}
_FLAT = {"a": {"a", "button"}, "button": {"a", "button"}, "form": {"form"}, "label": {"label"}}
"""Elements that must not stand inside these."""


@dataclass
class Node:
    """An element with its attributes and children: Nodes and texts."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: "list[Node | str]" = field(default_factory=list)

    def count(self) -> int:
        """How many elements it and its children are."""
        return 1 + sum(child.count() for child in self.children if isinstance(child, Node))


def parse(text: str) -> Node:
    """The tree, under a Node named "" ; raises InputError naming the tag that breaks it."""
    if "\0" in text:
        raise InputError("html: a null character is no text")
    _check_markup(text)
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.finish()


def summary(root: Node) -> str:
    """What is in it, in a few words."""
    return f"{root.count() - 1} elements"


_TAG = re.compile(
    r"<!--.*?-->|<!doctype[^<>]*>|</[a-z][\w:-]*\s*>"
    r"|<[a-z][\w:-]*(?:\s+[^\s\"'<>/=]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'=<>`]+))?)*\s*/?>"
    r"|<(script|style|textarea|title)\b",
    re.IGNORECASE | re.DOTALL,
)
_RAW = re.compile(r"(<(script|style|textarea|title)\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>)(.*?)(</\2\s*>)", re.IGNORECASE | re.DOTALL)


def _check_markup(text: str) -> None:
    """Every `<` opens a well-formed tag or comment. The library's parser would take a broken one for text."""
    bare = _RAW.sub(lambda match: match[1] + match[4], text)
    at = 0
    while (at := bare.find("<", at)) >= 0:
        match = _TAG.match(bare, at)
        if not match:
            raise InputError(f"html: {bare[at : at + 40]!r} is no tag; a plain less-than sign is written &lt;")
        at = match.end()


class _Reader(HTMLParser):
    """Builds the tree and refuses what does not nest."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stack = [Node("")]
        self.seen: set[str] = set()
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._close_implied(tag)
        self._check_place(tag)
        self._check_attributes(tag, attrs)
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.stack[-1].children.append(node)
        if tag not in _VOID:
            self.stack.append(node)
        if len(self.stack) > 200:
            raise InputError("html: elements nest more than 200 deep")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:  # <circle/> and the like
            if not any(node.name in ("svg", "math") for node in self.stack):
                raise InputError(f"html: <{tag}/> closes nothing; write <{tag}></{tag}>")
            self.stack.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            raise InputError(f"html: <{tag}> has no end tag")
        while self.stack[-1].name != tag and self.stack[-1].name in _OPTIONAL_END and any(node.name == tag for node in self.stack):
            self.stack.pop()
        if self.stack[-1].name != tag:
            raise InputError(f"html: </{tag}> closes nothing here; <{self.stack[-1].name or 'no element'}> is open")
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        if data.strip():
            if self.stack[-1].name in ("table", "tr", "ul", "ol", "select", "thead", "tbody", "dl"):
                raise InputError(f"html: text cannot stand directly in <{self.stack[-1].name}>: {data.strip()[:40]!r}")
            self.stack[-1].children.append(data.strip())

    def finish(self) -> Node:
        left_open = next((node.name for node in reversed(self.stack[1:]) if node.name not in _OPTIONAL_END), None)
        if left_open:
            raise InputError(f"html: <{left_open}> is not closed")
        root = self.stack[0]
        if not any(isinstance(child, Node) for child in root.children):
            raise InputError("html: no elements")
        return root

    def _close_implied(self, tag: str) -> None:
        while self.stack[-1].name in _IMPLIED.get(tag, set()) and self.stack[-1].name not in _PARENTS.get(tag, set()):
            self.stack.pop()
        if tag in _BLOCKS and self.stack[-1].name == "p":
            self.stack.pop()

    def _check_place(self, tag: str) -> None:
        parent = self.stack[-1].name
        if tag not in _KNOWN and "-" not in tag:
            raise InputError(f"html: <{tag}> is no element of HTML")
        wanted = _PARENTS.get(tag)
        # A fragment may begin with any element.
        if wanted and parent not in wanted and parent not in ("", "template"):
            raise InputError(f"html: <{tag}> cannot stand in <{parent}>, but in {' or '.join(sorted(f'<{name}>' for name in wanted))}")
        allowed = {"ul": {"li"}, "ol": {"li"}, "tr": {"td", "th"}, "dl": {"dt", "dd", "div"}, "select": {"option", "optgroup", "hr"}}.get(
            parent
        )
        if allowed and tag not in allowed | {"script", "template"}:
            raise InputError(f"html: <{tag}> cannot stand directly in <{parent}>")
        if tag in _SINGLE and not any(node.name == "svg" for node in self.stack):
            if tag in self.seen:
                raise InputError(f"html: a second <{tag}>")
            self.seen.add(tag)
        inside = next((node.name for node in self.stack if node.name in _FLAT.get(tag, set())), None)
        if inside:
            raise InputError(f"html: <{tag}> cannot stand in <{inside}>")

    def _check_attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(set(names)) < len(names):
            raise InputError(f"html: <{tag}> has an attribute twice")
        for name, value in attrs:
            if name == "id":
                if not value or value in self.ids or any(char.isspace() for char in value):
                    raise InputError(f"html: id {value!r} is empty, has spaces or is given twice")
                self.ids.add(value)
