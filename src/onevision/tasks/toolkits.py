"""The toolkits that draw a `plotting.Plot` in its layout: our own canvas, SVG drawn by resvg, and matplotlib."""

import random
from functools import cache
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from PIL import Image

from onevision.tasks.canvas import RGB, XY, Canvas, Style, regular_polygon
from onevision.tasks.fonts import font_path
from onevision.tasks.plotting import Area, Dots, Layout, Line, Note
from onevision.tasks.svg import Svg, to_hex

MARKERS = {"s": (4, -0.785398, 1.25), "^": (3, -1.570796, 1.35), "D": (4, -1.570796, 1.25)}
"""Marker -> corners, turn, and size relative to a circle's."""


class Page(Protocol):
    """What a chart is drawn on; coordinates as in `Canvas`."""

    def line(self, points: list[XY], colour: RGB | None = None, width: float | None = None) -> None:
        """A polyline."""

    def polygon(self, points: list[XY], fill: RGB | None = None, outline: RGB | None = None, width: float | None = None) -> None:
        """A closed polygon."""

    def circle(self, centre: XY, radius: float, fill: RGB | None = None) -> None:
        """A filled circle."""

    def text(self, centre: XY, text: str, size: float, colour: RGB | None = None, font: str | None = None, anchor: str = "mm") -> None:
        """A line of text."""


def canvas(rng: random.Random, layout: Layout, style: Style) -> Image.Image:
    """On our own canvas, with the style's noise."""
    page = Canvas(layout.width, layout.height, style)
    paint(page, layout)
    return page.image(rng)


def svg(rng: random.Random, layout: Layout, style: Style) -> Image.Image:
    """As SVG, drawn by resvg."""
    page = Svg(layout.width, layout.height, style.page, style.ink, style.font)
    paint(page, layout)
    return page.image()


def paint(page: Page, layout: Layout) -> None:
    """Draw a plot on a page: panel, grid, data, axes, text, legend."""
    left, top, right, bottom = layout.frame
    if layout.plot.axes:
        page.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], layout.look.panel)
    for start, end in _grid(layout):
        page.line([start, end], layout.look.grid, max(1.0, 0.6 * layout.line))
    for mark in layout.plot.marks:
        _mark(page, layout, mark)
    for start, end in _axes(layout):
        page.line([start, end], layout.look.ink, layout.line)
    for at, text, anchor, size in _texts(layout):
        page.text(at, text, size, anchor=anchor)
    for at, (_, colour, marker) in zip(layout.legend, layout.plot.legend, strict=True):
        _key(page, layout, at, colour, marker)


def _mark(page: Page, layout: Layout, mark: Any) -> None:
    if isinstance(mark, Area):
        page.polygon([layout.at(p) for p in mark.corners], mark.fill, mark.outline, layout.line)
    elif isinstance(mark, Note):
        page.text(layout.at(mark.at), mark.text, mark.size * layout.em, mark.colour, anchor=mark.anchor)
    elif isinstance(mark, Dots):
        for point in mark.points:
            _marker(page, layout.at(point), mark.marker, mark.size * layout.em, mark.colour)
    else:
        _line(page, layout, mark)


def _line(page: Page, layout: Layout, line: Line) -> None:
    points, thick = [layout.at(p) for p in line.points], line.width * 1.5 * layout.line
    for stroke in _dashes(points, 0.6 * layout.em) if line.dashed else [points]:
        page.line(stroke, line.colour, thick)


def _marker(page: Page, at: XY, marker: str, size: float, colour: RGB) -> None:
    if marker == "o":
        page.circle(at, size / 2, colour)
    else:
        corners, turn, larger = MARKERS[marker]
        page.polygon(regular_polygon(at, larger * size / 2, corners, turn), colour)


def _key(page: Page, layout: Layout, at: XY, colour: RGB, marker: str) -> None:
    (x, y), a, b = at, 0.4 * layout.em, 0.35 * layout.em
    if marker:
        _marker(page, at, marker, 0.7 * layout.em, colour)
    else:
        page.polygon([(x - a, y - b), (x + a, y - b), (x + a, y + b), (x - a, y + b)], colour, layout.look.ink, 0.5 * layout.line)


