"""Charts for the tasks: what is plotted, where its parts go, and three toolkits that draw it.

A `Plot` is axes and marks in data coordinates; `draw` gives the picture and where each data point lies in it.
The toolkits are our own canvas, matplotlib, and SVG (drawn by resvg).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL.Image import Image

from onevision.tasks.canvas import RGB, XY, Box, Canvas, Style, picture_size, probe_near

PALETTES: tuple[tuple[RGB, ...], ...] = (
    ((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189), (140, 86, 75)),
    ((99, 110, 250), (239, 85, 59), (0, 204, 150), (171, 99, 250), (255, 161, 90), (25, 211, 243)),
    ((76, 120, 168), (245, 133, 24), (228, 87, 86), (114, 183, 178), (84, 162, 75), (238, 202, 59)),
    ((27, 158, 119), (217, 95, 2), (117, 112, 179), (231, 41, 138), (102, 166, 30), (120, 120, 120)),
    ((0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (110, 110, 110)),
)
"""Series colours that a person tells apart; the first is tab10's head, then plotly's, vega's, ColorBrewer's, Okabe and Ito's."""


@dataclass(frozen=True)
class Look:
    """page: behind all; panel: behind the data; grid: its lines' colour or None; frame: of box, left, none."""

    page: RGB = (255, 255, 255)
    panel: RGB = (255, 255, 255)
    ink: RGB = (0, 0, 0)
    grid: RGB | None = (215, 215, 215)
    frame: str = "left"


LOOKS = (
    Look(),
    Look(frame="box"),
    Look(grid=None, frame="box"),
    Look(panel=(229, 236, 246), grid=(255, 255, 255), ink=(42, 63, 95), frame="none"),
    Look(panel=(235, 235, 235), grid=(255, 255, 255), ink=(70, 70, 70), frame="none"),
    Look(page=(240, 240, 240), panel=(240, 240, 240), grid=(203, 203, 203), ink=(60, 60, 60), frame="none"),
    Look(page=(34, 36, 42), panel=(34, 36, 42), grid=(80, 82, 90), ink=(235, 235, 235)),
    Look(page=(253, 246, 227), panel=(238, 232, 213), grid=(253, 246, 227), ink=(88, 110, 117), frame="none"),
)
"""Plain white first; then the defaults of well-known toolkits."""


@dataclass(frozen=True)
class Axis:
    """One axis from low to high; ticks: (place, what is written there); grid: whether lines run across at them."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()
    title: str = ""
    grid: bool = False


@dataclass(frozen=True)
class Line:
    """A polyline in data coordinates; width: in the layout's lines."""

    points: tuple[XY, ...]
    colour: RGB
    dashed: bool = False
    width: float = 1.0


@dataclass(frozen=True)
class Dots:
    """Single points; marker: o, s, ^ or D; size: their diameter in em."""

    points: tuple[XY, ...]
    colour: RGB
    marker: str = "o"
    size: float = 0.6


@dataclass(frozen=True)
class Area:
    """A filled polygon."""

    corners: tuple[XY, ...]
    fill: RGB
    outline: RGB | None = None


@dataclass(frozen=True)
class Note:
    """Text at a point, in em; anchor as in Pillow: lm, mm, rm, or mb (stands on the point) and mt (hangs from it)."""

    at: XY
    text: str
    anchor: str = "mm"
    colour: RGB | None = None
    size: float = 0.9


Mark = Line | Dots | Area | Note


@dataclass(frozen=True)
class Plot:
    """A chart. legend: (name, colour, marker or "" for a patch); axes: False draws no axes and keeps circles round."""

    x: Axis
    y: Axis
    marks: tuple[Mark, ...]
    title: str = ""
    legend: tuple[tuple[str, RGB, str], ...] = ()
    axes: bool = True
    aspect: tuple[float, float] = (1.0, 1.6)


