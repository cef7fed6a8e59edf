"""What the chart tasks share: three toolkits, one layout; real tables; nothing hangs on the user's settings."""

import random
from typing import Any

import pytest

pytest.importorskip("resvg_py")
pytest.importorskip("vega_datasets")

from onevision.tasks import make, plotting, real_tables, tables, toolkits
from onevision.tasks.canvas import Style
from onevision.tasks.plotting import Area, Axis, Dots, Line, Plot

RED, BLUE = (220, 30, 35), (30, 80, 215)
TOOLKITS = [toolkits.canvas, toolkits.svg, toolkits.matplotlib]


def small_plot() -> Plot:
    bar = Area(((1, 0), (1, 4), (2, 4), (2, 0)), RED)
    axis = Axis(0, 10, tuple((k, str(k)) for k in range(0, 11, 2)), grid=True)
    return Plot(axis, axis, (bar, Line(((3, 3), (9, 3)), BLUE), Dots(((5, 8),), BLUE, size=1.2)), "Title", (("one", RED, ""),))


@pytest.mark.parametrize("toolkit", TOOLKITS)
def test_every_toolkit_puts_marks_where_the_layout_says(toolkit: Any) -> None:
    layout = plotting.lay_out(random.Random(1), small_plot(), (300, 240), Style(), plotting.LOOKS[0])
    image = toolkit(random.Random(1), layout, Style())
    assert (image.size, image.mode) == ((300, 240), "RGB")
    drawn = plotting.Drawn(image, layout)
    for point, colour in (((1.5, 3.5), RED), ((1.5, 0.5), RED), ((5, 8), BLUE), ((6, 3), BLUE), ((7, 7), (255, 255, 255))):
        x, y, wanted = drawn.probe(point, colour)
        assert max(abs(a - b) for a, b in zip(image.getpixel((x, y)), wanted, strict=True)) <= 40, (point, image.getpixel((x, y)))
    assert max(abs(a - b) for a, b in zip(image.getpixel(tuple(map(int, layout.at((1.5, 4.6))))), (255, 255, 255), strict=True)) <= 40


def test_the_best_so_far_says_values_as_the_picture_does() -> None:
    best, walk = tables.best_so_far({"Milk": 90, "Rice": 75, "Tea": 120}, least=True, said="{} ct".format)
    assert (best, walk.splitlines()) == ("Rice", ["Milk 90 ct", "Rice 75 ct < 90 ct: Rice", "Tea 120 ct > 75 ct: Rice"])
    assert tables.best_so_far({"Milk": 90, "Rice": 90}) == (None, "Milk 90\nRice 90 = 90: Milk")


def test_the_users_matplotlibrc_changes_nothing() -> None:
    mpl = pytest.importorskip("matplotlib")
    layout = plotting.lay_out(random.Random(1), small_plot(), (200, 160), Style(), plotting.LOOKS[0])
    plain = toolkits.matplotlib(random.Random(1), layout, Style())
    with mpl.rc_context({"lines.linewidth": 9, "axes.facecolor": "red", "font.size": 30, "xtick.direction": "in"}):
        assert toolkits.matplotlib(random.Random(1), layout, Style()).tobytes() == plain.tobytes()


def test_all_toolkits_are_used() -> None:
    seen = []
    for toolkit in TOOLKITS:
        original = getattr(toolkits, toolkit.__name__)

        def spy(*args: Any, original: Any = original) -> Any:
            seen.append(original.__name__)
            return original(*args)

        setattr(toolkits, toolkit.__name__, spy)
    try:
        for index in range(30):
            make("histogram", size=(112, 120)).item(index)
    finally:
        for toolkit in TOOLKITS:
            setattr(toolkits, toolkit.__name__, toolkit)
    assert set(seen) == {"canvas", "svg", "matplotlib"}


@pytest.mark.parametrize("name", sorted(real_tables.REAL))
def test_real_tables_are_whole(name: str) -> None:
    title, corner, source = real_tables.real_source(name)
    assert title and corner and len(source) >= 6
    columns = [list(row) for row in source.values()]
    assert all(row == columns[0] for row in columns) and len(columns[0]) >= 2
    assert all(value >= 0 for row in source.values() for value in row.values())


def test_scales_hold_what_they_are_asked_to() -> None:
    rng = random.Random(0)
    for most in (3, 7, 19, 42, 123, 2761):
        scale = tables.scale_for(rng, most)
        assert most <= scale.top <= 3 * most and 4 <= scale.top // scale.step <= 8 and scale.top % scale.step == 0


def test_rounded_real_values_are_near_the_real_ones() -> None:
    rng = random.Random(3)
    found = [table for _ in range(60) if (table := tables.real_table(rng, 5, 2, (4, 8), False))]
    assert len(found) > 10
    for table in found:
        source = next(s for title, _, s in map(real_tables.real_source, real_tables.REAL) if title == table.title)
        for row, cells in zip(table.rows, table.cells, strict=True):
            for column, value in zip(table.columns, cells, strict=True):
                assert abs(source[row][column] - value) <= table.scale.grain / 2 + 1e-9