def _grid(layout: Layout) -> list[tuple[XY, XY]]:
    """Lines across the frame at the ticks of the axes that have a grid."""
    plot = layout.plot
    if not (plot.axes and layout.look.grid):
        return []
    across = [(layout.at((plot.x.low, v)), layout.at((plot.x.high, v))) for v, _ in plot.y.ticks if plot.y.grid]
    return across + [(layout.at((v, plot.y.low)), layout.at((v, plot.y.high))) for v, _ in plot.x.ticks if plot.x.grid]


def _axes(layout: Layout) -> list[tuple[XY, XY]]:
    """The axes' lines and ticks."""
    if not layout.plot.axes:
        return []
    left, top, right, bottom = layout.frame
    sides: list[tuple[XY, XY]] = [((left, top), (left, bottom)), ((left, bottom), (right, bottom))]
    sides += [((right, top), (right, bottom)), ((left, top), (right, top))]
    shown = {"left": 2, "box": 4, "none": 0}[layout.look.frame]
    tick = 0.25 * layout.em
    down = [layout.at((v, layout.plot.y.low)) for v, _ in layout.plot.x.ticks]
    aside = [layout.at((layout.plot.x.low, v)) for v, _ in layout.plot.y.ticks]
    return sides[:shown] + [((x, y), (x, y + tick)) for x, y in down] + [((x - tick, y), (x, y)) for x, y in aside]


def _texts(layout: Layout) -> list[tuple[XY, str, str, float]]:
    """(at, text, anchor, size in pixels) of all text outside the data."""
    plot, em = layout.plot, layout.em
    left, top, right, bottom = layout.frame
    said: list[tuple[XY, str, str, float]] = []
    said += [((layout.at((v, plot.y.low))[0], bottom + 0.9 * em), text, "mm", em) for v, text in plot.x.ticks]
    said += [((left - 0.45 * em, layout.at((plot.x.low, v))[1]), text, "rm", em) for v, text in plot.y.ticks]
    said += [((layout.width / 2, 0.95 * em), plot.title, "mm", 1.15 * em)] if plot.title else []
    said += [(((left + right) / 2, layout.height - 0.75 * em), plot.x.title, "mm", em)] if plot.x.title else []
    said += [((0.5 * em, top - 0.8 * em), plot.y.title, "lm", em)] if plot.y.title else []
    return said + [((x + 0.75 * em, y), name, "lm", em) for (x, y), (name, _, _) in zip(layout.legend, plot.legend, strict=True)]


def _dashes(points: list[XY], length: float) -> list[list[XY]]:
    """A polyline cut into strokes and gaps of a length, anew on each stretch."""
    strokes = []
    for (ax, ay), (bx, by) in pairwise(points):
        far = max(1e-9, ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5)
        for k in range(0, max(1, int(far / length)), 2):
            a, b = k * length / far, min(1.0, (k + 1) * length / far)
            strokes.append([(ax + a * (bx - ax), ay + a * (by - ay)), (ax + b * (bx - ax), ay + b * (by - ay))])
    return strokes


def matplotlib(rng: random.Random, layout: Layout, style: Style) -> Image.Image:
    """With matplotlib's own axes, ticks, markers and letters, whatever the user's matplotlibrc says."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context(_defaults()):
        figure = Figure(figsize=(layout.width / 100, layout.height / 100), dpi=100, facecolor=to_hex(layout.look.page))
        page = FigureCanvasAgg(figure)
        _figure(figure, layout, style)
        page.draw()
    return Image.fromarray(np.asarray(page.buffer_rgba())[..., :3].copy())


@cache
def _defaults() -> dict[str, Any]:
    """matplotlib's own settings for what we draw with."""
    import matplotlib as mpl

    kept = ("agg.", "axes.", "figure.", "font.", "grid.", "lines.", "path.", "patch.", "text.", "xtick.", "ytick.")
    return {key: value for key, value in mpl.rcParamsDefault.items() if key.startswith(kept)}


