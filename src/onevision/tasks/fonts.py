"""The font files that pictures are written in; all ship inside packages we depend on, under open licences."""

from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from onevision.errors import MissingPartError

_PLAIN = ("DejaVuSans.ttf",)
_FEW = (*_PLAIN, "DejaVuSans-Bold.ttf", "STIXGeneral.ttf", "SourceSansPro-Regular.ttf", "Caladea-Regular.ttf")
_ALL = (
    *_FEW,
    "DejaVuSerif.ttf",
    "DejaVuSerif-Bold.ttf",
    "DejaVuSansMono.ttf",
    "STIXGeneralBol.ttf",
    "SourceSansPro-Semibold.ttf",
    "SourceSansPro-Light.ttf",
    "Caladea-Bold.ttf",
)
FONTS = (_PLAIN, _FEW, _ALL)
"""Font files by variety."""

UNSEEN = ("HankenGrotesk-Regular.otf", "HankenGrotesk-Bold.otf", "Manrope-Regular.ttf", "Manrope-Bold.ttf", "SourceSerifPro-Regular.ttf")
"""Fonts of pictures out of style: nothing that is learnt from is written in them."""

_PACKAGES = {
    "SourceSans": ("font_source_sans_pro", "files"),
    "SourceSerif": ("font_source_serif_pro", "files"),
    "Caladea": ("font_caladea", "files"),
    "HankenGrotesk": ("font_hanken_grotesk", "files"),
    "Manrope": ("font_manrope", "files"),
}


def font_path(name: str) -> Path:
    """The file of one of FONTS or UNSEEN. Raises MissingPartError when the package it comes with is not installed."""
    return _folder(next((family for family in _PACKAGES if name.startswith(family)), "")) / name


@lru_cache(maxsize=512)
def load_font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font at an em of so many pixels."""
    return ImageFont.truetype(str(font_path(name)), size)


@cache
def _folder(family: str) -> Path:
    package, folder = _PACKAGES.get(family, ("matplotlib", "mpl-data/fonts/ttf"))
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise MissingPartError(f"this font needs {package}: pip install 'onevision[tasks]'")
    return Path(spec.origin).parent / folder
