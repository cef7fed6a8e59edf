"""What is asked of a motion graph fits what it shows."""

from typing import Any

from onevision.formal import csv
from onevision.tasks.base import Item
from onevision.tasks.motion_graph import MotionGraph


def drawn(**config: Any) -> list[Item]:
    task = MotionGraph(levels=(4,), size=(60, 60), **config)
    return [task.item(index) for index in range(120)]


def test_a_place_is_no_way_gone_where_the_graph_does_not_start_at_0() -> None:
    apart = [item for item in drawn(queries=("read",)) if any(row[1] == "0" != row[2] for row in csv.parse(item.description.text))]
    assert len(apart) > 60
    assert not [item.question for item in apart if "how far" in item.question.casefold()]


def test_a_loss_of_speed_is_asked_for_with_its_sign() -> None:
    losses = [item for item in drawn(queries=("v change",)) if item.answer.startswith("-")]
    assert len(losses) > 20
    assert not [item.question for item in losses if "quickly" in item.question]
