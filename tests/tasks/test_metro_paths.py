import random
from itertools import pairwise

import numpy as np

from onevision.tasks.canvas import COLOURS
from onevision.tasks.metro_paths import QUESTIONS, MetroPaths, Node, route


def test_known_prompts_are_asked_as_they_are() -> None:
    asked = {question.format(a="A", b="C") for question in QUESTIONS}
    end = "Answer with a number in curly brackets, e.g., {3}"
    assert f"How many single-colored paths go from A to C? {end}" in asked
    assert f"Count the one-colored routes that go from A to C. {end}" in asked


def test_routes_neither_meet_themselves_nor_share_an_edge() -> None:
    rng = random.Random(5)
    for _ in range(30):
        taken: set[tuple[Node, Node]] = set()
        for start, goal in (((5, 0), (12, 6)), ((6, 0), (6, 12)), ((0, 5), (7, 12)), ((0, 7), (12, 5))):
            path = route(rng, start, goal, 12, 5.0, taken)
            edges = set(pairwise(path))
            assert (path[0], path[-1], len(set(path))) == (start, goal, len(path))
            assert all(abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1 for a, b in edges)
            assert not edges & taken
            taken |= edges | {(b, a) for a, b in edges}


def test_paths_are_listed_once_each_in_the_order_of_the_colours() -> None:
    order = list(COLOURS)
    for index in range(100):
        lines = MetroPaths(size=(60, 60)).item(index).description.text.splitlines()
        places = [order.index(line.split()[0]) for line in lines]
        assert places == sorted(set(places))
        assert all(line.split()[-2] < line.split()[-1] for line in lines)


def test_answers_run_evenly_from_none_to_three() -> None:
    answers = [MetroPaths(levels=(3,), size=(60, 60)).item(index).answer for index in range(400)]
    assert all(0.18 < answers.count(str(n)) / 400 < 0.32 for n in range(4))


def test_the_steps_hold_every_path_against_the_two_stations_asked_about() -> None:
    for index in range(60):
        item = MetroPaths(levels=(3,), size=(60, 60)).item(index)
        *walk, total = item.steps.splitlines()
        paths = [line.replace(" path:", "") for line in item.description.text.splitlines()]
        asked = total.split(":")[0]
        assert [line.split(" = ")[0] for line in walk] == [f"- {path}" for path in paths]
        assert [line.split("? ")[1][:3].strip() for line in walk] == ["yes" if path.endswith(asked) else "no" for path in paths]
        assert total == f"{asked}: {item.answer}" and walk[-1].endswith(f" {item.answer}")


def _reach(mask: np.ndarray, start: tuple[int, int]) -> set[tuple[int, int]]:
    """The pixels (x, y) of the mask connected with `start`."""
    seen, todo = {start}, [start]
    while todo:
        x, y = todo.pop()
        for near in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if near not in seen and mask[near[1], near[0]]:
                seen.add(near)
                todo.append(near)
    return seen


def test_a_lone_path_leads_from_end_to_end() -> None:
    task = MetroPaths(levels=(3,), paths=(1, 1), variety=0, size=(168, 168))
    for index in range(20):
        item = task.item(index)
        (x, y, colour), (end_x, end_y, _) = item.probes
        mask = np.abs(np.asarray(item.image).astype(int) - colour).max(-1) < 90
        assert (end_x, end_y) in _reach(mask, (x, y))
