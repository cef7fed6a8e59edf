import math
import random

import pytest

from onevision import tasks
from onevision.errors import MissingPartError
from onevision.formal import parse
from onevision.tasks import base
from onevision.tasks.constructions import KINDS, FigureConfig
from onevision.tasks.dice_nets import _folded
from onevision.tasks.strokes import direction


@pytest.mark.parametrize("kind", KINDS)
def test_figures_are_true_to_scale(kind: str) -> None:
    rng, config = random.Random(3), FigureConfig()
    for _ in range(40):
        figure = KINDS[kind](rng, "ABCDEFG", config)
        values = [v for v in (*figure.angles.values(), *figure.lengths.values()) if v is None]
        assert len(values) == 1
        # y is up in a figure and down for `direction`; angles do not mind.
        for name, said in figure.angles.items():
            one, at, other = (figure.points[n] for n in name)
            drawn = abs(direction(at, one) - direction(at, other))
            assert min(drawn, 360 - drawn) == pytest.approx(said or figure.answer, abs=1e-6), (kind, name)
        spans = {name: math.dist(figure.points[name[0]], figure.points[name[1]]) for name in figure.lengths}
        scales = {round((figure.lengths[name] or figure.answer) / span, 6) for name, span in spans.items()}
        assert len(scales) <= (1 if kind != "similar" else 4), (kind, scales)


def test_levels_ask_for_longer_work() -> None:
    for name in ("angles", "coordinate_geometry", "circuit", "lever", "gears", "motion_graph"):
        lines = []
        for level in (1, 5):
            items = [tasks.make(name, levels=(level,), size=(112, 112)).item(index) for index in range(20)]
            lines.append(sum(len(item.steps) for item in items))
        assert lines[1] > 1.3 * lines[0], name


def test_a_mirrored_net_would_be_another_cube() -> None:
    cross = {(1, 0): "T", (0, 1): "L", (1, 1): "F", (2, 1): "R", (1, 2): "B", (3, 1): "K"}
    assert _folded(cross, (1, 1)) == {"T": "top", "L": "left", "F": "front", "R": "right", "B": "bottom", "K": "back"}
    # Seen from the right-hand face on, what was in front is on the left.
    assert _folded(cross, (2, 1))["F"] == "left"


def test_circuits_are_netlists_with_a_way_back_to_ground() -> None:
    for index in range(40):
        netlist = parse(tasks.make("circuit", size=(112, 112)).item(index).description)
        elements = netlist.elements  # type: ignore[attr-defined]
        ends = [node for element in elements for node in element.nodes]
        assert all(ends.count(node) >= 2 for node in set(ends)), "no node hangs in the air"


def test_carriers_are_never_affected() -> None:
    for index in range(60):
        item = tasks.make("pedigree", levels=(4, 5), size=(112, 112)).item(index)
        if item.ask["query"] == "carriers":
            affected = {line[0] for line in item.description.text.splitlines() if line.endswith("1")}
            assert affected and not affected & set(item.answer.split(", "))


def test_a_task_whose_package_is_missing_says_which_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "find_spec", lambda name: None)
    with pytest.raises(MissingPartError, match=r"rdkit.*onevision\[tasks\]"):
        tasks.make("molecule")
