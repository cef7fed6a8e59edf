"""Matrices in Raven's manner: three rows of panels that follow rules, the last panel missing, and options to fill it."""

import itertools
import random
from dataclasses import dataclass
from typing import Any

from onevision.formal import csv
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size
from onevision.tasks.shapes import draw_shape
from onevision.types import Description

QUESTIONS = (
    "Which option completes the matrix?",
    "Which of the lettered panels belongs in the empty place?",
    "Which panel is missing at the bottom right? Answer with its letter.",
    "The rows follow rules. Which option goes where the question mark is?",
    "Find the panel that continues the pattern.",
    "Which letter replaces the question mark?",
    "Complete the third row with one of the options.",
)
VALUES: dict[str, tuple[str, ...]] = {
    "shape": ("circle", "square", "triangle", "star", "diamond", "cross"),
    "number": ("1", "2", "3", "4", "5"),
    "colour": ("red", "blue", "green", "yellow", "purple", "black"),
    "size": ("1", "2", "3"),
}
"""Attribute -> its values; numbers and sizes are in order."""
RULES = ("same", "all", "step")
PLAIN = {"shape": "circle", "number": "1", "colour": "blue", "size": "2"}


@dataclass(frozen=True)
class RavenConfig(Config):
    """attributes: how many of VALUES follow a rule, the others are the same everywhere; rules: of RULES, repeated to weigh."""

    attributes: tuple[int, int] = (2, 3)
    rules: tuple[str, ...] = RULES


class Raven(Task):
    """A 3×3 matrix without its last panel, and four or eight options; its Description lists every panel."""

    name = "raven"
    version = 2
    Config = RavenConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"attributes": (1, 1), "rules": ("same", "all"), "variety": 0, "size": (224, 448)},
            2: {"attributes": (1, 2), "variety": 0, "size": (224, 448)},
            3: {"attributes": (2, 2), "variety": 1, "size": (224, 700)},
            4: {"attributes": (2, 3)},
            5: {"attributes": (3, 4), "rules": ("all", "all", "step", "same")},
        }
        return presets[level]

    def draw(self, rng: random.Random, config: RavenConfig) -> Item:
        ruled = _ruled(rng, config)
        cells, options, answer = _panels(rng, ruled)
        names = [a for a in VALUES if a in ruled]
        rows = (("panel", *names), *((place, *(panel[a] for a in names)) for place, panel in (cells | options).items()))
        description, question = Description("csv", csv.write(rows)), rng.choice(QUESTIONS)
        self.claim(description, question)
        canvas, probes = _draw(rng, config, cells, options)
        image = canvas.image(rng)
        self.claim_picture(image)
        return Item(
            image,
            question,
            answer,
            description,
            _steps(ruled, cells, options[answer], answer),
            {"query": "missing"},
            probes=probes,
        )


Panel = dict[str, str]
Grid = list[list[str]]
"""Three rows of one attribute's values."""


def _ruled(rng: random.Random, config: RavenConfig) -> dict[str, tuple[str, Grid]]:
    """Attribute -> its rule and values, for those that follow one."""
    chosen = rng.sample(sorted(VALUES), rng.randint(*config.attributes))
    return {a: _values(rng, a, rng.choice([r for r in config.rules if r != "step" or a == "number"])) for a in chosen}


def _values(rng: random.Random, attribute: str, rule: str) -> tuple[str, Grid]:
    values = VALUES[attribute]
    if rule == "step":
        return rule, [[values[start + k] for k in range(3)] for start in rng.sample(range(len(values) - 2), 3)]
    three = rng.sample(values, 3)
    if rule == "same":
        return rule, [[value] * 3 for value in three]
    turn = rng.choice((1, 2))
    return rule, [[three[(row * turn + k) % 3] for k in range(3)] for row in range(3)]


def _panels(rng: random.Random, ruled: dict[str, tuple[str, Grid]]) -> tuple[dict[str, Panel], dict[str, Panel], str]:
    """The eight panels by row and column, the options by letter, and the right letter."""
    fixed = {a: PLAIN[a] if len(ruled) == 1 else rng.choice(VALUES[a][1:3]) for a in VALUES if a not in ruled}
    grid = [[fixed | {a: values[r][c] for a, (_, values) in ruled.items()} for c in range(3)] for r in range(3)]
    cells = {f"{r + 1}{c + 1}": grid[r][c] for r in range(3) for c in range(3) if (r, c) != (2, 2)}
    right = grid[2][2]
    options = _options(rng, ruled, right)
    rng.shuffle(options)
    lettered = dict(zip("ABCDEFGH", options, strict=False))
    return cells, lettered, next(letter for letter, panel in lettered.items() if panel == right)


