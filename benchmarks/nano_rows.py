"""The rows of nano's leg on large pictures, drawn beforehand: drawn on the fly, they would hold its training up.

    python benchmarks/nano_rows.py runs/nano-rows
    onevision train recipes/nano-sft-large.yaml

Level 3 of the tasks that BlindTest's are like, at its sizes; circled letters in texts as long as its own; chains as books print
them, a part with single digits alone; levels 2, 4 and 5 of all tasks at their own sizes; and level 1, small, so that it is not
forgotten. One picture of seven is turned, blurred, scaled or saved as people meet them.
"""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onevision import tasks
from onevision.sources.onevision import save
from onevision.train.data import augmented
from onevision.types import Sample

TASKS = (
    *("chain", "lone_shape", "scene", "bar_chart", "clock", "table_lookup", "line_crossings", "two_circles"),
    *("circled_letter", "overlapping_shapes", "overlapping_shapes", "nested_squares", "grid_size", "metro_paths"),
)
DAISIES: dict[str, Any] = {"kinds": ("daisy",), "inner": 0.0}
BOOK: dict[str, Any] = {"size": (300, 700), "book": 1.0, "arrows": (4, 4)}

SETS: dict[str, tuple[int, tuple[tuple[str, int, dict[str, Any]], ...]]] = {
    "letters": (
        90,
        (
            ("circled_letter", 4000, {"letters": (14, 20), "words": 0.5, "size": (420, 600), "wide": 1.0}),
            ("circled_letter", 2500, {"letters": (12, 20), "words": 0.0, "size": (340, 900), "wide": 3.0}),
            ("circled_letter", 1500, {"letters": (8, 14), "words": 0.7, "size": (340, 900), "wide": 2.0}),
            ("circled_letter", 2500, {"letters": (3, 9), "words": 0.6, "size": (340, 900), "wide": 2.0}),
        ),
    ),
    "others": (
        91,
        (
            ("metro_paths", 2600, {"size": (500, 1050)}),
            ("metro_paths", 600, {"size": (330, 700)}),
            ("grid_size", 4600, {"size": (340, 1300)}),
            ("nested_squares", 2200, {"size": (340, 1100)}),
            ("overlapping_shapes", 1000, {"size": (340, 1150)}),
            ("line_crossings", 1600, {"size": (340, 1150)}),
            ("two_circles", 500, {"size": (340, 1150)}),
        ),
    ),
    "circles": (94, (("overlapping_shapes", 3000, {"size": (340, 1150)}), ("two_circles", 2000, {"size": (340, 1150)}))),
    "first": (93, tuple((task, 360, {"levels": (1,), "size": (64, 224)}) for task in TASKS)),
    "levels": (95, tuple((task, count, {"levels": (level,)}) for task in TASKS for level, count in ((2, 200), (4, 420), (5, 320)))),
    "chains": (
        92,
        (
            ("chain", 1600, BOOK),
            ("chain", 1400, BOOK | DAISIES),
            ("chain", 1400, BOOK | {"arrows": (3, 5), "operand": 9}),
            ("chain", 600, BOOK | DAISIES | {"operand": 9}),
        ),
    ),
}
"""Of each file the seed, and of each of its parts the task, how many, and how it is drawn."""

AUGMENTED = 0.15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help=f"the folder to write {', '.join(SETS)}.parquet to")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name in SETS:
        save(args.out / f"{name}.parquet", rows(name))
        print(args.out / f"{name}.parquet")


def rows(name: str) -> Iterator[Sample]:
    """The samples of one file, its parts mixed."""
    seed, parts = SETS[name]
    rng = random.Random(seed)
    drawn = [tasks.make(task, split="train", seed=seed + k, **({"levels": (3,)} | config)) for k, (task, _, config) in enumerate(parts)]
    order = [(k, index) for k, (_, count, _) in enumerate(parts) for index in range(count)]
    rng.shuffle(order)
    for k, index in order:
        sample = drawn[k].sample(index)
        yield augmented(sample, rng, drawn[k].places) if rng.random() < AUGMENTED else sample


if __name__ == "__main__":
    main()
