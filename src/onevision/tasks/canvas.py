"""Drawing for the tasks: a supersampled Pillow canvas, and the style (page, ink, font, widths, noise) it draws in."""

import math
import random
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from onevision.tasks.fonts import FONTS, UNSEEN, load_font
from onevision.tasks.svg import Svg

RGB = tuple[int, int, int]
XY = tuple[float, float]
Box = tuple[float, float, float, float]

COLOURS: dict[str, RGB] = {
    "red": (220, 30, 35),
    "green": (35, 155, 55),
    "blue": (30, 80, 215),
    "yellow": (245, 205, 20),
    "orange": (250, 130, 20),
    "purple": (130, 60, 180),
    "pink": (245, 110, 185),
    "cyan": (25, 190, 210),
    "teal": (0, 128, 128),
    "brown": (130, 80, 45),
    "gray": (130, 130, 130),
    "black": (20, 20, 20),
}
"""Colour words and their middle; a style shifts each a little."""

Renderer = Literal["own", "svg"]


@dataclass(frozen=True)
class Style:
    """How one picture looks. width: a normal line, as a share of the picture's shorter side.

    smooth: supersampling factor, 1 draws with hard edges; noise: standard deviation, 0–255 levels.
    renderer: "own", with Pillow, or "svg", by resvg.
    """

    page: RGB = (255, 255, 255)
    ink: RGB = (0, 0, 0)
    font: str = "DejaVuSans.ttf"
    width: float = 0.01
    smooth: int = 3
    noise: float = 0.0
    shift: int = 0
    renderer: Renderer = "own"

    @classmethod
    def sample(cls, rng: random.Random, variety: int, renderer: Renderer = "own") -> "Style":
        """A style of the given variety: 0 plain, 1 a little, 2 wide."""
        return cls._sample(rng, variety).drawn_by(renderer)

    def drawn_by(self, renderer: Renderer) -> "Style":
        """The style under another renderer, which comes with a font of its own, not from the task's `rng`: what is drawn
        stays about the same problem."""
        return self if renderer == "own" else replace(self, font=random.Random(repr(self)).choice(UNSEEN), renderer=renderer)

    @classmethod
    def _sample(cls, rng: random.Random, variety: int) -> "Style":
        if variety == 0:
            return cls(width=rng.uniform(0.008, 0.014))
        wild = variety >= 2
        page = tint(rng, 225 if wild else 245) if rng.random() < 0.35 else (255, 255, 255)
        ink = rng.choice([(0, 0, 0), (0, 0, 0), (40, 40, 40), (25, 25, 80), (70, 40, 30)]) if wild else (0, 0, 0)
        return cls(
            page=page,
            ink=ink,
            font=rng.choice(FONTS[min(variety, 2)]),
            width=rng.uniform(0.004, 0.022) if wild else rng.uniform(0.006, 0.016),
            smooth=rng.choice((1, 2, 3, 3, 3)) if wild else 3,
            noise=rng.uniform(0, 9) if wild and rng.random() < 0.3 else 0.0,
            shift=25 if wild else 12,
        )

    def colour(self, rng: random.Random, name: str) -> RGB:
        """A shade of a colour word; still that word to a person."""
        red, green, blue = (max(0, min(255, c + rng.randint(-self.shift, self.shift))) for c in COLOURS[name])
        return red, green, blue


def tint(rng: random.Random, low: int) -> RGB:
    """A pale colour, none of its channels below `low`."""
    return rng.randint(low, 255), rng.randint(low, 255), rng.randint(low, 255)


def picture_size(rng: random.Random, size: tuple[int, int], aspect: tuple[float, float] = (0.75, 1.33)) -> tuple[int, int]:
    """(width, height) whose geometric mean is log-uniform in `size` and whose width / height is log-uniform in `aspect`."""
    mean = math.exp(rng.uniform(math.log(size[0]), math.log(size[1])))
    root = math.exp(rng.uniform(math.log(aspect[0]), math.log(aspect[1])) / 2)
    return max(28, round(mean * root)), max(28, round(mean / root))


