"""Near pictures and near questions."""

import asyncio
import io
import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from onevision import tasks
from onevision.errors import MissingPartError
from onevision.forge.duplicates import find
from onevision.forge.near import BITS, KeptOut, Near, Pictures, Seen, fingerprint, similar
from onevision.forge.recipe import load_recipe
from onevision.types import Problem
from tests.forge.conftest import tasks_recipe

pytest.importorskip("imagehash")
pytest.importorskip("datasketch")
LONG = "A train leaves the station at nine and travels sixty miles an hour until it meets the other train; when is that"


def picture(index, name="bar_chart"):
    return tasks.make(name, size=(200, 300))[index].images[0]


def copied(image, quality=60, scale=0.7):
    out = io.BytesIO()
    image.resize((int(image.width * scale), int(image.height * scale))).save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")


def problem(image=None, question="How many are there in all?", name="p", **more):
    return Problem(name, (image,) if image else (), question, **more)


def test_a_copy_is_near_and_another_picture_is_not():
    index = Pictures(10)
    for number in range(8):
        index.add(number, fingerprint(problem(picture(number))).pictures)
    for number in range(8):
        assert index.near(fingerprint(problem(copied(picture(number)))).pictures[0]) == {number}
    assert index.near(fingerprint(problem(picture(99))).pictures[0]) == set()


@settings(max_examples=30)
@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=20), st.integers(0, 15), st.data())
def test_every_hash_within_the_limit_is_found(hashes, bits, data):
    table = np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 32)
    index = Pictures(bits)
    for number, one in enumerate(table):
        index.add(number, one[None])
    flips = data.draw(st.lists(st.integers(0, BITS - 1), max_size=15, unique=True))
    asked = np.unpackbits(table[data.draw(st.integers(0, len(table) - 1))])
    asked[flips] ^= 1
    asked = np.packbits(asked)
    assert index.near(asked) == {n for n, one in enumerate(table) if np.bitwise_count(one ^ asked).sum() <= bits}


def test_questions():
    sketch = lambda text, **more: fingerprint(problem(question=text, **more)).question  # noqa: E731
    assert similar(sketch(LONG), sketch(LONG.replace("sixty", "60"))) > 0.6
    assert similar(sketch(LONG), sketch("How many apples are in the basket on the left of the picture?")) < 0.2
    assert similar(sketch("Which?", choices=("a cat", "a dog")), sketch("Which?", choices=("1 cm", "2 cm"))) < 0.5


def test_an_item_is_a_duplicate_when_picture_and_question_are_near():
    seen = Seen(Near())
    assert seen.add(0, fingerprint(problem(picture(0)))) == (False, None)
    assert seen.add(1, fingerprint(problem(copied(picture(0))))) == (True, 0)
    assert seen.add(2, fingerprint(problem(picture(0), "Which bar is the highest of all?"))) == (True, None)
    assert seen.add(3, fingerprint(problem(picture(5)))) == (False, None)
    assert seen.add(4, fingerprint(problem(question=LONG)))[1] is None
    assert seen.add(5, fingerprint(problem(question=LONG + "?")))[1] == 4


def test_what_is_near_a_benchmark():
    kept_out = KeptOut("bench", [problem(picture(0), LONG, "b0"), problem(picture(1), "How many?", "b1")], Near())
    assert kept_out.objection(fingerprint(problem(copied(picture(1)), "Something else"))) == ("picture", "b1")
    assert kept_out.objection(fingerprint(problem(picture(7), LONG))) == ("question", "b0")
    # A short question is asked of many pictures.
    assert kept_out.objection(fingerprint(problem(picture(7), "How many?"))) is None


def test_benchmarks_are_kept_out_without_a_look_for_duplicates(tmp_path, monkeypatch):
    monkeypatch.setattr("onevision.forge.duplicates.load", lambda *_: [problem(picture(0), name="b0")])
    keep_out = [{"benchmark": "mathvision"}]
    recipe = load_recipe(tasks_recipe(tmp_path, near=False, keep_out=keep_out))

    async def chunks():
        yield [(number, fingerprint(problem(picture(place)))) for number, place in enumerate((5, 5, 0))]

    assert asyncio.run(find(recipe, 3, chunks())) == {2: ("near mathvision", "its picture is near that of b0")}
    assert "duplicates" not in json.loads((tmp_path / "out" / "near.json").read_text())


@pytest.mark.parametrize("package", ["imagehash", "datasketch"])
def test_a_missing_package_is_named(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPartError, match="pip install"):
        fingerprint(problem(picture(0))), Seen(Near())
