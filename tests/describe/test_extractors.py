"""Extractors on pictures whose content is known: drawn by us, by Matplotlib, and by the tasks."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from onevision import formal, tasks
from onevision.describe import chart, checked, circuit, document, figure, ink, ocr, round_trip, scene, table
from onevision.describe.colours import name_of
from onevision.describe.ocr import Word, letter_case, plain, without_specks
from onevision.describe.sight import Sight
from onevision.errors import InputError
from onevision.formal import csv, drawings
from onevision.models.pictures import open_picture
from onevision.types import Description

DATA = Path(os.environ.get("ONEVISION_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "tabmwp"


def table_picture(rows: list[list[str]], rules: bool, title: str = "") -> Image.Image:
    """A table drawn by plain Pillow in another layout than our own drawings have."""
    font = drawings._font(18)
    image = Image.new("RGB", (160 * len(rows[0]), 34 * len(rows) + 50), "white")
    draw = ImageDraw.Draw(image)
    draw.text((image.width / 2, 20), title, "black", font, "mm")
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            draw.text((160 * c + 20, 60 + 34 * r), cell, "black", font, "lm")
        if rules:
            draw.line([(4, 43 + 34 * r), (image.width - 4, 43 + 34 * r)], "gray", 1)
    for c in range(len(rows[0]) + 1) if rules else ():
        draw.line([(4 + c * (image.width - 8) / len(rows[0]), 43), (4 + c * (image.width - 8) / len(rows[0]), image.height - 8)], "gray", 1)
    return image


ROWS = [["Name", "Score", "Place"], ["Ann", "81", "first"], ["Bob", "", "second"], ["Cleo", "1,024", ""]]


@pytest.mark.parametrize("rules", [True, False])
def test_table_with_empty_cells_and_a_title(rules: bool) -> None:
    found = table.assemble((sight := Sight(table_picture(ROWS, rules, "Scores of the week"))).words, sight.page)
    assert [[csv.plain(cell) for cell in row] for row in found.cells] == [[csv.plain(cell) for cell in row] for row in ROWS]
    assert found.title == ("Scores of the week")


def test_stem_and_leaf_rows_keep_empty_leaves() -> None:
    rows = [["Stem", "Leaf"], ["1", "2 5 6"], ["2", ""], ["3", "0 3 3"]]
    image = table_picture(rows, rules=False)
    draw = ImageDraw.Draw(image)
    draw.line([(150, 45), (150, image.height)], "navy", 3)
    draw.line([(0, 76), (image.width, 76)], "navy", 3)
    found = table.assemble((sight := Sight(image)).words, sight.page).cells
    assert [[csv.plain(cell) for cell in row] for row in found] == [["Stem", "Leaf"], ["1", "256"], ["2", ""], ["3", "033"]]


@pytest.mark.skipif(not DATA.exists(), reason="TabMWP's pictures are not here")
@pytest.mark.parametrize("name", ["54", "626", "3111"])
def test_real_tables_of_the_half_for_development(name: str) -> None:
    gold = json.loads((DATA / "problems.json").read_text())[name]["table"]
    got = csv.parse(table.describe(Sight(open_picture(DATA / "tables" / f"{name}.png"))).text)
    rows = tuple(tuple(cell.strip() for cell in row.split("|")) for row in gold.split("\n"))
    assert csv.compare(got, rows) == 1.0 and len(got) == len(rows)


def test_a_blank_page_has_no_table_no_chart_no_text() -> None:
    blank = Sight(Image.new("RGB", (200, 120), "white"))
    for describe in (table.describe, chart.describe, document.describe, document.page, scene.describe, figure.describe, circuit.describe):
        with pytest.raises(InputError) as error:
            describe(blank)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("index", range(4))
@pytest.mark.parametrize("task", ["bar_chart", "table_lookup"])
def test_own_charts_and_tables_of_the_plain_levels(task: str, index: int) -> None:
    sample = tasks.make(task, split="validation", seed=11, levels=(2,)).sample(index)
    extract = chart.describe if task == "bar_chart" else table.describe
    got = extract(Sight(sample.problem.images[0])).text
    assert formal.compare("csv", got, sample.description.text) == 1.0


@pytest.mark.parametrize("lying", [False, True])
def test_chart_of_matplotlib(lying: bool) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names, values = ["Mon", "Tue", "Wed", "Thu"], [12, 30, 45, 8]
    drawn = Figure(figsize=(6, 4), dpi=100)
    FigureCanvasAgg(drawn)
    axes = drawn.add_subplot()
    (axes.barh if lying else axes.bar)(names, values)
    axes.set_title("Visitors")
    out = io.BytesIO()
    drawn.savefig(out, format="png")
    rows = csv.parse(chart.describe(Sight(open_picture(out.getvalue()))).text)[1:]
    got = dict(rows)
    assert set(got) == set(names)
    assert all(abs(float(got[name]) - value) <= 0.5 for name, value in zip(names, values, strict=True))


def test_an_axis_that_has_a_number_twice_is_read() -> None:
    bars = [chart.Bar(50 + 40 * k, 10, -200, end, (40 + 40 * k, -end, 60 + 40 * k, 200)) for k, end in enumerate((-150, -100))]
    ticks = [Word(text, (10, y - 5, 25, y + 5), 1.0) for text, y in (("0", 200), ("10", 150), ("10", 151), ("20", 100))]
    assert chart._read_off(bars, ticks, sideways=False) == pytest.approx([10, 20], abs=0.3)


@pytest.mark.parametrize("value", ["5e-324", "1e-320"])
def test_a_bar_of_next_to_nothing_is_drawn(value: str) -> None:
    assert formal.draw(Description("csv", f"label,value\na,{value}"), "chart") is not None


@pytest.mark.parametrize("task", ["scene", "nested_squares", "two_circles", "line_crossings"])
def test_own_scenes_and_figures(task: str) -> None:
    extract = scene.describe if task == "scene" else figure.describe
    scores = []
    for index in range(4):
        sample = tasks.make(task, split="validation", seed=12, levels=(1, 2)).sample(index)
        scores.append(formal.compare(sample.description.formalism, extract(Sight(sample.problem.images[0])).text, sample.description.text))
    assert np.mean(scores) >= 0.75


def test_a_schematic_whose_labels_stand_in_no_box_is_refused() -> None:
    """Below the page's last row there is nothing to look for wires in: OpenCV crashed the interpreter over it."""
    sight = Sight(tasks.make("circuit", split="test", seed=1).sample(0).problem.images[0])
    with pytest.raises(InputError, match="no circuit was found"):
        circuit.describe(sight)