def _figure(figure: Any, layout: Layout, style: Style) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.transforms import IdentityTransform

    left, top, right, bottom = layout.frame
    w, h, plot = layout.width, layout.height, layout.plot
    axes = figure.add_axes((left / w, 1 - bottom / h, (right - left) / w, (bottom - top) / h), facecolor=to_hex(layout.look.panel))
    axes.set(xlim=(plot.x.low, plot.x.high), ylim=(plot.y.low, plot.y.high))
    for mark in plot.marks:
        _artist(axes, layout, mark, style)
    _style_axes(axes, layout)
    for (x, y), text, anchor, size in _texts(layout):
        figure.text(x / w, 1 - y / h, text, **_lettering(style, size, anchor, layout.look.ink))
    for (x, y), (_, colour, marker) in zip(layout.legend, plot.legend, strict=True):
        edge: dict[str, Any] = {"markeredgecolor": to_hex(layout.look.ink), "markeredgewidth": 0.36 * layout.line} if not marker else {}
        figure.add_artist(Line2D([x], [h - y], marker=marker or "s", color=to_hex(colour), markersize=0.5 * layout.em,
                                 transform=IdentityTransform(), **edge))  # fmt: skip


def _style_axes(axes: Any, layout: Layout) -> None:
    plot, look = layout.plot, layout.look
    axes.set_axisbelow(True)
    if not plot.axes:
        axes.set_axis_off()
        return
    points = 0.72 * layout.line
    axes.set_xticks([v for v, _ in plot.x.ticks], labels=[])
    axes.set_yticks([v for v, _ in plot.y.ticks], labels=[])
    axes.tick_params(length=0.72 * 0.25 * layout.em, width=points, color=to_hex(look.ink))
    for name, spine in axes.spines.items():
        spine.set(
            visible=look.frame == "box" or (look.frame == "left" and name in ("left", "bottom")), color=to_hex(look.ink), linewidth=points
        )
    for axis, shown in (("x", plot.x.grid), ("y", plot.y.grid)):
        if look.grid and shown:
            axes.grid(axis=axis, color=to_hex(look.grid), linewidth=0.6 * points)


def _artist(axes: Any, layout: Layout, mark: Any, style: Style) -> None:
    points = 0.72 * layout.line
    if isinstance(mark, Area):
        xs, ys = zip(*mark.corners, strict=True)
        edge = to_hex(mark.outline) if mark.outline else "none"
        axes.fill(xs, ys, facecolor=to_hex(mark.fill), edgecolor=edge, linewidth=points, zorder=2)
    elif isinstance(mark, Note):
        axes.text(*mark.at, mark.text, **_lettering(style, mark.size * layout.em, mark.anchor, mark.colour or layout.look.ink), zorder=5)
    elif isinstance(mark, Dots):
        axes.plot(*zip(*mark.points, strict=True), mark.marker, color=to_hex(mark.colour), markersize=0.72 * mark.size * layout.em,
                  markeredgewidth=0, clip_on=False, zorder=4)  # fmt: skip
    else:
        axes.plot(*zip(*mark.points, strict=True), "--" if mark.dashed else "-", color=to_hex(mark.colour),
                  linewidth=mark.width * 1.5 * points, clip_on=False, zorder=3)  # fmt: skip


def _lettering(style: Style, size: float, anchor: str, colour: RGB) -> dict[str, Any]:
    from matplotlib.font_manager import FontProperties

    across = {"l": "left", "m": "center", "r": "right"}[anchor[0]]
    up = {"m": "center_baseline", "b": "bottom", "t": "top"}[anchor[1]]
    return {"fontproperties": FontProperties(fname=str(font_path(style.font)), size=0.72 * size), "color": to_hex(colour),
            "ha": across, "va": up}  # fmt: skip
