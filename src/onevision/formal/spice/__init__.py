"""A circuit as a SPICE netlist: elements with their nodes, models, subcircuits and the usual dot lines (after the ngspice manual).

* a divider
V1 in 0 DC 10
R1 in out 1k
R2 out 0 2.2k

A line that begins with * is a comment, one with + goes on from the line before. As in SPICE the first line of a whole deck, one that
ends with .end, is its title. A netlist has a ground, node 0 or gnd. Expressions in braces are checked for their brackets only.
"""

import re
from dataclasses import dataclass, field

from PIL.Image import Image

from onevision.errors import InputError
from onevision.formal.checks import f1
from onevision.formal.drawings import circuit
from onevision.formal.spice.values import NAME, NODE, RULES, check_dot

_DOTS = """ac dc tran op noise tf sens disto pz four meas measure print plot probe save ic nodeset options option opt temp width
    global param params func include inc lib model subckt ends end endc control title csparam if else elseif endif""".split()
_REFUSED = ("control", "endc", "if", "else", "elseif", "endif")


@dataclass(frozen=True)
class Element:
    """name: its first letter is the kind of part; nodes in the order of its pins; value: all behind them, spaces single."""

    name: str
    nodes: tuple[str, ...]
    value: str


@dataclass(frozen=True)
class Netlist:
    """elements of the top level; subcircuits: name -> (pins, elements); dots: the other lines that begin with a dot."""

    elements: tuple[Element, ...]
    subcircuits: dict[str, tuple[tuple[str, ...], tuple[Element, ...]]] = field(default_factory=dict)
    dots: tuple[str, ...] = ()


def write(netlist: Netlist) -> str:
    """The top level's elements, one a line; subcircuits and dot lines behind them."""
    lines = [_write_element(element) for element in netlist.elements]
    for name, (pins, elements) in netlist.subcircuits.items():
        lines += [f".subckt {name} {' '.join(pins)}", *map(_write_element, elements), f".ends {name}"]
    return "\n".join([*lines, *netlist.dots])


def parse(text: str) -> Netlist:
    """The netlist; raises InputError naming the line that is none."""
    lines = _logical_lines(text)
    if any(line.lower() == ".end" for line in lines[:-1]):
        raise InputError("spice: nothing may follow .end")
    if len(lines) > 1 and lines[-1].lower() == ".end":
        lines = lines[(0 if _starts_with_comment(text) or lines[0][0] == "." else 1) : -1]
    deck = _Deck()
    for line in lines:
        deck.add(line)
    return deck.netlist()


def summary(netlist: Netlist) -> str:
    """What is in it, in a few words."""
    nodes = {node.lower() for element in netlist.elements for node in element.nodes}
    return f"{len(netlist.elements)} elements on {len(nodes)} nodes"


def compare(first: Netlist, second: Netlist) -> float:
    """F1 over the elements with nodes and values; upper and lower case are one."""

    def keys(netlist: Netlist) -> list[tuple[str, ...]]:
        return [(e.name.lower(), *(node.lower() for node in e.nodes), e.value.lower().replace(" ", "")) for e in netlist.elements]

    return f1(keys(first), keys(second))


def draw(netlist: Netlist) -> Image:
    """The circuit with its nodes as rails: see `formal.drawings.circuit`."""
    return circuit([(f"{e.name} {e.value}".strip(), e.nodes) for e in netlist.elements])


def _write_element(element: Element) -> str:
    return " ".join((element.name, *element.nodes, *([element.value] if element.value else [])))


def _starts_with_comment(text: str) -> bool:
    return next((line for line in text.splitlines() if line.strip()), "").lstrip().startswith("*")


def _logical_lines(text: str) -> list[str]:
    """Lines without comments, continuations joined, spaces inside brackets and round '=' taken out."""
    lines: list[str] = []
    for raw in text.splitlines():
        line = re.split(r"(?:^|\s)(?:;|\$ |//)", raw, maxsplit=1)[0].strip()
        if not line or line.startswith("*"):
            continue
        if line.startswith("+"):
            if not lines:
                raise InputError(f"spice: {line!r} goes on from no line")
            lines[-1] += " " + line[1:].strip()
        else:
            lines.append(line)
    return [re.sub(r"(?<!\s)\s*=\s*", "=", line) for line in lines]


