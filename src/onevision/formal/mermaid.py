"""Flowcharts in Mermaid (mermaid.js.org/syntax/flowchart): nodes of every shape, links of every kind, chained, joined by &, subgraphs,
comments; class, style, click and linkStyle lines are read over.

flowchart LR
a[48] -->|-20| b[ ] -->|+9| c[?]

What is kept is who is linked to whom and what stands in the nodes and at the links.
"""

import re
from dataclasses import dataclass

from onevision.errors import InputError

_HEADER = re.compile(r"(?:flowchart|graph)(?:\s+(?:LR|RL|TB|TD|BT))?\s*;?")
_NAME = re.compile(r"\s*([A-Za-z0-9_](?:[\w.]|-(?![-.])|=(?!=))*)")
_SHAPES = ("[[ ]]", "[( )]", "([ ])", "((( )))", "(( ))", "{{ }}", "[/ /]", "[/ \\]", "[\\ \\]", "[\\ /]", "[ ]", "( )", "{ }", "> ]")
_LABEL = r"(?:\s*\"(?P<quoted>[^\"]*)\"\s*|(?P<bare>[^\[\](){}\"|]*))"
_NODES = tuple(
    re.compile(rf"{re.escape(opening)}{_LABEL}{re.escape(closing)}") for opening, closing in (shape.split() for shape in _SHAPES)
)
_PLAIN = re.compile(r"(?![/\\].*[/\\]$)[^\[\](){}\"|]*")
_STATEMENT = re.compile(r"(?:\"[^\"]*\"|\[[^\]\"]*\]|\([^)\"]*\)|\{[^}\"]*\}|\|[^|\"]*\||[^;])+")
_AND = re.compile(r"\s*&(?=\s)")
_CLASS = re.compile(r":::[A-Za-z]\w*")
_LINK = re.compile(
    r"\s*[<ox]?(?:--+(?:>|x\b|o\b|-)|==+(?:>|x\b|o\b|=)|-\.+-(?:>|x\b|o\b)?|~~~)(?:\s*\|\s*(?P<quoted>\"[^\"]*\"|[^|\"]*)\|)?"
    r"|\s*[<ox]?(?:--|==|-\.)\s*(?P<text>\"[^\"]*\"\s*|[^\s|\"][^|\">]*?)(?:--+(?:>|x\b|o\b|-)|==+(?:>|x\b|o\b|=)|\.+-(?:>|x\b|o\b)?)"
)
_ASIDE = re.compile(
    r"classDef\s+\w[\w,]*\s+\S.*|class\s+\w[\w,\s]*\s\w+|style\s+\w[\w-]*\s+\S.*|linkStyle\s+(?:default|\d+(?:,\d+)*)\s+\S.*|click\s+\w+\s+\S.*"
    r"|direction\s+(?:LR|RL|TB|TD|BT)|acc(?:Title|Descr)\s*:\s*\S.*"
)
_SUBGRAPH = re.compile(r"subgraph(?:\s++(?:[\w-]+\s*\[[^\[\]]+\]|\"[^\"]+\"|[^\[\]\"]+))?")

_QUOTE = "#quot;"  # how Mermaid writes a quotation mark inside quotes
MOST_LINKS = 500
"""More than this Mermaid itself does not draw (its setting maxEdges)."""


@dataclass(frozen=True)
class Edge:
    """An arrow from node `source` to node `target` (ids) carrying `label` ("" for none)."""

    source: str
    label: str
    target: str


@dataclass(frozen=True)
class Flow:
    """nodes: (id, label) in order of appearance, label "" for a blank node; edges in the order written."""

    nodes: tuple[tuple[str, str], ...]
    edges: tuple[Edge, ...]

    def labels(self) -> dict[str, str]:
        """Node id -> label."""
        return dict(self.nodes)