@dataclass(frozen=True)
class Layout:
    """Where a plot's parts go, in pixels. frame: what holds the data; line: a normal line's width.

    legend: the place of each entry's key, its text to the right of it.
    """

    width: int
    height: int
    em: float
    line: float
    frame: Box
    legend: tuple[XY, ...]
    look: Look
    font: str
    plot: Plot

    def at(self, point: XY) -> XY:
        """The pixel of a point in data coordinates."""
        left, top, right, bottom = self.frame
        x, y = self.plot.x, self.plot.y
        return (left + (point[0] - x.low) / (x.high - x.low) * (right - left),
                bottom - (point[1] - y.low) / (y.high - y.low) * (bottom - top))  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """A finished chart: its picture, and its layout for probes."""

    image: Image
    layout: Layout

    def probe(self, point: XY, colour: RGB) -> tuple[int, int, RGB]:
        """The pixel at or next to a data point, with the colour it must show."""
        return probe_near(self.image, self.layout.at(point), colour)


def palette(rng: random.Random, count: int, variety: int) -> list[RGB]:
    """`count` colours that can be told apart, at most 6."""
    colours = list(PALETTES[0] if variety == 0 else rng.choice(PALETTES))
    return colours[:count] if variety == 0 else rng.sample(colours, count)


def draw(rng: random.Random, plot: Plot, size: tuple[int, int], variety: int) -> Drawn:
    """Draw a plot in a random toolkit and look; size: as a task's Config."""
    from onevision.tasks import toolkits

    style = Style.sample(rng, variety)
    look = LOOKS[0] if variety == 0 else rng.choice(LOOKS[:3] if variety == 1 else LOOKS)
    style = replace(style, page=look.page, ink=look.ink)
    layout = lay_out(rng, plot, picture_size(rng, size, plot.aspect), style, look)
    draw_with: Callable[..., Image] = rng.choices((toolkits.canvas, toolkits.svg, toolkits.matplotlib), (5, 2, 1))[0]
    return Drawn(draw_with(rng, layout, style), layout)


def lay_out(rng: random.Random, plot: Plot, size: tuple[int, int], style: Style, look: Look) -> Layout:
    """Room for ticks, titles and legend round the data, the text as large as it goes."""
    width, height = size
    rule = Canvas(8, 8, style)

    def wide(texts: list[str]) -> float:
        return max((rule.text_width(text, 40) / 40 for text in texts), default=0.0)

    ticks_x, ticks_y = ([text for _, text in axis.ticks] for axis in (plot.x, plot.y))
    entries = [name for name, _, _ in plot.legend]
    aside = bool(entries) and (rng.random() < 0.5 or not plot.axes)
    beside = wide(entries) + 2.0 if aside else 0.6
    before = wide(ticks_y) + (1.0 if plot.axes else 0.5)
    slot = max(1, len(ticks_x)) * (wide(ticks_x) + 0.45)
    em = min(rng.uniform(0.042, 0.062) * min(width, height) + 1.5, width / (before + beside + slot))
    columns = max(1, min(len(entries), int(width / em / (wide(entries) + 2.4)))) if entries else 1
    rows = -(-len(entries) // columns) if entries and not aside else 0
    head = 1.7 * bool(plot.title) + 1.4 * rows + 1.4 * bool(plot.y.title) + 0.6
    foot = (1.6 if ticks_x else 0.5) + 1.3 * bool(plot.x.title)
    frame = (before * em, head * em, width - beside * em, height - foot * em)
    if not plot.axes:
        frame = _square(frame)
    if aside:
        first = frame[1] + 0.9 * em
        places = tuple((frame[2] + 0.9 * em, first + 1.4 * em * k) for k in range(len(entries)))
    else:
        step, y = (width - 1.2 * em) / columns, (1.7 * bool(plot.title) + 0.8) * em
        places = tuple(((0.9 + step / em * (k % columns)) * em, y + 1.4 * em * (k // columns)) for k in range(len(entries)))
    line = max(1.0, em * rng.uniform(0.07, 0.16))
    return Layout(width, height, em, line, frame, places, look, style.font, plot)


def _square(frame: Box) -> Box:
    left, top, right, bottom = frame
    half = min(right - left, bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    return x - half, y - half, x + half, y + half
