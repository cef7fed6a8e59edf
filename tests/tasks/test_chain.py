import random
import re

import pytest

from onevision.formal import mermaid
from onevision.tasks.chain import NOUNS, Chain, apply


def test_every_step_is_true_and_leads_to_the_next() -> None:
    for index in range(300):
        item = Chain(size=(60, 60)).item(index)
        number = None
        for line in item.steps.splitlines():
            before, operation, after = re.fullmatch(r"(\d+)([-+*/]\d+)=(\d+)", line).groups()  # type: ignore[union-attr]
            assert apply(int(before), operation) == int(after)
            assert number in (None, before)
            number = after
        assert number == item.answer


@pytest.mark.parametrize(("level", "most"), [(1, 40), (2, 50), (3, 99), (4, 99), (5, 200)])
def test_levels_bound_the_numbers_and_the_arrows(level: int, most: int) -> None:
    task = Chain(levels=(level,), size=(60, 60))
    fewest, longest = task.configs[level].arrows  # type: ignore[attr-defined]
    for index in range(100):
        item = task.item(index)
        assert 0 <= int(item.answer) <= most
        assert all(0 <= int(n) <= most for n in re.findall(r"=(\d+)", item.steps))
        flow = mermaid.parse(item.description.text)
        assert fewest <= len(flow.edges) <= longest
        assert sorted(flow.labels().values()).count("?") == 1


def test_chains_are_asked_forwards_backwards_and_in_between() -> None:
    places = set()
    for index in range(100):
        labels = list(mermaid.parse(Chain(levels=(4,), size=(60, 60)).item(index).description.text).labels().values())
        at = labels.index("?")
        places.add("first" if at == 0 else "last" if at == len(labels) - 1 else "between")
    assert places == {"first", "last", "between"}


def test_the_last_daisy_is_only_spoken_of_when_it_is_asked_for() -> None:
    for index in range(200):
        item = Chain(size=(60, 60)).item(index)
        labels = list(mermaid.parse(item.description.text).labels().values())
        assert labels[-1] == "?" or not re.search(r"last|final", item.question)
        assert labels[0] == "?" or not re.search(r"first|start", item.question)


@pytest.mark.parametrize("kind", NOUNS)
@pytest.mark.parametrize("layout", ["row", "column", "snake", "zigzag", "ring"])
def test_all_kinds_of_nodes_in_all_layouts_show_their_filling(kind: str, layout: str) -> None:
    task = Chain(levels=(5,), kinds=(kind,), layouts=(layout,), arrows=(3, 3), size=(224, 224))
    for index in range(8):
        item = task.item(index)
        assert 2 <= len(item.probes) <= 4
        for x, y, wanted in item.probes:
            seen = item.image.getpixel((x, y))
            assert max(abs(a - b) for a, b in zip(seen, wanted, strict=True)) <= 60  # type: ignore[arg-type]


def test_the_known_picture_can_be_asked_for() -> None:
    # Five daisies in a row, the first number known, the last one asked for.
    task = Chain(levels=(3,), kinds=("daisy",), arrows=(4, 4), inner=0.0, size=(600, 600))
    item = task.draw(random.Random(1), task.configs[3])
    assert item.description.text.count("-->") == 4
    assert item.image.width > 4 * item.image.height