DRAWN = [
    ("csv", "fruit,kg\napple,3\nplum,14", ""),
    ("csv", ",Red,Blue\nA,1,\nB,,22", ""),
    ("csv", "label,value\nMon,12\nTue,30\nWed,45", "chart"),
    ("spice", "V1 in 0 DC 10\nR1 in out 1k\nR2 out 0 2k", ""),
    ("scene", "red circle 3,1\nblue square 0,0\ngreen triangle 2,4\nyellow star 4,4\npurple diamond 1,2\norange cross 0,4", ""),
    ("figure", "blue line: (0,3) (6,11) (12,4)\nred line: (0,9) (6,2) (12,6)", ""),
    ("figure", "blue circle: (3,4)\nred circle: (5,4)\nblue circle overlaps red circle", ""),
    ("figure", "1 > 2 > 3 > 4", ""),
]


@pytest.mark.parametrize(("formalism", "text", "kind"), DRAWN)
def test_what_is_drawn_is_read_again(formalism: str, text: str, kind: str) -> None:
    check = round_trip(Description(formalism, text), kind)
    assert check.valid and check.score is not None and check.score >= formal.ROUND_TRIP


def test_round_trip_tells_a_wrong_reading() -> None:
    check = formal.round_trip(Description("csv", "a,b\n1,2"), lambda picture: "a,b\n1,7")
    assert not check.valid and check.score == 0.75


def test_what_cannot_be_drawn_is_said() -> None:
    assert not round_trip(Description("scene", "red blob 1,1")).valid
    assert not round_trip(Description("csv", "a\nx"), "chart").valid
    assert [check.name for check in checked(Description("fen", "x"))] == ["parses"]
    assert formal.draw(Description("html", "<p>x</p>")) is None


def test_readings_are_mended_by_rule() -> None:
    def word(text: str, height: float = 12) -> Word:
        return Word(text, (0, 0, 10, height), 1.0)

    assert plain("$2 per Ib") == "$2 per lb" and plain("\u22124") == "-4" and plain("a \u2013 b") == "a \u2013 b"
    assert [w.text for w in letter_case([word("12"), word("Ann"), word("X", 8.5), word("c", 12)])] == ["12", "Ann", "x", "C"]
    long = word("a long text of some fifty letters and more, and then")
    assert without_specks([long, word("Hass\u0101n")])[1].text == "Hassan"
    assert without_specks([word("\u017e\u016f")])[0].text == "\u017e\u016f"


def test_pictograms_beside_text_are_left_out() -> None:
    image = table_picture(ROWS, rules=True)
    draw = ImageDraw.Draw(image)
    draw.ellipse((100, 50, 122, 72), fill=(18, 169, 236))
    sight = Sight(image)
    assert len(ocr.without_pictograms(ink.runs(sight.page), sight.page.em)) == sum(bool(cell) for row in ROWS for cell in row)


def test_colours_have_the_usual_names() -> None:
    assert [name_of(np.array(c)) for c in ((255, 0, 0), (0, 0, 200), (255, 0, 255), (0, 128, 0), (10, 10, 10))] == [
        *("red", "blue", "pink", "green", "black")
    ]