class Canvas:
    """A picture being drawn. All coordinates and widths are floats in pixels of the finished picture, y down."""

    def __init__(self, width: int, height: int, style: Style) -> None:
        # Supersampling a large picture costs much and shows little.
        self.scale = min(style.smooth, 2) if width * height > 400 * 400 else style.smooth
        self.width, self.height, self.style = width, height, style
        self._ruler = Pixels(width, height, style, self.scale)
        self._page = Svg(width, height, style.page, style.ink, style.font) if style.renderer == "svg" else self._ruler

    @property
    def line_width(self) -> float:
        """The style's normal line, pixels, at least 1."""
        return max(1.0, self.style.width * min(self.width, self.height))

    def line(self, points: list[XY], colour: RGB | None = None, width: float | None = None) -> None:
        """A polyline with round joints."""
        self._page.line(points, colour or self.style.ink, width or self.line_width)

    def arrow(self, start: XY, end: XY, colour: RGB | None = None, width: float | None = None, head: float = 0) -> None:
        """A straight arrow; head: length of its point in pixels, by default five line widths."""
        width = width or self.line_width
        length = math.dist(start, end) or 1.0
        head = min(head or max(5 * width, 5.0), 0.7 * length)
        ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
        neck = (end[0] - ux * head, end[1] - uy * head)
        half = head * 0.38
        self.line([start, neck], colour, width)
        self.polygon([end, (neck[0] - uy * half, neck[1] + ux * half), (neck[0] + uy * half, neck[1] - ux * half)],
                     fill=colour or self.style.ink)  # fmt: skip

    def polygon(self, points: list[XY], fill: RGB | None = None, outline: RGB | None = None, width: float | None = None) -> None:
        """A closed polygon, filled, outlined or both."""
        if fill:
            self._page.polygon(points, fill)
        if outline:
            self.line([*points, points[0], points[1]], outline, width)

    def block(self, box: tuple[int, int, int, int], fill: RGB) -> None:
        """Exactly the pixels from (left, top) to (right, bottom), both included."""
        self._page.block(box, fill)

    def ellipse(self, centre: XY, rx: float, ry: float, fill: RGB | None = None, outline: RGB | None = None,
                width: float | None = None) -> None:  # fmt: skip
        """An upright ellipse with radii rx and ry; an outline is drawn inwards from them."""
        self._page.ellipse(centre, rx, ry, fill, outline, width or self.line_width)

    def circle(self, centre: XY, radius: float, fill: RGB | None = None, outline: RGB | None = None,
               width: float | None = None) -> None:  # fmt: skip
        """A circle; see `ellipse`."""
        self.ellipse(centre, radius, radius, fill, outline, width)

    def text(self, centre: XY, text: str, size: float, colour: RGB | None = None, font: str | None = None,
             anchor: str = "mm") -> None:  # fmt: skip
        """A line of text, `size` its em in pixels; anchor as in Pillow ("mm": centred on `centre`)."""
        self._page.text(centre, text, size, colour or self.style.ink, font or self.style.font, anchor)

    def text_box(self, centre: XY, text: str, size: float, font: str | None = None, anchor: str = "mm") -> Box:
        """(left, top, right, bottom) in pixels of what `text` would draw."""
        return self._ruler.text_box(centre, text, size, font or self.style.font, anchor)

    def text_width(self, text: str, size: float, font: str | None = None) -> float:
        """How far `text` moves the pen, pixels; less than its parts' sum where letters are kerned."""
        return self._ruler.text_width(text, size, font or self.style.font)

    def paste(self, picture: Image.Image, box: Box) -> None:
        """Put a picture into a box (left, top, right, bottom), as large as fits, centred, with a hair line round it."""
        self._page.paste(picture, box)

    def stamp(self, picture: Image.Image, centre: XY, size: float) -> None:
        """Lay an RGBA picture on the page, its longer side `size` pixels."""
        self._page.stamp(picture, centre, size)

    def image(self, rng: random.Random) -> Image.Image:
        """The finished RGB picture, with the style's noise."""
        image = self._page.image()
        if not self.style.noise:
            return image
        noise = np.random.default_rng(rng.getrandbits(64)).normal(0, self.style.noise, (self.height, self.width, 1))
        return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


