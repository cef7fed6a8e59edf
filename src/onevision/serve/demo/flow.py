"""A flowchart as SVG, in the page's own colours."""

from html import escape

from onevision.formal.mermaid import Flow

_HIGH, _GAP_X, _GAP_Y, _LETTER, _PAD = 40, 76, 24, 9, 12


def flow_svg(flow: Flow) -> str:
    """Nodes in columns by their distance from the first, arrows with their labels between them."""
    columns = _columns(flow)
    wide = {name: max(_HIGH, _LETTER * len(label) + 2 * _PAD) for name, label in flow.nodes}
    centres, x, height = {}, _PAD, 0
    for column in columns:
        widest = max(wide[name] for name in column)
        for row, name in enumerate(column):
            centres[name] = (x + widest / 2, _PAD + _HIGH / 2 + row * (_HIGH + _GAP_Y))
        height = max(height, _HIGH + (len(column) - 1) * (_HIGH + _GAP_Y))
        x += widest + _GAP_X
    width, height = x - _GAP_X + _PAD, height + 2 * _PAD
    body = [_arrow(centres[e.source], centres[e.target], wide[e.source], wide[e.target], e.label) for e in flow.edges]
    body += [_node(centres[name], wide[name], label) for name, label in flow.nodes]
    said = "; ".join(f"{flow.labels()[e.source] or 'blank'} {e.label} to {flow.labels()[e.target] or 'blank'}" for e in flow.edges)
    return (
        f'<div class="ov-wide" tabindex="0"><svg class="ov-flow" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="a flow: {escape(said)}">{"".join(body)}</svg></div>'
    )


def _columns(flow: Flow) -> list[list[str]]:
    place = {name: i for i, (name, _) in enumerate(flow.nodes)}
    depth = dict.fromkeys(place, 0)
    # An arrow back to an earlier node closes a circle and moves nothing.
    for edge in sorted(flow.edges, key=lambda e: place[e.source]):
        if place[edge.target] > place[edge.source]:
            depth[edge.target] = max(depth[edge.target], depth[edge.source] + 1)
    return [[name for name in place if depth[name] == d] for d in range(max(depth.values(), default=-1) + 1)]


def _node(centre: tuple[float, float], wide: float, label: str) -> str:
    x, y = centre
    kind = ' class="ov-asked"' if label == "?" else ""
    return (
        f'<rect{kind} x="{x - wide / 2:.0f}" y="{y - _HIGH / 2:.0f}" width="{wide:.0f}" height="{_HIGH}" rx="10"/>'
        f'<text x="{x:.0f}" y="{y:.0f}">{escape(label)}</text>'
    )


def _arrow(start: tuple[float, float], end: tuple[float, float], wide_start: float, wide_end: float, label: str) -> str:
    """A line from border to border with its head."""
    (x0, y0), (x1, y1) = start, end
    side = 1 if x1 >= x0 else -1
    x0, x1 = x0 + side * wide_start / 2, x1 - side * wide_end / 2
    head = f"M{x1:.0f} {y1:.0f}l{-8 * side} -5v10z"
    text = f'<text x="{(x0 + x1) / 2:.0f}" y="{(y0 + y1) / 2 - 10:.0f}">{escape(label)}</text>' if label else ""
    return f'<path class="ov-line" d="M{x0:.0f} {y0:.0f}L{x1 - 7 * side:.0f} {y1:.0f}"/><path class="ov-head" d="{head}"/>{text}'
