"""What is asked of a timetable makes sense at its stop."""

from onevision.formal import csv
from onevision.tasks.timetable import Timetable


def test_nothing_arrives_at_the_first_stop_and_nothing_leaves_the_last() -> None:
    task = Timetable(levels=(3,), size=(60, 60))
    for item in map(task.item, range(200)):
        _, (first, *_), *_, (last, *_) = csv.parse(item.description.text)
        if item.ask["query"] == "arrive":
            assert item.ask["a"] != first, item.question
        elif item.ask["query"] not in ("read", "ride"):
            assert item.ask["a"] != last, item.question
