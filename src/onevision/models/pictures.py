"""Open a picture of any common kind as plain 8-bit RGB, or say in one line why not."""

import io
import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError

from onevision.errors import InputError

MAX_PIXELS = 100_000_000
MAX_ASPECT = 200
"""Qwen2.5-VL's smart_resize refuses anything longer than 200 : 1."""

# Below 4 pixels the image processor takes a side of 1 or 3 for the colour channels.
MIN_SIDE = 4

NOISE = 32
"""Levels of 255 by which a margin may differ from itself, as JPEG's does near what is drawn."""

LONG = 3
"""How many times as long as wide a drawing must be for its margins to be cut: a square page wastes most on a line of text. nano
knows other drawings at the size that they have on their pages, and reads them worse without."""

# Only raster formats with a signature: Pillow would start Ghostscript for EPS and take any bytes for a TGA.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "ICO", "JPEG2000")


def open_picture(source: str | Path | bytes | Image.Image, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """One RGB picture, upright as its EXIF says, the first frame of an animation, transparency laid on white.

    source: a path, the bytes of a file, or a Pillow picture. 16-bit and float greys are scaled, not clipped; a side
    below 4 pixels is enlarged by pixel repetition.
    Raises InputError, naming the source, for whatever is missing, empty, not a picture, cut short, over max_pixels
    (judged from the header, before decoding) or longer than 200 : 1.
    """
    name = str(source) if isinstance(source, str | Path) else "the picture"
    with _one_line_errors(name, max_pixels):
        picture = source if isinstance(source, Image.Image) else _open_header(source, name)
        _check_size(picture, name, max_pixels)
        picture.load()
        return _enlarge(_to_rgb(ImageOps.exif_transpose(picture)))


def trimmed(picture: Image.Image, most: int) -> Image.Image:
    """A line of text or the like on a page of more pixels than a model takes, without the page's blank margins, so that it is
    shrunk less.

    most: pixels that the model takes. Margins are of one colour, to within NOISE, and run all about what is drawn, which is
    LONG times as long as wide. A little of them stays about it, and it is enlarged, to twice its size at most, where the model
    takes more pixels than are left. Any other picture is given back as it is.
    """
    if picture.width * picture.height <= most:
        return picture
    blank = Image.new("RGB", picture.size, picture.getpixel((0, 0)))
    drawn = ImageChops.difference(picture, blank).point(lambda level: 255 * (level > NOISE)).getbbox()
    if drawn is None:
        return picture
    left, top, right, bottom = drawn
    if min(left, top, picture.width - right, picture.height - bottom) < 1:
        return picture
    short, long = sorted((right - left, bottom - top))
    about = max(8, round(0.04 * long))
    box = max(0, left - about), max(0, top - about), min(picture.width, right + about), min(picture.height, bottom + about)
    width, height = box[2] - box[0], box[3] - box[1]
    if long < LONG * short or width * height > 0.9 * picture.width * picture.height:
        return picture
    zoom = min(2.0, math.sqrt(most / (width * height)))
    if zoom < 1:
        return picture.crop(box)
    return picture.resize((int(width * zoom), int(height * zoom)), Image.Resampling.BICUBIC, box)


def level_table(settings: Mapping[str, Any]) -> np.ndarray:
    """(3, 256) float32: what an image processor of these settings (a preprocessor_config.json's) makes of each level of 255 in
    each channel, to the bits of transformers' own."""
    factor = settings["rescale_factor"] if settings.get("do_rescale", True) else 1.0
    levels = (np.arange(256, dtype=np.float64) * factor).astype(np.float32)[None]
    if not settings.get("do_normalize", True):
        return levels.repeat(3, 0)
    mean, std = (np.array(settings[key], np.float32)[:, None] for key in ("image_mean", "image_std"))
    return np.asarray((levels - mean) / std)


def _open_header(source: str | Path | bytes, name: str) -> Image.Image:
    data = source if isinstance(source, bytes) else _read(Path(source), name)
    if not data:
        raise InputError(f"{name}: the file is empty (0 bytes); give a picture")
    with warnings.catch_warnings():
        # Our own limit lies above the size at which Pillow begins to warn.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(io.BytesIO(data), formats=FORMATS)


def _read(path: Path, name: str) -> bytes:
    if not path.exists():
        raise InputError(f"{name}: no such file; give the path of a picture")
    if path.is_dir():
        raise InputError(f"{name}: is a directory; give the path of a picture")
    return path.read_bytes()


@contextmanager
def _one_line_errors(name: str, max_pixels: int) -> Iterator[None]:
    """Turn whatever Pillow throws at a bad file into one InputError."""
    try:
        yield
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(f"{name}: not a picture; give a PNG, JPEG, WebP, GIF, BMP or TIFF file") from None
    except Image.DecompressionBombError:
        raise InputError(f"{name}: {_too_large(max_pixels)}") from None
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{name}: the picture is damaged or cut short ({reason})") from None


def _too_large(max_pixels: int) -> str:
    return f"more than {max_pixels // 1_000_000} megapixels, refused without decoding; give a smaller picture"


def _check_size(picture: Image.Image, name: str, max_pixels: int) -> None:
    width, height = picture.size
    if width * height > max_pixels:
        raise InputError(f"{name}: {width} x {height} pixels, {_too_large(max_pixels)}")
    if min(width, height) < 1:
        raise InputError(f"{name}: {width} x {height} pixels; give a picture with something in it")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise InputError(f"{name}: {width} x {height} pixels, longer than {MAX_ASPECT} : 1; crop it")


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        return _scaled_grey(picture).convert("RGB")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return picture.convert("RGB")


def _scaled_grey(picture: Image.Image) -> Image.Image:
    """Grey levels deeper than 8 bits brought to 0..255; Pillow's own convert would clip them."""
    levels = np.nan_to_num(np.asarray(picture, dtype=np.float64))
    peak = float(levels.max(initial=0.0))
    # Floats have no fixed white: 1 and 255 are the usual ones.
    usual = (1.0, 255.0) if picture.mode == "F" else (65535.0,)
    white = next((level for level in usual if peak <= level), peak)
    return Image.fromarray(np.clip(np.rint(levels / white * 255.0), 0, 255).astype(np.uint8))


def _enlarge(picture: Image.Image) -> Image.Image:
    if min(picture.size) >= MIN_SIDE:
        return picture
    width, height = picture.size
    return picture.resize((width * MIN_SIDE, height * MIN_SIDE), Image.Resampling.NEAREST)
