import random

import pytest

from onevision.train.curriculum import Curriculum
from onevision.train.recipe import Recipe


@pytest.fixture
def curriculum():
    sizes = [[112, 168], [168, 224], [224, 300], [300, 448]]
    recipe = Recipe("sft", "out", tasks={"chain": 1.0, "scene": 1.0}, levels=[1, 2, 3], sizes=sizes)
    return Curriculum(recipe)


def test_starts_at_the_bottom(curriculum):
    chosen = {curriculum.choose(random.Random(i)) for i in range(50)}
    assert chosen == {("chain", 1, (112, 168)), ("scene", 1, (112, 168))}


def test_climbs_on_success_only(curriculum):
    for _ in range(99):
        curriculum.record("chain", True)
        curriculum.record("scene", False)
    assert curriculum.rungs.tolist() == [0, 0]
    curriculum.record("chain", True)
    curriculum.record("scene", False)
    assert curriculum.rungs.tolist() == [1, 0]
    assert float(curriculum.success[0]) == 0.0, "a new rung starts its own count"


def test_never_climbs_past_the_top(curriculum):
    for _ in range(2000):
        curriculum.record("chain", True)
    assert curriculum.rungs.tolist() == [3, 0]
    levels = {curriculum.choose(random.Random(i))[1:] for i in range(300)}
    assert (3, (300, 448)) in levels
    assert (1, (112, 168)) in levels, "lower rungs are kept alive"


def test_hard_tasks_are_drawn_more(curriculum):
    curriculum.success[0] = 0.95
    names = [curriculum.choose(random.Random(i))[0] for i in range(500)]
    assert names.count("scene") > 3 * names.count("chain")


def test_state_survives_a_checkpoint(curriculum, tmp_path):
    for _ in range(130):
        curriculum.record("scene", True)
    curriculum.save(tmp_path)
    again = Curriculum(Recipe("sft", "out", tasks={"scene": 1.0, "clock": 1.0}, levels=[1, 2]))
    again.load(tmp_path)
    assert again.rungs.tolist() == [1, 0]
    assert again.seen.tolist() == [30, 0]
