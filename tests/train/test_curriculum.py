import random
import threading

import pytest

from onevision.train.curriculum import LAG, Curriculum
from onevision.train.recipe import SFTRecipe

SIZES = [[112, 168], [168, 224], [224, 300], [300, 448]]


def make(update=0, tasks=("chain", "scene"), levels=(1, 2, 3), sizes=SIZES):
    recipe = SFTRecipe(stage="sft", output_dir="out", tasks=dict.fromkeys(tasks, 1.0), levels=list(levels), sizes=sizes)
    return Curriculum(recipe, update)


def chosen(curriculum, count=300):
    """What an update far ahead is drawn from once all that is known has come through."""
    ladder = curriculum.known(int(curriculum.update) + LAG)
    return [ladder.choose(random.Random(i)) for i in range(count)]


def test_starts_at_the_bottom():
    assert set(chosen(make(), 50)) == {("chain", 1, (112, 168)), ("scene", 1, (112, 168))}


def test_climbs_on_success_only():
    curriculum = make()
    curriculum.advance([("chain", True), ("scene", False)] * 99)
    assert curriculum.report() == {"chain": "0:1.00", "scene": "0:0.00"}
    curriculum.advance([("chain", True), ("scene", False)])
    assert curriculum.report() == {"chain": "1:0.00", "scene": "0:0.00"}, "a new rung starts its own count"


def test_never_climbs_past_the_top():
    curriculum = make()
    curriculum.advance([("chain", True)] * 2000)
    assert curriculum.report()["chain"] == "3:1.00"
    levels = {choice[1:] for choice in chosen(curriculum) if choice[0] == "chain"}
    assert (3, (300, 448)) in levels
    assert (1, (112, 168)) in levels, "lower rungs are kept alive"


def test_hard_tasks_are_drawn_more():
    curriculum = make()
    curriculum.advance([("chain", True), ("scene", False)] * 50)
    names = [name for name, *_ in chosen(curriculum, 500)]
    assert names.count("scene") > 3 * names.count("chain")


def test_an_update_is_drawn_from_what_was_known_a_fixed_time_before():
    curriculum = make()
    for update in range(3 * LAG):
        ladder = curriculum.known(update)
        wanted = max(0, update - LAG)
        # The first sample is right and the others wrong, so success is one over the number of updates while it averages plainly.
        assert ladder.success[0] == pytest.approx(1 / wanted if wanted else 0)
        curriculum.advance([("chain", update == 0)])


def test_a_worker_waits_for_what_it_must_know():
    curriculum = make()
    seen = []
    worker = threading.Thread(target=lambda: seen.append(curriculum.known(LAG + 1).success))
    worker.start()
    worker.join(0.05)
    assert not seen, "update LAG + 1 needs to know of the first"
    curriculum.advance([("chain", True)])
    worker.join(10)
    assert seen == [[1.0, 0.0]]


def test_states_survive_a_checkpoint(tmp_path):
    curriculum = make()
    for update in range(LAG + 5):
        curriculum.advance([("scene", update % 3 > 0), ("chain", True)] * 7)
    curriculum.save(tmp_path)
    again = make(LAG + 5)
    again.load(tmp_path)
    for update in range(LAG + 5, 2 * LAG + 5):
        assert again.known(update) == curriculum.known(update)
    assert again.report() == curriculum.report()


def test_a_checkpoint_of_other_tasks_and_fewer_rungs(tmp_path):
    curriculum = make()
    curriculum.advance([("scene", True)] * 350)
    curriculum.save(tmp_path)
    again = make(1, tasks=("scene", "clock"), levels=(1, 2), sizes=[[56, 84]])
    again.load(tmp_path)
    assert again.report() == {"scene": "1:1.00", "clock": "0:0.00"}
