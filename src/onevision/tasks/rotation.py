"""Patterns turned and mirrored: which option is the pattern turned or mirrored so, and by how much was it turned."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from onevision.formal import csv
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size
from onevision.types import Description

WORDINGS = {
    "turn": (
        "Which option shows the pattern on top turned {n} degrees clockwise?",
        "Turn the upper pattern clockwise by {n} degrees. Which letter is it then?",
        "The pattern is rotated {n}° clockwise. Which option is the result?",
        "Which of the lettered patterns do you get by a clockwise turn of {n} degrees?",
        "After a turn of {n}° to the right, which option does the upper pattern match?",
    ),
    "mirror": (
        "Which option is the mirror image of the upper pattern, left and right swapped?",
        "The pattern is flipped left to right. Which option is the result?",
        "Which lettered pattern do you see when the upper one is mirrored at an upright line?",
        "Reflect the pattern on top so that left becomes right. Which letter is it?",
        "Which option shows the upper pattern in a mirror held beside it?",
    ),
    "upside": (
        "Which option is the upper pattern mirrored top to bottom?",
        "The pattern is flipped upside down at a level line, without turning. Which option is the result?",
        "Reflect the pattern on top so that up becomes down. Which letter is it?",
        "Which lettered pattern is the reflection of the upper one in still water below it?",
        "Swap top and bottom of the upper pattern, row by row. Which option do you get?",
    ),
    "angle": (
        "By how many degrees clockwise was the left pattern turned to get the right one?",
        "What clockwise turn, in degrees, makes the right pattern from the left one?",
        "The right pattern is the left one turned clockwise. By how many degrees?",
        "How many degrees must the left pattern turn clockwise to look like the right one?",
        "Through which clockwise angle, in degrees, was the left pattern rotated?",
    ),
    "alike": (
        "Which option can be made from the upper pattern by turning alone, without a flip?",
        "Only one option is the upper pattern turned; the others are mirror images. Which one?",
        "Which lettered pattern matches the upper one after some turn, and is not flipped?",
        "Which option is a mere rotation of the pattern on top?",
        "Turn the upper pattern as you like, but do not flip it. Which option can you get?",
    ),
}
"""Query -> how it is asked."""

Pattern = tuple[str, ...]
"""Rows of cells: "." or the first letter of a colour of HUES."""
HUES = {"r": "red", "b": "blue", "g": "green", "y": "yellow", "k": "black"}


@dataclass(frozen=True)
class RotationConfig(Config):
    """sides: fewest and most rows of a pattern; hues: how many colours fill cells; queries: repeated to weigh."""

    sides: tuple[int, int] = (3, 4)
    hues: tuple[int, int] = (1, 3)
    queries: tuple[str, ...] = ("turn", "turn", "turn", "mirror", "upside", "alike", "alike", "angle")


class Rotation(Task):
    """Square patterns of cells: one and four options, or two side by side; its Description gives each, one a column."""

    name = "rotation"
    Config = RotationConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"sides": (2, 2), "hues": (3, 3), "variety": 0, "size": (224, 448), "queries": ("turn", "mirror")},
            2: {"sides": (3, 3), "hues": (2, 3), "variety": 0, "size": (224, 448), "queries": ("turn", "turn", "mirror", "upside")},
            3: {"sides": (3, 3), "variety": 1, "size": (224, 700)},
            4: {},
            5: {"sides": (4, 5), "hues": (1, 2)},
        }
        return presets[level]

    def draw(self, rng: random.Random, config: RotationConfig) -> Item:
        query, pattern = rng.choice(config.queries), _pattern(rng, config)
        degrees = rng.choice((90, 180, 270))
        shown, answer = _pair(pattern, degrees) if query == "angle" else _options(rng, query, pattern, degrees)
        question = rng.choice(WORDINGS[query]).format(n=degrees)
        description = Description("csv", csv.write((tuple(shown), *zip(*shown.values(), strict=True))))
        self.claim(description, question)
        canvas, probes = _draw(rng, config, shown)
        ask = {"query": query} | ({"degrees": degrees} if query == "turn" else {})
        return Item(canvas.image(rng), question, answer, description, _steps(query, shown, degrees, answer), ask, probes=probes)


def turned(pattern: Pattern) -> Pattern:
    """Turned 90 degrees clockwise: each column, read upwards, becomes a row."""
    return tuple("".join(row[k] for row in reversed(pattern)) for k in range(len(pattern)))


def mirrored(pattern: Pattern) -> Pattern:
    """Left and right swapped."""
    return tuple(row[::-1] for row in pattern)


def upside(pattern: Pattern) -> Pattern:
    """Top and bottom swapped."""
    return pattern[::-1]


def _turns(pattern: Pattern) -> list[Pattern]:
    """By 0, 90, 180 and 270 degrees clockwise."""
    found = [pattern]
    for _ in range(3):
        found.append(turned(found[-1]))
    return found


def _pattern(rng: random.Random, config: RotationConfig) -> Pattern:
    """A pattern whose four turns and their mirror images all differ."""
    side, hues = rng.randint(*config.sides), rng.sample(sorted(HUES), rng.randint(*config.hues))
    while True:
        filled = rng.sample(range(side * side), rng.randint(max(2, side), side * side - 1))
        cells = [rng.choice(hues) if k in filled else "." for k in range(side * side)]
        pattern = tuple("".join(cells[r * side : (r + 1) * side]) for r in range(side))
        if len({*_turns(pattern), *_turns(mirrored(pattern))}) == 8:
            return pattern


def _pair(pattern: Pattern, degrees: int) -> tuple[dict[str, Pattern], str]:
    return {"left": pattern, "right": _turns(pattern)[degrees // 90]}, str(degrees)


def _options(rng: random.Random, query: str, pattern: Pattern, degrees: int) -> tuple[dict[str, Pattern], str]:
    """The pattern, four options among its turns and mirror images, and the right one's letter."""
    changes: dict[str, Callable[[Pattern], Pattern]] = {"mirror": mirrored, "upside": upside}
    right = changes[query](pattern) if query in changes else _turns(pattern)[degrees // 90]
    others = sorted({*(_turns(pattern) if query != "alike" else ()), *_turns(mirrored(pattern))} - {right})
    options = rng.sample([right, *rng.sample(others, 3)], 4)
    return {"top": pattern} | dict(zip("ABCD", options, strict=True)), "ABCD"[options.index(right)]


def _steps(query: str, shown: dict[str, Pattern], degrees: int, answer: str) -> str:
    """The pattern changed row by row, quarter turn by quarter turn, up to the option or the right pattern."""
    pattern = next(iter(shown.values()))
    lines = []
    if query in ("mirror", "upside"):
        result = mirrored(pattern) if query == "mirror" else upside(pattern)
        return f"{query}: {'/'.join(result)}\n{answer}"
    for quarter in range(1, degrees // 90 + 1):
        pattern = turned(pattern)
        lines.append(f"{90 * quarter}: {'/'.join(pattern)}")
    return "\n".join([*lines, answer])


def _draw(rng: random.Random, config: RotationConfig, shown: dict[str, Pattern]) -> tuple[Canvas, tuple[tuple[int, int, RGB], ...]]:
    """Two patterns side by side, or one on top of four; all of the same size."""
    columns = 2 if len(shown) == 2 else rng.choice((2, 4)) if config.variety else 4
    places: dict[str, XY] = {"left": (0, 0), "right": (1, 0), "top": ((columns - 1) / 2, 0)}
    places |= {letter: (k % columns, 1 + k // columns) for k, letter in enumerate("ABCD")}
    rows = 1 + max(places[name][1] for name in shown)
    step_x, step_y = 1.3, 1.5
    style = Style.sample(rng, config.variety, config.renderer)
    wide, high = columns * step_x + 0.1, rows * step_y
    canvas = Canvas(*picture_size(rng, config.size, (wide / high * 0.95, wide / high * 1.05)), style)
    unit = min(canvas.width / wide, canvas.height / high)
    left, top = (canvas.width - (columns - 1) * step_x * unit) / 2, (canvas.height - (rows - 1) * step_y * unit) / 2 - 0.1 * unit
    inks = {letter: style.colour(rng, name) for letter, name in HUES.items()}
    ruled = config.variety == 0 or rng.random() < 0.6
    probes: list[tuple[int, int, RGB]] = []
    for name, pattern in shown.items():
        x, y = left + places[name][0] * step_x * unit, top + places[name][1] * step_y * unit
        probes += _tile(canvas, pattern, (x, y), unit, inks, ruled)
        if len(name) == 1:
            canvas.text((x, y + 0.66 * unit), name, 0.24 * unit)
    return canvas, tuple(probes)


def _tile(canvas: Canvas, pattern: Pattern, centre: XY, unit: float, inks: dict[str, RGB], ruled: bool) -> list[tuple[int, int, RGB]]:
    """A pattern in a frame; gives a probe in each cell."""
    side, (x, y), thin = unit / len(pattern), (centre[0] - unit / 2, centre[1] - unit / 2), max(1.0, 0.012 * unit)
    probes = []
    for r, row in enumerate(pattern):
        for c, sign in enumerate(row):
            a, b = x + c * side, y + r * side
            corners = [(a, b), (a + side, b), (a + side, b + side), (a, b + side)]
            fill = inks.get(sign, canvas.style.page)
            canvas.polygon(corners, fill, (150, 150, 150) if ruled else None, thin)
            probes.append((int(a + side / 2), int(b + side / 2), fill))
    canvas.polygon([(x, y), (x + unit, y), (x + unit, y + unit), (x, y + unit)], outline=canvas.style.ink, width=1.8 * thin)
    return probes
