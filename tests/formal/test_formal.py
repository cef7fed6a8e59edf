"""Every formalism: what is written is read back, and what is broken is refused with its line."""

import contextlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevision import formal
from onevision.errors import InputError
from onevision.formal import csv, figure, mermaid, scene, text
from onevision.types import Description

words = st.text(string.ascii_lowercase, min_size=1, max_size=6)
cells = st.text(string.ascii_letters + string.digits + ' ,"-', max_size=6)


@given(st.lists(st.text('ab |"[](){};/\\>', max_size=6).map(str.strip), min_size=3, max_size=3))
def test_mermaid_quotes_what_stands_in_labels(labels):
    flow = mermaid.Flow((("a", labels[0]), ("b", labels[1])), (mermaid.Edge("a", labels[2], "b"),))
    assert mermaid.parse(mermaid.write(flow)) == flow


def test_mermaid_writes_plain_labels_as_they_are():
    flow = mermaid.parse('flowchart LR\na["f(x)"] -->|"/3"| b["x | y"] --> c["8/2"]')
    assert mermaid.write(flow) == 'flowchart LR\na["f(x)"] -->|/3| b["x | y"] --> c[8/2]'


def test_json_has_no_number_that_it_could_not_write():
    with pytest.raises(InputError, match="1e999 is no number"):
        formal.parse(Description("json", '{"a": 1e999}'))


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[cells] * n), min_size=1, max_size=4)))
def test_csv_round_trip(rows):
    if any(row == ("",) for row in rows):
        return  # one empty cell is an empty line, which CSV cannot tell from none
    assert csv.parse(csv.write(tuple(rows))) == tuple(rows)


@given(st.lists(st.builds(scene.SceneObject, words, words, st.integers(0, 9), st.integers(0, 9)), max_size=5))
def test_scene_round_trip(objects):
    assert scene.parse(scene.write(tuple(objects))) == tuple(objects)


@given(words, st.data())
def test_text_round_trip(word, data):
    start = data.draw(st.integers(0, len(word) - 1))
    end = data.draw(st.integers(start + 1, len(word)))
    marked = text.MarkedText(word, start, end)
    assert text.parse(text.write(marked)) == marked


points = st.tuples(st.integers(-20, 20), st.integers(-20, 20))
statements = st.one_of(
    st.builds(lambda s, o: figure.Statement(s, ":", tuple(o)), words, st.lists(st.one_of(points, words), min_size=1, max_size=4)),
    st.builds(lambda s, r, o: figure.Statement(f"{s} circle", r, (f"{o} line",)), words, st.sampled_from(figure.RELATIONS), words),
    st.integers(1, 6).map(lambda n: figure.Statement("1", ">", tuple(str(k) for k in range(2, n + 1)))),
)


@given(st.lists(statements, max_size=5))
def test_figure_round_trip(drawn):
    assert figure.parse(figure.write(tuple(drawn))) == tuple(drawn)


@given(st.lists(st.sampled_from(["", "-20", "+9", "*2", "/3"]), min_size=1, max_size=5), st.data())
def test_mermaid_round_trip(operations, data):
    names = string.ascii_lowercase[: len(operations) + 1]
    labels = data.draw(st.lists(st.sampled_from(["", "48", "?", "Start"]), min_size=len(names), max_size=len(names)))
    edges = tuple(mermaid.Edge(a, op, b) for a, op, b in zip(names, operations, names[1:], strict=False))
    flow = mermaid.Flow(tuple(zip(names, labels, strict=True)), edges)
    assert mermaid.parse(mermaid.write(flow)) == flow


@pytest.mark.parametrize(
    ("formalism", "broken"),
    [
        ("csv", "a,b\n1"), ("csv", ""), ("csv", "\"a"), ("json", "{"), ("json", "[1]"), ("json", "[" * 100_000),
        ("json", "9" * 5_000), ("csv", "\r0"),
        ("scene", "red circle"), ("scene", "red circle 1;2"),
        ("mermaid", "flowchart LR\na" + " & a" * 30 + " --> b" + " & b" * 30),
        ("figure", "blue line"), ("mermaid", "a --> b"), ("mermaid", "flowchart LR\n-->"), ("mermaid", "flowchart LR\na[1] b[2]"),
        ("text", "a(b"), ("text", "(a)(b)"), ("text", "a()b"), ("spells", "x"),
    ],
)  # fmt: skip
def test_broken_text_is_refused_in_one_line(formalism, broken):
    with pytest.raises(InputError) as error:
        formal.parse(Description(formalism, broken))
    assert "\n" not in str(error.value)


@given(st.sampled_from(formal.FORMALISMS), st.text(max_size=80))
def test_no_text_does_more_than_be_refused(formalism, anything):
    with contextlib.suppress(InputError):
        formal.parse(Description(formalism, anything))
