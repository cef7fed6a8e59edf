"""Both renderers draw the same figure, each in its own hand."""

import random
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from onevision import tasks
from onevision.errors import InputError
from onevision.tasks.canvas import Canvas, Style
from onevision.tasks.fonts import FONTS, UNSEEN, load_font

pytest.importorskip("resvg_py")
RED, BLUE = (220, 30, 35), (30, 80, 215)


def drawn(figure: Callable[[Canvas], None], renderer: str) -> np.ndarray:
    canvas = Canvas(120, 90, Style(width=0.03).drawn_by(renderer))
    figure(canvas)
    return np.asarray(canvas.image(random.Random(0)), float)


def sprite() -> Image.Image:
    picture = Image.new("RGBA", (30, 20), (0, 0, 0, 0))
    picture.paste((*BLUE, 255), (5, 5, 25, 20))
    return picture


FIGURES = {
    "line": lambda c: c.line([(10, 10), (100, 40), (20, 80)], RED, 5),
    "arrow": lambda c: c.arrow((10, 20), (110, 70), RED),
    "polygon": lambda c: c.polygon([(10, 10), (100, 20), (60, 80)], fill=RED, outline=BLUE, width=4),
    "block": lambda c: c.block((10, 10, 60, 11), RED),
    "disc": lambda c: c.circle((60, 45), 30, fill=RED),
    "ring": lambda c: c.ellipse((60, 45), 50, 30, outline=RED, width=6),
    "paste": lambda c: c.paste(Image.new("RGB", (40, 40), BLUE), (10, 10, 110, 80)),
    "stamp": lambda c: c.stamp(sprite(), (50, 40), 60),
}


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_is_where_it_should_be_under_both(figure):
    own, svg = (drawn(FIGURES[figure], renderer) for renderer in ("own", "svg"))
    page = np.full_like(own, 255)
    inked = np.abs(own - page).sum()
    assert inked > 0
    assert np.abs(own - svg).sum() < 0.2 * inked


@pytest.mark.parametrize("anchor", ["mm", "lm", "rm", "ls"])
def test_text_stands_at_its_anchor_under_both(anchor):
    boxes = []
    for renderer in ("own", "svg"):
        dark = drawn(lambda c: c.text((60, 45), "H8", 24, anchor=anchor), renderer).min(-1) < 128
        rows, columns = dark.any(1).nonzero()[0], dark.any(0).nonzero()[0]
        boxes.append([(columns[0] + columns[-1]) / 2, (rows[0] + rows[-1]) / 2])
    assert np.abs(np.subtract(*boxes)).max() < 4


def test_the_fonts_of_pictures_out_of_style_are_in_no_other():
    assert not {name for names in FONTS for name in names} & set(UNSEEN)
    assert all(load_font(name, 20).getlength("0123456789?+-") > 0 for name in UNSEEN)


def test_a_task_with_toolkits_of_its_own_has_one_renderer():
    with pytest.raises(InputError, match="task pie_chart: renderer is 'svg'; one of own"):
        tasks.make("pie_chart", renderer="svg")
