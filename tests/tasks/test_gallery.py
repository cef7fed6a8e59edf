"""The gallery shows what the tasks draw now."""

from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from onevision.errors import MissingPartError
from onevision.tasks import gallery

PAGE = Path(__file__).parents[2] / "docs" / "gallery.md"
HINT = "run: onevision tasks gallery docs/gallery.md"


def test_the_page_is_what_would_be_written() -> None:
    try:
        page = gallery.page(PAGE.stem)
    except MissingPartError as error:
        pytest.skip(str(error))
    assert page == PAGE.read_text(encoding="utf-8"), HINT


def test_its_pictures_are_there_and_small() -> None:
    files = {path.name: path.stat().st_size for path in PAGE.with_suffix("").iterdir()}
    assert files.keys() == {f"{name}-{level}.png" for name in gallery.REGISTRY for level in gallery.LEVELS}, HINT
    assert sum(files.values()) < 3_000_000


def test_its_pictures_look_like_what_is_drawn_now() -> None:
    for name in gallery.REGISTRY:
        for level in gallery.LEVELS:
            try:
                drawn = gallery.drawn(name, level).image
            except MissingPartError:
                continue
            shown = Image.open(PAGE.with_suffix("") / f"{name}-{level}.png").convert("RGB")
            far = ImageStat.Stat(ImageChops.difference(drawn, shown)).mean
            assert max(far) < 8, (name, level, far, HINT)
