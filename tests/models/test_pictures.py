"""Pictures of every kind come out as upright RGB; bad ones as one line."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from onevision.errors import InputError
from onevision.models.pictures import open_picture, trimmed


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    idat = b"IDAT" + zlib.compress(b"")
    chunks = [struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)) for body in (ihdr, idat)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def pixel(picture: Image.Image, x: int = 0, y: int = 0) -> tuple[int, ...]:
    value = picture.getpixel((x, y))
    assert isinstance(value, tuple)
    return value


def test_accepts_path_string_bytes_and_picture(tmp_path: Path) -> None:
    red = Image.new("RGB", (20, 10), "red")
    path = tmp_path / "red.png"
    red.save(path)
    for source in (path, str(path), path.read_bytes(), red):
        opened = open_picture(source)
        assert (opened.mode, opened.size, pixel(opened)) == ("RGB", (20, 10), (255, 0, 0))


def test_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    assert pixel(open_picture(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))) == (255, 0, 0)


def test_cmyk_becomes_rgb() -> None:
    opened = open_picture(encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG"))
    red, green, blue = pixel(opened)
    assert opened.mode == "RGB" and red > 240 and green < 15 and blue < 15


def test_deep_greys_are_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64)
    opened = open_picture(encoded(Image.fromarray(ramp.astype(np.uint16))))
    assert [pixel(opened, x, x)[0] for x in (0, 32, 63)] == pytest.approx([0, 129, 255], abs=1)
    unit = open_picture(encoded(Image.fromarray((ramp / 65535).astype(np.float32)), "TIFF"))
    assert [pixel(unit, x, x)[0] for x in (0, 32, 63)] == pytest.approx([0, 129, 255], abs=1)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    clear = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    data = encoded(Image.new("P", (16, 16), 0), transparency=0) if mode == "P" else encoded(clear.convert(mode))
    assert pixel(open_picture(data)) == (255, 255, 255)
    assert pixel(open_picture(encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 128)))))[0] == pytest.approx(127, abs=1)


def test_exif_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees
    assert open_picture(encoded(Image.new("RGB", (40, 20)), "JPEG", exif=exif)).size == (20, 40)


@pytest.mark.parametrize("size", [(1, 1), (1, 150), (3, 30), (200, 1)])
def test_thin_pictures_are_enlarged(size: tuple[int, int]) -> None:
    opened = open_picture(Image.new("RGB", size, "red"))
    assert min(opened.size) >= 4 and pixel(opened) == (255, 0, 0)
    assert opened.width * size[1] == opened.height * size[0]


def noisy_jpeg() -> bytes:
    return encoded(Image.effect_noise((300, 300), 90), "JPEG")


BAD = {
    "empty": (b"", "empty"),
    "text": (b"these are words, no pixels", "not a picture"),
    "html": (b"<html><body>404</body></html>", "not a picture"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture"),
    "cut jpeg": (noisy_jpeg()[:4000], "cut short"),
    "cut png": (encoded(Image.effect_noise((300, 300), 90))[:4000], "cut short"),
    "header only": (encoded(Image.new("RGB", (30, 30)))[:20], "picture"),
    "bomb": (png_header(40_000, 40_000), "100 megapixels"),
    "large": (png_header(12_000, 10_000), "12000 x 10000"),
    "strip": (encoded(Image.new("L", (2_010, 10))), "200 : 1"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_one_line_that_names_them(kind: str, tmp_path: Path) -> None:
    data, words = BAD[kind]
    path = tmp_path / "bad.png"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        open_picture(path)
    message = str(caught.value)
    assert "\n" not in message and str(path) in message and words in message


def test_missing_file_and_directory(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        open_picture(tmp_path / "none.png")
    with pytest.raises(InputError, match="is a directory"):
        open_picture(tmp_path)


def page(width: int, height: int, box: tuple[int, int, int, int], blank: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    picture = Image.new("RGB", (width, height), blank)
    picture.paste((200, 30, 30), box)
    return picture


def test_blank_margins_go_before_a_large_picture_is_shrunk() -> None:
    cut = trimmed(page(512, 512, (30, 240, 482, 280)), most=100_352)
    # 452 x 40 and 18 about it are 488 x 76; 1.64 times that is what 100,352 pixels hold.
    assert cut.size == (802, 125)
    drawn = np.asarray(cut)[:, :, 1] < 100
    assert 0.9 < drawn.any(0).mean() < 0.95 and 0.45 < drawn.any(1).mean() < 0.6


def test_a_large_drawing_keeps_its_pixels() -> None:
    assert trimmed(page(1000, 1000, (100, 100, 900, 360)), most=100_352).size == (864, 324)


def test_a_little_on_a_large_page_is_shown_at_twice_its_size() -> None:
    assert trimmed(page(1000, 1000, (480, 490, 540, 510)), most=100_352).size == (152, 72)


@pytest.mark.parametrize(
    ("side", "box"),
    [
        (200, (90, 90, 110, 110)),
        (900, (0, 0, 0, 0)),
        (900, (10, 10, 890, 890)),
        (900, (0, 0, 900, 900)),
        (900, (0, 0, 900, 200)),
        (900, (300, 300, 600, 500)),
    ],
    ids=["small", "blank", "full", "all", "a bar at the top", "not long"],
)
def test_other_pictures_stay_as_they_are(side: int, box: tuple[int, int, int, int]) -> None:
    picture = page(side, side, box)
    assert trimmed(picture, most=100_352) is picture


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_all_that_is_drawn_is_kept_and_nothing_is_too_large(data: st.DataObject) -> None:
    width, height = data.draw(st.integers(4, 1200)), data.draw(st.integers(4, 1200))
    left, top = data.draw(st.integers(0, width - 4)), data.draw(st.integers(0, height - 4))
    box = (left, top, data.draw(st.integers(left + 4, width)), data.draw(st.integers(top + 4, height)))
    picture = page(width, height, box, blank=data.draw(st.sampled_from([(255, 255, 255), (20, 20, 60)])))
    cut = trimmed(picture, most=100_352)
    assert cut.width * cut.height <= max(100_352, width * height)
    assert share(cut) >= 0.8 * share(picture)


def share(picture: Image.Image) -> float:
    """Of its pixels, how many are red."""
    return float((abs(np.asarray(picture).astype(int) - (200, 30, 30)).max(-1) < 60).mean())
