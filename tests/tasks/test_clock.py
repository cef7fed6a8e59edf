import math

import numpy as np
import pytest

from onevision.formal import json
from onevision.tasks.clock import Clock


@pytest.mark.parametrize(("level", "step"), [(1, 60), (2, 15), (3, 5), (4, 1), (5, 1)])
def test_levels_bound_the_minutes(level: int, step: int) -> None:
    task = Clock(levels=(level,), size=(60, 60))
    minutes = {json.parse(task.item(index).description.text)["long"] for index in range(200)}
    assert all(minute % step == 0 for minute in minutes)
    assert len(minutes) > 0.7 * 60 / step


def test_seconds_are_only_asked_for_where_there_is_a_second_hand() -> None:
    items = [Clock(levels=(5,), size=(60, 60)).item(index) for index in range(300)]
    asked = [item for item in items if item.ask["query"] == "second"]
    assert asked
    assert all("thin" in json.parse(item.description.text) for item in asked)


def test_what_is_left_of_an_hour_is_not_asked_at_a_full_one() -> None:
    task = Clock(levels=(4,), step=15, queries=("time", "left"), size=(60, 60))
    asked = [item for item in map(task.item, range(100)) if item.ask["query"] == "left"]
    assert {item.answer for item in asked} == {"15", "30", "45"}


def test_all_kinds_of_questions_are_asked() -> None:
    items = [Clock(levels=(3, 4, 5), size=(60, 60)).item(index) for index in range(400)]
    assert {item.ask["query"] for item in items} == {"time", "hour", "minute", "shift", "left", "second"}
    shifts = {item.ask["minutes"] for item in items if item.ask["query"] == "shift"}
    assert min(shifts) < 0 < 60 in shifts


def test_the_hands_point_where_the_description_says() -> None:
    # A probe lies on each hand: compare their directions from the rim's centre with the facts.
    task = Clock(levels=(1,), step=1, size=(224, 224))
    for index in range(20):
        item = task.item(index)
        facts = json.parse(item.description.text)
        (x, y, _), (near_x, near_y, _) = item.probes
        rows, columns = np.nonzero(np.asarray(item.image.convert("L")) < 128)
        centre = (columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2
        turn = math.atan2(x - centre[0], centre[1] - y) / (2 * math.pi) % 1
        assert abs((turn - facts["long"] / 60 + 0.5) % 1 - 0.5) < 0.012
        turn = math.atan2(near_x - centre[0], centre[1] - near_y) / (2 * math.pi) % 1
        hours = facts["short"][0] % 12 + facts["long"] / 60
        assert abs((turn - hours / 12 + 0.5) % 1 - 0.5) < 0.02
