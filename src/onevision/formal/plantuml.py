"""Diagrams in PlantUML (plantuml.com/guide): sequence, activity, class, component, use case and state diagrams, by their usual lines.

@startuml
start
:read a number;
if (even?) then (yes)
  :halve it;
else (no)
  :add one;
endif
stop
@enduml

Preprocessing (!include and its kin) is refused: a Description stands by itself.
"""

import re
from dataclasses import dataclass

from onevision.errors import InputError

_NAME = r"(?:\"[^\"]+\"|\[\*\]|\[[^\]\[]+\]|\(\*\)|\([^()]+\)|:[^:;]+:|[A-Za-z_][\w.]*(?:::\w+)*)"
_AS = rf"(?:\s+as\s+(?:{_NAME}))?"
_TAIL = r"(?:\s*<<[^<>]+>>)*(?:\s+order\s+\d+)?(?:\s+#[\w|/\\-]+)?"
_DASH = r"(?:-+|\.+|=+)"
_MID = rf"{_DASH}(?:\[[^\]]*\])?(?:(?:up|down|left|right|u|d|l|r|le|ri|do)?{_DASH})?"
_ARROW = (
    rf"(?:<\|?|<<|\*|o|\+|#|x|\^|\}}[o|]?|[|}}][o|]|\\\\?|//?|\()?[ox]?{_MID}[ox]?"
    rf"(?:\|?>|>>|\*|o|\+|#|x|\^|[o|]?\{{|[o|][|{{]|\\\\?|//?|\))?"
)
_CARD = r"(?:\s*\"[^\"]*\")?"
_SAID = r"\((?:[^()]|\([^()]*\))*\)"