class Pixels:
    """A page that Pillow draws on, `scale` times as large as it comes out."""

    def __init__(self, width: int, height: int, style: Style, scale: int) -> None:
        self.scale = scale
        self._image = Image.new("RGB", (width * scale, height * scale), style.page)
        self._draw = ImageDraw.Draw(self._image)

    def line(self, points: list[XY], colour: RGB, width: float) -> None:
        """As `Canvas.line`."""
        self._draw.line(self._points(points), fill=colour, width=self._width(width), joint="curve")

    def polygon(self, points: list[XY], fill: RGB) -> None:
        """Filled."""
        self._draw.polygon(self._points(points), fill=fill)

    def block(self, box: tuple[int, int, int, int], fill: RGB) -> None:
        """As `Canvas.block`; Pillow's polygons hold their right and bottom edges."""
        left, top, right, bottom = box
        self._draw.rectangle((left * self.scale, top * self.scale, (right + 1) * self.scale - 1, (bottom + 1) * self.scale - 1), fill=fill)

    def ellipse(self, centre: XY, rx: float, ry: float, fill: RGB | None, outline: RGB | None, width: float) -> None:
        """As `Canvas.ellipse`."""
        (x, y), s = centre, self.scale
        box = [(x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s]
        self._draw.ellipse(box, fill=fill, outline=outline, width=self._width(width) if outline else 0)

    def text(self, centre: XY, text: str, size: float, colour: RGB, font: str, anchor: str) -> None:
        """As `Canvas.text`."""
        self._draw.text(self._points([centre])[0], text, fill=colour, font=self._font(size, font), anchor=anchor)

    def text_box(self, centre: XY, text: str, size: float, font: str, anchor: str) -> Box:
        """As `Canvas.text_box`."""
        box = self._draw.textbbox(self._points([centre])[0], text, font=self._font(size, font), anchor=anchor)
        left, top, right, bottom = (edge / self.scale for edge in box)
        return left, top, right, bottom

    def text_width(self, text: str, size: float, font: str) -> float:
        """As `Canvas.text_width`."""
        return self._font(size, font).getlength(text) / self.scale

    def paste(self, picture: Image.Image, box: Box) -> None:
        """As `Canvas.paste`."""
        left, top, right, bottom = (edge * self.scale for edge in box)
        fitted = ImageOps.contain(picture, (round(right - left), round(bottom - top)))
        x, y = round((left + right - fitted.width) / 2), round((top + bottom - fitted.height) / 2)
        self._image.paste(fitted, (x, y))
        self._draw.rectangle((x - 1, y - 1, x + fitted.width, y + fitted.height), outline=(200, 200, 200))

    def stamp(self, picture: Image.Image, centre: XY, size: float) -> None:
        """As `Canvas.stamp`."""
        share = size * self.scale / max(picture.size)
        fitted = picture.resize((max(1, round(picture.width * share)), max(1, round(picture.height * share))), Image.Resampling.BILINEAR)
        left, top = round(centre[0] * self.scale - fitted.width / 2), round(centre[1] * self.scale - fitted.height / 2)
        self._image.paste(fitted, (left, top), fitted)

    def image(self) -> Image.Image:
        """What was drawn, RGB."""
        return self._image.reduce(self.scale) if self.scale > 1 else self._image

    def _points(self, points: list[XY]) -> list[XY]:
        return [(x * self.scale, y * self.scale) for x, y in points]

    def _width(self, width: float) -> int:
        return max(1, round(width * self.scale))

    def _font(self, size: float, name: str) -> ImageFont.FreeTypeFont:
        return load_font(name, max(4, round(size * self.scale)))


def regular_polygon(centre: XY, radius: float, corners: int, turn: float = -math.pi / 2) -> list[XY]:
    """Corners of a regular polygon; turn: the angle of the first one, radians clockwise from east (y is down)."""
    return [(centre[0] + radius * math.cos(turn + 2 * math.pi * k / corners),
             centre[1] + radius * math.sin(turn + 2 * math.pi * k / corners)) for k in range(corners)]  # fmt: skip


PROBE_WIDTH = 1.8
"""A line at least so wide, in pixels, fills a pixel near any of its points; a thinner one may show too pale."""


def probe_near(image: Image.Image, at: XY, colour: RGB) -> tuple[int, int, RGB]:
    """A probe for a line through `at`: of the 3×3 pixels round it, the one nearest to `colour`, with that colour."""
    columns = {max(0, min(image.width - 1, int(at[0]) + dx)) for dx in (-1, 0, 1)}
    rows = {max(0, min(image.height - 1, int(at[1]) + dy)) for dy in (-1, 0, 1)}

    def far(pixel: tuple[int, int]) -> float:
        seen = image.getpixel(pixel)
        assert isinstance(seen, tuple)
        return math.dist(seen, colour)

    x, y = min(((x, y) for x in sorted(columns) for y in sorted(rows)), key=far)
    return x, y, colour