def write(flow: Flow) -> str:
    """Mermaid text; edges that continue each other share a line."""
    labels, shown, lines = flow.labels(), set[str](), []

    def node(name: str) -> str:
        first = name not in shown
        shown.add(name)
        return f"{name}[{_quoted(labels[name]) or ' '}]" if first else name

    previous = ""
    for edge in flow.edges:
        if edge.source != previous:
            lines.append(node(edge.source))
        lines[-1] += f" -->{f'|{_quoted(edge.label)}|' if edge.label else ''} {node(edge.target)}"
        previous = edge.target
    lines += [node(name) for name, _ in flow.nodes if name not in shown]
    return "\n".join(["flowchart LR", *lines])


def _quoted(label: str) -> str:
    """A label as it may stand in its brackets or bars: in quotes where it has such characters itself."""
    return label if _PLAIN.fullmatch(label) else '"' + label.replace('"', _QUOTE) + '"'


def parse(text: str) -> Flow:
    """The nodes and edges; raises InputError naming the line it could not read."""
    header, *lines = _lines(text) or [""]
    if not _HEADER.fullmatch(header):
        raise InputError(f"mermaid: 'flowchart LR' was expected first, not {header!r}")
    reader = _Reader()
    for line in lines:
        reader.add(line)
    return reader.flow()


def summary(flow: Flow) -> str:
    """What is in it, in a few words."""
    return f"{len(flow.nodes)} nodes, {len(flow.edges)} links"


def _read(label: str) -> str:
    return label.strip().replace(_QUOTE, '"')


def _lines(text: str) -> list[str]:
    """Lines without comments; a semicolon outside quotes, brackets and bars ends one too."""
    lines: list[str] = []
    for line in text.splitlines():
        plain = line.strip()
        if not plain.startswith("%%"):
            lines += [part.strip() for part in _STATEMENT.findall(plain) if part.strip()]
    return lines


class _Reader:
    """Takes in statement after statement."""

    def __init__(self) -> None:
        self.nodes: dict[str, str] = {}
        self.edges: list[Edge] = []
        self.depth = 0

    def add(self, line: str) -> None:
        if _SUBGRAPH.fullmatch(line):
            self.depth += 1
        elif line == "end":
            if not self.depth:
                raise InputError("mermaid: 'end' closes no subgraph")
            self.depth -= 1
        elif not _ASIDE.fullmatch(line):
            self._chain(line)

    def flow(self) -> Flow:
        if self.depth:
            raise InputError("mermaid: a subgraph is not closed by 'end'")
        return Flow(tuple(self.nodes.items()), tuple(self.edges))

    def _chain(self, line: str) -> None:
        """a --> b & c -->|label| d"""
        position, sources, label = 0, list[str](), ""
        while True:
            targets, position = self._group(line, position)
            if len(self.edges) + len(sources) * len(targets) > MOST_LINKS:
                raise InputError(f"mermaid: more than {MOST_LINKS} links")
            self.edges += [Edge(source, label, target) for source in sources for target in targets]
            link = _LINK.match(line, position)
            if not link:
                break
            sources, position = targets, link.end()
            label = _read((link["quoted"] or link["text"] or "").strip().strip('"'))
        if line[position:].strip():
            raise InputError(f"mermaid: an arrow or the line's end was expected at {line[position:]!r}")

    def _group(self, line: str, position: int) -> tuple[list[str], int]:
        names = []
        while True:
            name, position = self._node(line, position)
            names.append(name)
            joined = _AND.match(line, position)
            if not joined:
                return names, position
            position = joined.end()

    def _node(self, line: str, position: int) -> tuple[str, int]:
        match = _NAME.match(line, position)
        if not match or match[1] in ("end", "subgraph"):
            raise InputError(f"mermaid: a node was expected at {line[position:]!r}")
        name, position = match[1], match.end()
        label = next((found for shape in _NODES if (found := shape.match(line, position))), None)
        if label is not None:
            position = label.end()
        if marked := _CLASS.match(line, position):
            position = marked.end()
        if label is not None:
            self.nodes[name] = _read(label["quoted"] if label["quoted"] is not None else label["bare"])
        else:
            self.nodes.setdefault(name, "")
        return name, position
