"""A page of SVG, drawn by resvg."""

from __future__ import annotations

import base64
import io
from functools import cache
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from PIL import Image

from onevision.errors import MissingPartError
from onevision.tasks.fonts import font_path, load_font

if TYPE_CHECKING:
    from onevision.tasks.canvas import RGB, XY, Box


class Svg:
    """Coordinates, widths and sizes in pixels, y down; page and ink: colours, the ink where none is given; font: as in `fonts.FONTS`."""

    def __init__(self, width: int, height: int, page: RGB, ink: RGB, font: str) -> None:
        self.ink, self.font, self.fonts = ink, font, {font}
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="{_family(font)}">',
                      f'<rect width="{width}" height="{height}" fill="{to_hex(page)}"/>']  # fmt: skip

    def line(self, points: list[XY], colour: RGB | None = None, width: float | None = None) -> None:
        """A polyline with round joints."""
        self.parts.append(f'<polyline points="{_joined(points)}" fill="none" stroke="{to_hex(colour or self.ink)}" '
                          f'stroke-width="{width or 1:.2f}" stroke-linejoin="round"/>')  # fmt: skip

    def polygon(self, points: list[XY], fill: RGB | None = None, outline: RGB | None = None, width: float | None = None) -> None:
        """A closed polygon, filled, outlined or both."""
        stroke = f' stroke="{to_hex(outline)}" stroke-width="{width or 1:.2f}"' if outline else ""
        self.parts.append(f'<polygon points="{_joined(points)}" fill="{to_hex(fill) if fill else "none"}"{stroke}/>')

    def block(self, box: tuple[int, int, int, int], fill: RGB) -> None:
        """Exactly the pixels from (left, top) to (right, bottom), both included."""
        left, top, right, bottom = box
        self.polygon([(left, top), (right + 1, top), (right + 1, bottom + 1), (left, bottom + 1)], fill)

    def circle(self, centre: XY, radius: float, fill: RGB | None = None) -> None:
        """A filled circle."""
        self.parts.append(f'<circle cx="{centre[0]:.2f}" cy="{centre[1]:.2f}" r="{radius:.2f}" fill="{to_hex(fill or self.ink)}"/>')

    def ellipse(self, centre: XY, rx: float, ry: float, fill: RGB | None, outline: RGB | None, width: float) -> None:
        """An upright ellipse; an outline lies inside it."""
        inset = width / 2 if outline else 0.0
        stroke = f' stroke="{to_hex(outline)}" stroke-width="{width:.2f}"' if outline else ""
        radii = f'rx="{max(0.1, rx - inset):.2f}" ry="{max(0.1, ry - inset):.2f}"'
        self.parts.append(f'<ellipse cx="{centre[0]:.2f}" cy="{centre[1]:.2f}" {radii} fill="{to_hex(fill) if fill else "none"}"{stroke}/>')

    def text(self, centre: XY, text: str, size: float, colour: RGB | None = None, font: str | None = None, anchor: str = "mm") -> None:
        """A line of text; anchors as Pillow has them, its middle and top by the usual letter's."""
        side = {"l": "start", "m": "middle", "r": "end"}[anchor[0]]
        y = centre[1] + {"m": 0.36, "b": -0.2, "t": 0.9, "s": 0.0, "a": 0.9, "d": -0.2}[anchor[1]] * size
        other = f' font-family="{_family(font)}" font-weight="{_weight(font)}"' if font and font != self.font else ""
        self.fonts.add(font or self.font)
        self.parts.append(f'<text x="{centre[0]:.2f}" y="{y:.2f}" font-size="{size:.2f}" text-anchor="{side}"{other} '
                          f'fill="{to_hex(colour or self.ink)}">{escape(text)}</text>')  # fmt: skip

    def paste(self, picture: Image.Image, box: Box) -> None:
        """An RGB picture into a box (left, top, right, bottom), as large as fits, with a hair line round it."""
        left, top, right, bottom = box
        share = min((right - left) / picture.width, (bottom - top) / picture.height)
        wide, high = share * picture.width, share * picture.height
        place = ((left + right - wide) / 2, (top + bottom - high) / 2, wide, high)
        self._embed(picture, place)
        x, y, wide, high = place
        self.parts.append(f'<rect x="{x:.2f}" y="{y:.2f}" width="{wide:.2f}" height="{high:.2f}" fill="none" stroke="#c8c8c8"/>')

    def stamp(self, picture: Image.Image, centre: XY, size: float) -> None:
        """An RGBA picture, its longer side `size` pixels."""
        share = size / max(picture.size)
        wide, high = share * picture.width, share * picture.height
        self._embed(picture, (centre[0] - wide / 2, centre[1] - high / 2, wide, high))

    def _embed(self, picture: Image.Image, place: Box) -> None:
        saved = io.BytesIO()
        picture.save(saved, "PNG")
        x, y, wide, high = place
        self.parts.append(f'<image x="{x:.2f}" y="{y:.2f}" width="{wide:.2f}" height="{high:.2f}" preserveAspectRatio="none" '
                          f'href="data:image/png;base64,{base64.b64encode(saved.getvalue()).decode()}"/>')  # fmt: skip

    def image(self) -> Image.Image:
        """The finished RGB picture."""
        return rendered("".join([*self.parts, "</svg>"]), sorted(self.fonts))


def rendered(source: str, fonts: list[str] | None = None, width: int | None = None) -> Image.Image:
    """An SVG text as a picture, RGB with fonts, else RGBA; width: in pixels, by default its own.

    Raises MissingPartError when resvg is not installed.
    """
    try:
        import resvg_py
    except ImportError:
        raise MissingPartError("SVG needs resvg_py: pip install 'onevision[tasks]'") from None
    options: dict[str, Any] = {"font_files": [str(font_path(font)) for font in fonts or ()], "skip_system_fonts": True, "width": width}
    drawn = resvg_py.svg_to_bytes(svg_string=source, **options)
    return Image.open(io.BytesIO(bytes(drawn))).convert("RGB" if fonts else "RGBA")


@cache
def _family(font: str) -> str:
    return str(load_font(font, 10).getname()[0])


def _weight(font: str) -> str:
    return "bold" if "Bold" in font else "normal"


def to_hex(colour: RGB) -> str:
    """As in "#dc1e23"."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _joined(points: list[XY]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
