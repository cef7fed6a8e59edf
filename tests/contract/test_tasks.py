"""What every visual task promises, checked on a few hundred small items of each (ONEVISION_TASK_ITEMS=1000: on so many)."""

import importlib.util
import json
import os
import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from onevision import tasks
from onevision.answers import grade
from onevision.errors import InputError, MissingPartError
from onevision.formal import parse
from onevision.models.prompts import compose
from onevision.tasks.base import LEVELS, SPLITS, Item, Task

SMALL = (112, 168)
ITEMS = int(os.environ.get("ONEVISION_TASK_ITEMS", "240"))

MAJORITY = {"circled_letter": 0.1, "grid_size": 0.2, "metro_paths": 0.34, "two_circles": 0.6, "scene": 0.5}
"""Largest share of the commonest answer, by task; 0.45 for the others."""

# Module scope runs all tests of one task before the next, so that `pool` holds one task's items at a time.
pytestmark = pytest.mark.parametrize("name", tasks.names(), scope="module")


@pytest.fixture(autouse=True)
def installed(name: str) -> None:
    """Skips a task that draws with an optional package which is not here."""
    try:
        tasks.make(name)
    except MissingPartError as error:
        pytest.skip(str(error))


def small(name: str, **options: Any) -> Task:
    return tasks.make(name, **({"size": SMALL} | options))


@lru_cache(maxsize=1)
def pool(name: str) -> list[tuple[int, Item]]:
    """(level, item), evenly from all levels."""
    by_level = {level: small(name, levels=(level,)) for level in LEVELS}
    return [(level, by_level[level].item(index)) for index in range(ITEMS) for level in (LEVELS[index % 5],)]


def solver(name: str) -> Callable[[str, dict[str, Any]], str]:
    path = Path(__file__).parent / "solvers" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"solver_of_{name}", path)
    assert spec and spec.loader, path
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    solve: Callable[[str, dict[str, Any]], str] = module.solve
    return solve


def looks(item: Item) -> tuple[object, ...]:
    return item.image.size, item.image.tobytes(), item.question, item.description.text, item.answer, item.steps


def test_same_index_same_bytes(name: str) -> None:
    for index in (0, 1, 17, 10**12):
        assert looks(small(name).item(index)) == looks(small(name).item(index))


def test_splits_share_no_picture_and_seeds_few(name: str) -> None:
    groups = [small(name, split=split) for split in SPLITS] + [small(name, seed=seed) for seed in (1, 2)]
    pictures = [{(item.image.size, item.image.tobytes()) for item in map(group.item, range(60))} for group in groups]
    train, validation, test, *_ = pictures
    assert not train & validation and not train & test and not validation & test
    # A plain style holds so few pictures of, say, a small grid that two seeds may both draw one.
    assert len(set.union(*pictures)) >= 0.97 * sum(map(len, pictures))


def test_every_problem_is_claimed(name: str) -> None:
    """A hash gives each (Description, question) pair to one split, so that none is in two, however many are drawn."""
    for split in SPLITS:
        task = small(name, split=split)
        for item in map(task.item, range(20)):
            task.claim(item.description, item.question)  # raises where the pair is another split's


def test_problem_and_sample_agree_with_the_item(name: str) -> None:
    task = small(name, seed=3)
    for index in range(5):
        item, problem, sample = task.item(index), task.problem(index), task.sample(index)
        assert (problem.question, problem.answer, problem.choices) == (item.question, item.answer, item.choices)
        assert problem.images[0].tobytes() == item.image.tobytes()
        assert (sample.problem.id, sample.problem.meta) == (problem.id, problem.meta)
        assert (problem.meta["task"], problem.meta["index"]) == (name, index)
        assert (problem.source, problem.split) == (name, "train")
        assert problem.meta["level"] in LEVELS
        assert sample.messages[-1]["content"] == compose(item.description, item.steps, item.answer)
        json.dumps(problem.meta)


def test_description_is_enough_to_answer(name: str) -> None:
    solve = solver(name)
    for level, item in pool(name):
        assert solve(item.description.text, json.loads(json.dumps(item.ask))) == item.answer, (level, item)


def test_description_parses_and_is_exact(name: str) -> None:
    for _, item in pool(name):
        parse(item.description)
        assert item.description.made_by == "exact"
        assert item.description.text == item.description.text.strip()


def test_probes_hold(name: str) -> None:
    for level, item in pool(name):
        assert item.probes, (level, item)
        for x, y, wanted in item.probes:
            seen = item.image.getpixel((x, y))
            assert isinstance(seen, tuple)
            assert max(abs(a - b) for a, b in zip(seen, wanted, strict=True)) <= 60, (level, (x, y), seen, wanted, item)


def test_every_renderer_shows_what_the_description_says(name: str) -> None:
    own = small(name)
    for renderer in type(own).renderers[1:]:
        other = small(name, renderer=renderer)
        # A blank grid on whole pixels is the same everywhere, and one of words comes seldom.
        assert any(other.item(index).image.tobytes() != own.item(index).image.tobytes() for index in range(40))
        for index in range(12):
            item = other.item(index)
            assert solver(name)(item.description.text, json.loads(json.dumps(item.ask))) == item.answer
            off = [place for place in item.probes if _differs(item.image.getpixel(place[:2]), place[2])]
            # Edges are smoothed otherwise: a hair line may show paler in one pixel or another.
            assert len(off) <= 0.2 * len(item.probes), (renderer, index, off, item)


def _differs(seen: Any, wanted: tuple[int, int, int]) -> bool:
    return max(abs(a - b) for a, b in zip(seen, wanted, strict=True)) > 90


def test_answers_are_balanced(name: str) -> None:
    answers = Counter(item.answer for _, item in pool(name))
    answer, count = answers.most_common(1)[0]
    assert count / ITEMS <= MAJORITY.get(name, 0.45), f"{answer!r} is {count / ITEMS:.0%} of the answers"


def test_the_last_step_says_the_answer(name: str) -> None:
    for _, item in pool(name):
        # "Yes" and "No" are read off the last line; a letter stands for the choice it names.
        last = item.steps.splitlines()[-1]
        said = item.choices["ABCDEFGH".index(item.answer)] if item.choices else item.answer
        assert said in ("Yes", "No") or re.search(rf"(?<!\w){re.escape(said)}(?!\w)", last), item


def test_right_and_wrong_texts_are_graded_so(name: str) -> None:
    task, answers = small(name), sorted({item.answer for _, item in pool(name)})
    for index in range(20):
        item, problem = task.item(index), task.problem(index)
        right = task.grade(compose(item.description, item.steps, item.answer), problem)
        assert right.score == 1.0, (right, problem)
        offered = "ABCDEFGH"[: len(item.choices)] if item.choices else answers
        other = next(a for a in offered if a.casefold() != item.answer.casefold())
        wrong = grade(compose(item.description, item.steps, other), problem)
        assert wrong.score == 0.0, (wrong, problem)


def test_questions_are_worded_in_many_ways(name: str) -> None:
    assert len({item.question for _, item in pool(name)}) >= 5


def test_sizes_are_respected(name: str) -> None:
    for _, item in pool(name)[:60]:
        width, height = item.image.size
        assert item.image.mode == "RGB"
        assert SMALL[0] - 2 <= (width * height) ** 0.5 <= SMALL[1] + 2, item.image.size


@pytest.mark.parametrize("wrong", [{"levels": ()}, {"levels": (6,)}, {"split": "dev"}, {"no_such_field": 1}, {"renderer": "etching"}])
def test_config_errors_are_the_users(name: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        tasks.make(name, **wrong)