def _options(rng: random.Random, ruled: dict[str, tuple[str, Grid]], right: Panel) -> list[Panel]:
    """The right panel and others, each value as often as its rival, so that the options alone tell nothing."""
    changed = rng.sample(sorted(ruled), min(3, len(ruled)))
    rivals = {a: [v for v in VALUES[a] if v != right[a]] for a in changed}
    if len(changed) == 1:
        a = changed[0]
        return [right | {a: value} for value in (right[a], *rng.sample(rivals[a], min(3, len(rivals[a]))))]
    pairs = [[{a: right[a]}, {a: rng.choice(rivals[a])}] for a in changed]
    return [right | {k: v for part in parts for k, v in part.items()} for parts in itertools.product(*pairs)]


def _steps(ruled: dict[str, tuple[str, Grid]], cells: dict[str, Panel], right: Panel, answer: str) -> str:
    lines = []
    for a in (a for a in VALUES if a in ruled):
        rule, values = ruled[a]
        rows = ", ".join(" ".join(row) for row in [*values[:2], values[2][:2]])
        lines.append(f"{a}: {rows}: {rule}: {right[a]}")
    return "\n".join([*lines, f"{','.join(right[a] for a in VALUES if a in ruled)}: {answer}"])


def _draw(
    rng: random.Random, config: RavenConfig, cells: dict[str, Panel], options: dict[str, Panel]
) -> tuple[Canvas, tuple[tuple[int, int, RGB], ...]]:
    rows = len(options) // 4 if len(options) > 4 else 1
    columns = -(-len(options) // rows)
    share, gap = 0.75, 0.35  # an option's side and the gap before the options, in panels
    style = Style.sample(rng, config.variety, config.renderer)
    wide, high = max(3.4, share * 1.12 * columns + 0.3), 3.3 + gap + rows * (share + 0.35)
    canvas = Canvas(*picture_size(rng, config.size, (wide / high * 0.97, wide / high * 1.03)), style)
    side = min(canvas.width / wide, canvas.height / high)
    left, top = (canvas.width - 3 * side) / 2, (canvas.height - (high - 0.3) * side) / 2
    colours = {name: style.colour(rng, name) for name in VALUES["colour"]}
    probes = []
    for r, c in itertools.product(range(3), range(3)):
        panel = cells.get(f"{r + 1}{c + 1}")
        probes.append(_panel(canvas, (left + (c + 0.5) * side, top + (r + 0.5) * side), side, panel, colours))
    row_width = share * side * 1.12
    first = (canvas.width - columns * row_width) / 2
    for k, (letter, panel) in enumerate(options.items()):
        x = first + (k % columns + 0.5) * row_width
        y = top + (3 + gap + share / 2 + k // columns * (share + 0.35)) * side
        probes.append(_panel(canvas, (x, y), share * side, panel, colours))
        canvas.text((x, y + (share / 2 + 0.16) * side), letter, 0.24 * side)
    return canvas, tuple(p for p in probes if p)


def _panel(canvas: Canvas, centre: XY, side: float, panel: Panel | None, colours: dict[str, RGB]) -> tuple[int, int, RGB] | None:
    """A framed panel; gives a probe inside its first shape."""
    (x, y), half = centre, side / 2
    canvas.polygon([(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)],
                   outline=canvas.style.ink, width=max(1.0, min(canvas.line_width, 0.04 * side)))  # fmt: skip
    if panel is None:
        canvas.text(centre, "?", 0.6 * side)
        return None
    number = int(panel["number"])
    # A size means the same whatever the number.
    radius = (0.075, 0.115, 0.16)[int(panel["size"]) - 1] * side
    spread = 0.24 * side
    spots: dict[int, list[XY]] = {1: [(0, 0)], 2: [(-1, 0), (1, 0)], 3: [(-1, 1), (1, 1), (0, -0.8)],
             4: [(-1, -1), (1, -1), (-1, 1), (1, 1)],
              5: [(-1.1, -1.1), (1.1, -1.1), (-1.1, 1.1), (1.1, 1.1), (0, 0)]}  # fmt: skip
    places = spots[number]
    for dx, dy in places:
        draw_shape(canvas, panel["shape"], (x + dx * spread, y + dy * spread), radius, colours[panel["colour"]])
    dx, dy = places[0]
    return int(x + dx * spread), int(y + dy * spread), colours[panel["colour"]]