class _Deck:
    """Takes in line after line; between .subckt and .ends they belong to the subcircuit."""

    def __init__(self) -> None:
        self.top: list[Element] = []
        self.dots: list[str] = []
        self.subcircuits: dict[str, tuple[tuple[str, ...], tuple[Element, ...]]] = {}
        self.inside: list[tuple[str, tuple[str, ...], list[Element]]] = []

    def add(self, line: str) -> None:
        if line.startswith("."):
            self._dot(line)
            return
        element = _element(line)
        elements = self.inside[-1][2] if self.inside else self.top
        if any(other.name.lower() == element.name.lower() for other in elements):
            raise InputError(f"spice: the name {element.name} is given twice")
        elements.append(element)

    def _dot(self, line: str) -> None:
        name, *rest = _words(line)
        name = name[1:].lower()
        if name not in _DOTS or name in _REFUSED:
            raise InputError(f"spice: .{name} is no line of a netlist")
        if name == "subckt":
            if len(rest) < 2 or not NAME.fullmatch(rest[0]):
                raise InputError(f"spice: '.subckt name node ...' was expected, not {line!r}")
            self.inside.append((rest[0], tuple(word for word in rest[1:] if "=" not in word), []))
        elif name == "ends":
            self._close(line, rest)
        else:
            check_dot(name, rest, line)
            self.dots.append(line)

    def _close(self, line: str, rest: list[str]) -> None:
        if not self.inside or (rest and rest[0].lower() != self.inside[-1][0].lower()):
            raise InputError(f"spice: {line!r} closes no subcircuit")
        name, pins, elements = self.inside.pop()
        if not elements:
            raise InputError(f"spice: the subcircuit {name} is empty")
        self.subcircuits[name] = (pins, tuple(elements))

    def netlist(self) -> Netlist:
        if self.inside:
            raise InputError(f"spice: the subcircuit {self.inside[-1][0]} is not closed by .ends")
        if not self.top and not self.subcircuits:
            raise InputError("spice: no elements")
        if self.top and not any(node.lower() in ("0", "gnd") for element in self.top for node in element.nodes):
            raise InputError("spice: no element is on the ground, node 0")
        _check_references(self.top, self.subcircuits)
        return Netlist(tuple(self.top), self.subcircuits, tuple(self.dots))


def _check_references(elements: list[Element], subcircuits: dict[str, tuple[tuple[str, ...], tuple[Element, ...]]]) -> None:
    """Coupled coils and controlling sources must be there; a subcircuit that is defined has as many pins as are connected."""
    names = {element.name.lower() for element in elements}
    pins = {name.lower(): len(nodes) for name, (nodes, _) in subcircuits.items()}
    for element in elements:
        kind, words = element.name[0].lower(), element.value.lower().split()
        wanted = words[:2] if kind == "k" else words[:1] if kind in "fhw" and not words[0].startswith("poly") else []
        missing = next((word for word in wanted if word not in names), None)
        if missing:
            raise InputError(f"spice: {element.name} speaks of {missing}, which is not there")
        if kind == "x" and pins.get(words[0], len(element.nodes)) != len(element.nodes):
            raise InputError(f"spice: {element.name} connects {len(element.nodes)} nodes to {words[0]}, which has {pins[words[0]]}")


def _words(line: str) -> list[str]:
    """The words of a line; what stands in brackets belongs to the word before it."""
    words: list[str] = []
    depth = current = ""
    closing = {")": "(", "}": "{"}
    for char in line:
        if char in "({":
            depth += char
        elif char in closing:
            if not depth.endswith(closing[char]):
                raise InputError(f"spice: {char!r} closes nothing in {line!r}")
            depth = depth[:-1]
        if char.isspace() and not depth:
            words += [current] if current else []
            current = ""
        else:
            current += char
    if depth:
        raise InputError(f"spice: {depth[-1]!r} is not closed in {line!r}")
    return [*words, current] if current else words


def _element(line: str) -> Element:
    name, *rest = _words(re.sub(r"(?<!\s)\s+(?=\()", "", line))
    rule = RULES.get(name[0].lower())
    if rule is None or not NAME.fullmatch(name) or len(name) < 2:
        raise InputError(
            f"spice: {name!r} names no element; names begin with one of {''.join(sorted(RULES)).upper()} and have a number or name"
        )
    count, check = rule
    if name[0].lower() == "x":
        count = next((k for k, word in enumerate(rest) if "=" in word), len(rest)) - 1
    nodes, value = rest[: max(count, 0)], rest[max(count, 0) :]
    if len(nodes) < count or count < 0 or any(not NODE.fullmatch(node) or "=" in node for node in nodes):
        raise InputError(f"spice: {name[0].upper()} needs {max(count, 1)} nodes: {line!r}")
    if not check(value):
        raise InputError(f"spice: the value of {name} is missing or none: {line!r}")
    return Element(name, tuple(nodes), " ".join(value))