_LINES = {
    "participant": rf"(?:participant|actor|boundary|control|entity|database|collections|queue|create|usecase|component|interface|agent|"
    rf"artifact|card|cloud|file|folder|frame|node|package|rectangle|stack|storage|person|label|circle|diamond|\(\)|object|map|json)"
    rf"(?:\s+(?:participant|actor))?\s+{_NAME}{_AS}{_TAIL}",
    "class": rf"(?:abstract\s+class|abstract|class|interface|enum|annotation|entity|struct|protocol|exception|metaclass|stereotype)\s+"
    rf"{_NAME}(?:<[^<>]+>)?{_AS}(?:\s+extends\s+{_NAME})?(?:\s+implements\s+{_NAME}(?:\s*,\s*{_NAME})*)?{_TAIL}",
    "state": rf"state\s+{_NAME}{_AS}{_TAIL}(?:\s*:\s*.*)?",
    "named": rf"(?:\[[^\]\[*]+\]|\([^()*]+\)|:[^:;]+:){_AS}{_TAIL}",
    "arrow": rf"{_NAME}{_CARD}\s*{_ARROW}{_CARD}\s*{_NAME}(?:\s*(?:\+\+|--|\*\*|!!))*(?:\s*#\w+)?(?:\s*(?::|<<)\s*.*)?",
    "edge": rf"(?:\[{_ARROW}|{_ARROW}\]|\?{_ARROW}|{_ARROW}\?)\s*{_NAME}?(?:\s*:\s*.*)?|{_NAME}\s*(?:{_ARROW}(?:\]|\?))(?:\s*:\s*.*)?",
    "member": rf"{_NAME}\s*:\s*\S.*",
    "life": rf"(?:activate|deactivate|destroy)\s+{_NAME}(?:\s+#\w+)?|return(?:\s+.*)?|autoactivate\s+(?:on|off)|autonumber(?:\s+.*)?",
    "divider": r"==.*==|\.\.\.(?:.*\.\.\.)?|\|\|\|?|\|\|\d+\|\||newpage(?:\s+.*)?",
    "look": r"(?:title|header|footer|caption|mainframe)\s+\S.*|skinparam\s+\S+\s+\S.*|hide\s+\S.*|show\s+\S.*|scale\s+\S.*|!theme\s+\S+"
    r"|(?:left to right|top to bottom) direction|(?:left|right|center) (?:header|footer)\s+\S.*|remove\s+\S.*|allowmixing",
    "note": rf"(?:h|r)?note\s+(?:left|right|top|bottom|over|across)(?:\s+of)?(?:\s+{_NAME}(?:\s*,\s*{_NAME})*)?(?:\s+#\w+)?\s*:\s*\S.*"
    rf"|note\s+\"[^\"]+\"\s+as\s+\w+|note\s+on\s+link\s*:\s*\S.*|ref\s+over\s+{_NAME}(?:\s*,\s*{_NAME})*\s*:\s*\S.*",
}
_ACTIVITY = {
    "end": r"start|stop|end|kill|detach|break",
    "swimlane": r"\|(?:#\w+\|)?[^|]+\|(?:\s*\w+)?",
    "arrow label": r"-(?:\[[^\]]*\]-)?>(?:\s*[^;]+;)?",
    "connector": r"\([A-Za-z0-9]\)|goto\s+\w+|label\s+\w+",
    "backward": r"backward\s*:[^;]+;",
}
_BLOCKS: tuple[tuple[str, str, dict[str, str], str], ...] = (
    # (name, opening line, lines between its parts, closing line)
    ("if", rf"if\s*\(.+\)(?:\s*(?:then|is|equals)(?:\s*{_SAID})?){{1,2}}",
     {"elseif": r"(?:\(.*\)\s*)?else\s?if\s*\(.+\)(?:\s*then(?:\s*\(.*\))?)?", "else": r"else(?:\s*\(.*\))?"},
     r"end\s?if(?:\s*\(.*\))?"),
    ("while", r"while\s*\(.+\)(?:\s*is\s*\(.*\))?", {}, r"end\s?while(?:\s*\(.*\))?"),
    ("repeat", r"repeat(?:\s*:.+;)?", {}, r"repeat\s?while\s*\(.+\)(?:\s*is\s*\(.*\))?(?:\s*not\s*\(.*\))?"),
    ("fork", r"fork", {"again": r"fork again"}, r"end\s?(?:fork|merge)(?:\s*\{.*\})?"),
    ("split", r"split", {"again": r"split again"}, r"end\s?split"),
    ("switch", r"switch\s*\(.+\)", {"case": r"case\s*\(.+\)"}, r"endswitch"),
    ("group", r"(?:alt|opt|loop|par|break|critical|group)(?:#\w+)?(?:\s+.*)?", {"else": r"else(?:#\w+)?(?:\s+.*)?"}, r"end"),
    ("box", r"box(?:\s+.*)?", {}, r"end\s?box"),
    ("partition", r"(?:partition|group)\s+(?:#\w+\s+)?(?:\"[^\"]+\"|[^{}\"]+?)\s*\{", {}, r"\}"),
    ("group end", r"group\s+.+", {}, r"end\s?group"),
)  # fmt: skip
_BRACED = re.compile(
    rf"(?:package|namespace|node|folder|frame|cloud|database|rectangle|component|together|card|artifact|storage|agent|file|stack|usecase|"
    rf"state|queue|hexagon|process|skinparam|map|json|object|abstract\s+class|abstract|class|interface|enum|annotation|entity|struct)"
    rf"(?:\s+(?:{_NAME}|[\w.]+)(?:<[^<>]+>)?{_AS}(?:\s+extends\s+{_NAME})?(?:\s+implements\s+{_NAME}(?:\s*,\s*{_NAME})*)?{_TAIL})?\s*\{{",
    re.IGNORECASE,
)
_MEMBERED = re.compile(r"(?:abstract|class|interface|enum|annotation|entity|struct|object|map|json|skinparam)\b", re.IGNORECASE)
_TEXTS = (
    (
        r"(?:h|r)?note\s+(?:left|right|top|bottom|over|across)\b[^:]*|note\s+as\s+\w+|note\s+on\s+link|floating note\s+\w+",
        r"end\s?(?:h|r)?note",
    ),
    (r"legend(?:\s+(?:left|right|center|top|bottom))*", r"end\s?legend"),
    (r"title", r"end\s?title"),
    (rf"ref\s+over\s+{_NAME}(?:\s*,\s*{_NAME})*", r"end\s?ref"),
)


@dataclass(frozen=True)
class Diagram:
    """kind: "activity" or "diagram" (all others). lines: (what it is, the line), in the order written."""

    kind: str
    lines: tuple[tuple[str, str], ...]


def parse(text: str) -> Diagram:
    """The diagram's lines; raises InputError naming the line that is none or the block that is not closed."""
    lines = [line.strip() for line in _without_comments(text).splitlines()]
    lines = [line for line in lines if line and not line.startswith("'")]
    if len(lines) < 2 or not re.fullmatch(r"@startuml(?:\s+\S+)?", lines[0]) or lines[-1] != "@enduml":
        raise InputError("plantuml: '@startuml' was expected first and '@enduml' last")
    if len(lines) == 2:
        raise InputError("plantuml: the diagram is empty")
    if long := next((line for line in lines if len(line) > 2000), None):
        raise InputError(f"plantuml: a line of {len(long)} characters")
    kind = "activity" if any(re.fullmatch(r"start|stop|:[^:]+[;|<>/\\\]}]|if\s*\(.*", line) for line in lines[1:-1]) else "diagram"
    return Diagram(kind, tuple(_Reader(kind, lines[1:-1]).read()))


