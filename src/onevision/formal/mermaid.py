"""Flowcharts in Mermaid, the subset of labelled boxes and labelled arrows, chained or one an edge a line:

flowchart LR
a[48] -->|-20| b[ ] -->|+9| c[?]
"""

import re
from dataclasses import dataclass

from onevision.errors import InputError

_HEADER = re.compile(r"(?:flowchart|graph) (?:LR|RL|TB|TD|BT)")
_NODE = re.compile(r"\s*([A-Za-z]\w*)(?:\[([^\]]*)\])?")
_ARROW = re.compile(r"\s*-->(?:\|([^|]*)\|)?")


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
        return f"{name}[{labels[name] or ' '}]" if first else name

    previous = ""
    for edge in flow.edges:
        if edge.source != previous:
            lines.append(node(edge.source))
        lines[-1] += f" -->{f'|{edge.label}|' if edge.label else ''} {node(edge.target)}"
        previous = edge.target
    lines += [node(name) for name, _ in flow.nodes if name not in shown]
    return "\n".join(["flowchart LR", *lines])


def parse(text: str) -> Flow:
    """The nodes and edges; raises InputError naming the line it could not read."""
    header, *lines = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    if not _HEADER.fullmatch(header):
        raise InputError(f"mermaid: 'flowchart LR' was expected first, not {header!r}")
    nodes: dict[str, str] = {}
    edges: list[Edge] = []
    for line in lines:
        _parse_line(line, nodes, edges)
    return Flow(tuple(nodes.items()), tuple(edges))


def _parse_line(line: str, nodes: dict[str, str], edges: list[Edge]) -> None:
    position, source, label = 0, "", ""
    while True:
        match = _NODE.match(line, position)
        if not match:
            raise InputError(f"mermaid: a node was expected at {line[position:]!r}")
        name, position = match[1], match.end()
        if match[2] is not None or name not in nodes:
            nodes[name] = (match[2] or "").strip()
        if source:
            edges.append(Edge(source, label, name))
        arrow = _ARROW.match(line, position)
        if not arrow:
            break
        source, label, position = name, arrow[1] or "", arrow.end()
    if line[position:].strip():
        raise InputError(f"mermaid: an arrow or the line's end was expected at {line[position:]!r}")