def _without_comments(text: str) -> str:
    """The text without /' ... '/; an opened comment that is not closed stays, and is no line."""
    head, opened, rest = text.partition("/'")
    kept = [head]
    while opened:
        _, closed, after = rest.partition("'/")
        if not closed:
            return "".join([*kept, opened, rest])
        head, opened, rest = after.partition("/'")
        kept.append(head)
    return "".join(kept)


def summary(diagram: Diagram) -> str:
    """What is in it, in a few words."""
    arrows = sum(what == "arrow" for what, _ in diagram.lines)
    return f"{'an activity' if diagram.kind == 'activity' else 'a'} diagram of {len(diagram.lines)} lines" + (
        f", {arrows} arrows" if arrows else ""
    )


class _Reader:
    """Goes through the lines with a stack of open blocks: (name, lines between, closing line)."""

    def __init__(self, kind: str, lines: list[str]) -> None:
        self.activity = kind == "activity"
        self.lines = lines
        self.at = 0
        self.open: list[tuple[str, dict[str, str], str]] = []
        self.found: list[tuple[str, str]] = []

    def read(self) -> list[tuple[str, str]]:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            what = self._text_block(line) or self._block(line) or self._plain(line)
            if not what:
                raise InputError(f"plantuml: {line[:120]!r} is no line of {'an activity' if self.activity else 'a'} diagram")
            self.found.append((what, line))
        if self.open:
            raise InputError(f"plantuml: {self.open[-1][0]!r} is not closed")
        if all(what in ("look", "note") for what, _ in self.found):
            raise InputError("plantuml: nothing is drawn")
        return self.found

    def _plain(self, line: str) -> str | None:
        if self.open and self.open[-1][0] == "members":
            return "member" if not re.search(r"[{}]", re.sub(r"\{(?:static|abstract|field|method|classifier)\}", "", line)) else None
        if self.activity:
            return self._action(line) or _match(_ACTIVITY, line) or _match({key: _LINES[key] for key in ("look", "note")}, line)
        return _match(_LINES, line)

    def _action(self, line: str) -> str | None:
        """`:text;`, which may go on over several lines."""
        if not line.startswith(":"):
            return None
        while not re.search(r"[;|<>/\\\]}]$", line):
            if self.at >= len(self.lines) or self.lines[self.at].startswith(":"):
                raise InputError(f"plantuml: the action {line[:80]!r} does not end in ';'")
            line = self.lines[self.at]
            self.at += 1
        return "action"

    def _block(self, line: str) -> str | None:
        """A line that opens, divides or closes a block."""
        if self.open:
            name, between, closing = self.open[-1]
            if re.fullmatch(closing, line, re.IGNORECASE):
                self.open.pop()
                return f"end {name}"
            if any(re.fullmatch(pattern, line, re.IGNORECASE) for pattern in between.values()):
                return name
            if name == "members":
                return None
        if not self.activity and _BRACED.fullmatch(line):
            self.open.append(("members" if _MEMBERED.match(line) else "frame", {}, r"\}"))
            return "frame"
        for name, opening, between, closing in _BLOCKS:
            fits = self.activity != (name in ("group", "box"))
            if fits and re.fullmatch(opening, line, re.IGNORECASE) and (self.activity or name in ("group", "box")):
                self.open.append((name, between, closing))
                return name
        return None

    def _text_block(self, line: str) -> str | None:
        """A note or a legend over several lines, whose text is free."""
        if self.open and self.open[-1][0] == "members":
            return None
        for opening, closing in _TEXTS:
            if re.fullmatch(opening, line, re.IGNORECASE):
                while self.at < len(self.lines) and not re.fullmatch(closing, self.lines[self.at], re.IGNORECASE):
                    self.at += 1
                if self.at == len(self.lines):
                    raise InputError(f"plantuml: {line[:80]!r} is not closed")
                self.at += 1
                return "note"
        return None


def _match(patterns: dict[str, str], line: str) -> str | None:
    return next((what for what, pattern in patterns.items() if re.fullmatch(pattern, line, re.IGNORECASE)), None)
