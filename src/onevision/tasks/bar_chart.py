"""Bar charts: read a bar, find the largest, add two, count those above a value."""

import random
from dataclasses import dataclass
from typing import Any

from onevision.errors import InputError
from onevision.formal import csv
from onevision.tasks import walks
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size
from onevision.tasks.words import labels
from onevision.types import Description

READ = (
    "What is the value of {a}?",
    "How high is the bar of {a}?",
    "Read the value for {a}.",
    "Which number does the bar {a} show?",
    "What does the chart show for {a}?",
    "How many are there for {a}?",
)
MOST = (
    "Which bar is the {most}?",
    "Which label has the {most} value?",
    "What is the {most} category?",
    "Which category has the {most} bar?",
    "Name the {most} bar.",
)
SUM = (
    "What is the sum of {a} and {b}?",
    "How much are {a} and {b} together?",
    "Add the values of {a} and {b}.",
    "What is the total of {a} and {b}?",
    "How many do {a} and {b} make together?",
)
DIFFERENCE = (
    "How much more is {a} than {b}?",
    "What is the difference between {a} and {b}?",
    "By how much is {a} larger than {b}?",
    "How many more are there for {a} than for {b}?",
    "Subtract the value of {b} from the value of {a}.",
)
COUNT = (
    "How many bars are above {n}?",
    "How many bars show more than {n}?",
    "How many values are greater than {n}?",
    "Count the bars higher than {n}.",
    "How many categories have more than {n}?",
)
TITLES = ("Books read", "Votes", "Sales", "Points", "Visitors", "Trees", "Rain", "Goals", "Stamps", "Eggs")
HUES = ("blue", "red", "green", "orange", "purple", "cyan", "pink", "gray", "brown")


@dataclass(frozen=True)
class BarChartConfig(Config):
    """bars: fewest and most; top: largest value; letters: longest label; printed: how often values stand at the bars
    (otherwise an axis with at most `ticks` ticks tells them); half: values may lie halfway between two ticks;
    sideways: how often bars lie; titled: how often there is a title; queries: the kinds of question, repeated
    to weigh."""

    bars: tuple[int, int] = (4, 6)
    top: int = 50
    letters: int = 5
    printed: float = 0.2
    ticks: int = 10
    half: bool = False
    sideways: float = 0.35
    titled: float = 0.3
    queries: tuple[str, ...] = ("read", "read", "most", "sum", "difference", "count")


class BarChart(Task):
    """One bar chart, its values printed at the bars or read off an axis; its Description is the list of values."""

    name = "bar_chart"
    version = 2
    Config = BarChartConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = {"printed": 1.0, "sideways": 0.0, "titled": 0.0, "variety": 0, "size": (224, 448), "letters": 3}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"bars": (2, 3), "top": 9, "queries": ("read", "read", "most")},
            2: plain | {"bars": (3, 4), "top": 20, "sideways": 0.2, "queries": ("read", "read", "most", "sum")},
            3: {
                "bars": (3, 5),
                "top": 30,
                "letters": 4,
                "printed": 0.5,
                "ticks": 7,
                "titled": 0.0,
                "variety": 1,
                "size": (224, 700),
            },
            4: {},
            5: {"bars": (4, 8), "top": 100, "half": True, "printed": 0.15},
        }
        return presets[level]

    def draw(self, rng: random.Random, config: BarChartConfig) -> Item:
        printed = rng.random() < config.printed
        _, names = labels(rng, rng.randint(*config.bars), config.letters)
        axis = None if printed else _axis(rng, config, len(names))
        values = dict(zip(names, _values(rng, axis or _Axis(config.top, 1, 1), len(names)), strict=True))
        question, answer, ask, steps = _ask(rng, values, rng.choice(config.queries))
        rows = (("label", "value"), *((label, str(value)) for label, value in values.items()))
        description = Description("csv", csv.write(rows))
        self.claim(description, question)
        picture = _Picture(rng, config, values, axis)
        probes = picture.draw(rng)
        return Item(picture.canvas.image(rng), question, answer, description, steps, ask, probes=probes)


@dataclass(frozen=True)
class _Axis:
    """A value axis from 0 to top with a tick at every multiple of step; grain: what all values are multiples of."""

    top: int
    step: int
    grain: int


def _axis(rng: random.Random, config: BarChartConfig, count: int) -> _Axis:
    """An axis up to about the largest value or half of it, on which `count` different values can be told."""
    axes = [
        _Axis(top, step, grain)
        for step in (1, 2, 5, 10, 20, 25)
        for grain in {step, step // 2 if config.half and step % 2 == 0 else step}
        for top in range(step, config.top + 1, step)
        if 2 * top >= config.top and 3 <= top // step <= config.ticks and top // grain >= count
    ]
    if not axes:
        raise InputError(f"bar_chart: no axis to {config.top} with at most {config.ticks} ticks tells {count} values apart")
    grain = rng.choice(sorted({(axis.step, axis.grain) for axis in axes}))
    return rng.choice([axis for axis in axes if (axis.step, axis.grain) == grain])


def _values(rng: random.Random, axis: _Axis, count: int) -> list[int]:
    """Different values, none so small that its bar could not be seen."""
    least = min(axis.top // axis.grain - count + 1, -(-axis.top // (12 * axis.grain)))
    return [k * axis.grain for k in rng.sample(range(max(1, least), axis.top // axis.grain + 1), count)]


Asked = tuple[str, str, dict[str, Any], str]
"""question, answer, ask, steps"""


def _ask(rng: random.Random, values: dict[str, int], query: str) -> Asked:
    kinds = {"read": _read, "most": _most, "sum": _pair, "difference": _pair, "count": _count}
    return kinds[query](rng, query, values)


def _found(values: dict[str, int], a: str) -> str:
    """The walk down to a label, and its value."""
    return f"{walks.find({f'{label} {value}': label for label, value in values.items()}, a)}\n{a}: {values[a]}"


def _read(rng: random.Random, query: str, values: dict[str, int]) -> Asked:
    a = rng.choice(list(values))
    return rng.choice(READ).format(a=a), str(values[a]), {"query": query, "labels": [a]}, _found(values, a)


def _most(rng: random.Random, query: str, values: dict[str, int]) -> Asked:
    least = rng.random() < 0.4
    a = (min if least else max)(values, key=values.__getitem__)
    word = rng.choice(("smallest", "lowest") if least else ("largest", "highest"))
    which = "least" if least else "most"
    return rng.choice(MOST).format(most=word), a, {"query": which}, f"{walks.best(values, least)}\n{which}: {a}"


def _pair(rng: random.Random, query: str, values: dict[str, int]) -> Asked:
    a, b = rng.sample(list(values), 2)
    if query == "difference" and values[a] < values[b]:
        a, b = b, a
    x, y = values[a], values[b]
    question = rng.choice(SUM if query == "sum" else DIFFERENCE).format(a=a, b=b)
    work = f"{x}+{y}={x + y}" if query == "sum" else f"{x}-{y}={x - y}"
    answer = str(x + y if query == "sum" else x - y)
    return question, answer, {"query": query, "labels": [a, b]}, f"{_found(values, a)}\n{_found(values, b)}\n{work}"


def _count(rng: random.Random, query: str, values: dict[str, int]) -> Asked:
    # A bound at a random rank makes every count about as likely.
    ranked = sorted(values.values())
    n = rng.choice([*ranked, ranked[0] - 1])
    above = sum(value > n for value in values.values())
    walk = walks.count([(f"{label} {value}", value > n) for label, value in values.items()], f"> {n}")
    return rng.choice(COUNT).format(n=n), str(above), {"query": query, "above": n}, f"{walk}\nabove {n}: {above}"


class _Picture:
    """Where a chart's parts go: bars have slots along the label axis; along the other a bar ends at `_end(value)`."""

    def __init__(self, rng: random.Random, config: BarChartConfig, values: dict[str, int], axis: _Axis | None) -> None:
        self.values, self.axis, self.printed = values, axis, axis is None
        self.top = axis.top if axis else max(values.values())
        self.sideways = rng.random() < config.sideways
        style = Style.sample(rng, config.variety, config.renderer)
        stretch = min(1.9, 0.9 + 0.13 * len(values))
        aspect = (0.8, 1.2) if self.sideways else (0.75 * stretch, 1.15 * stretch)
        self.canvas = Canvas(*picture_size(rng, config.size, aspect), style)
        self.title = rng.choice(TITLES) if rng.random() < config.titled else ""
        self._measure(rng, config)
        self._colours(rng, config)

    def _measure(self, rng: random.Random, config: BarChartConfig) -> None:
        """The em, the frame (left, top, right, bottom) that holds the bars, and the value at its end."""
        count, (wide, high) = len(self.values), (self.canvas.width, self.canvas.height)
        names = self._em_width(list(self.values))
        numbers = self._em_width([str(self.top), *map(str, self.values.values())])
        most = 0.115 * min(wide, high) if config.variety < 2 else rng.uniform(0.07, 0.11) * min(wide, high)
        title = 1.7 if self.title else 0.4
        if self.sideways:
            self.em = em = min(most, 0.62 * (high / (count + 2.5)))
            aside, below = (numbers + 0.8, 0.4) if self.printed else (0.5 * numbers + 0.4, 1.8)
            self.frame = ((names + 0.9) * em, title * em, wide - aside * em, high - below * em)
        else:
            axis = 0.3 if self.printed else numbers + 0.9
            self.em = em = min(most, wide / (count * (max(names, numbers) + 0.35) + axis + 0.4))
            top = title + (1.2 if self.printed else 0.5)
            self.frame = (axis * em, top * em, wide - 0.4 * em, high - 1.8 * em)
        self.share = rng.uniform(0.45, 0.8)

    def _em_width(self, texts: list[str]) -> float:
        boxes = [self.canvas.text_box((0, 0), text, 40) for text in texts]
        return max(box[2] - box[0] for box in boxes) / 40

    def _colours(self, rng: random.Random, config: BarChartConfig) -> None:
        hues = HUES[:6] if config.variety == 0 else HUES
        several = rng.random() < 0.4
        first = rng.choice(hues)
        self.fills = [self.canvas.style.colour(rng, rng.choice(hues) if several else first) for _ in self.values]
        if not several:
            self.fills = self.fills[:1] * len(self.fills)
        self.grid = not self.printed and (config.variety == 0 or rng.random() < 0.8)
        self.outlined = config.variety > 0 and rng.random() < 0.25
        self.line = max(1.0, min(self.canvas.line_width, 0.1 * self.em))

    def draw(self, rng: random.Random) -> tuple[tuple[int, int, RGB], ...]:
        """Draw it; the probes are the inside of each bar near its end, and the page beyond it if nothing is there."""
        left, top, right, bottom = self.frame
        if self.axis:
            self._draw_axis(self.axis)
        probes = [p for k, label in enumerate(self.values) for p in self._bar(k, label)]
        self.canvas.line([(left, bottom), (left if self.sideways else right, top if self.sideways else bottom)], width=self.line)
        if self.title:
            self.canvas.text((self.canvas.width / 2, 0.85 * self.em), self.title, self.em)
        return tuple(probes)

    def _end(self, value: float) -> float:
        """Where on the value axis a value lies, in pixels."""
        left, top, right, bottom = self.frame
        share = value / self.top
        return left + share * (right - left) if self.sideways else bottom - share * (bottom - top)

    def _point(self, along: float, value_axis: float) -> XY:
        return (value_axis, along) if self.sideways else (along, value_axis)

    def _draw_axis(self, axis: _Axis) -> None:
        left, top, right, bottom = self.frame
        first, last, foot = (top, bottom, bottom) if self.sideways else (left, right, left)
        light = (205, 205, 205)
        out = foot + 0.25 * self.em if self.sideways else foot - 0.25 * self.em
        em, stride = self._tick_text(axis)
        for k in range(axis.top // axis.step + 1):
            at = self._end(k * axis.step)
            if self.grid:
                self.canvas.line([self._point(first, at), self._point(last, at)], light, max(1.0, 0.6 * self.line))
            self.canvas.line([self._point(foot, at), self._point(out, at)], width=self.line)
            place = self._point(out + 0.7 * self.em, at) if self.sideways else (out - 0.12 * self.em, at)
            if k % stride == 0:
                self.canvas.text(place, str(k * axis.step), em, anchor="mm" if self.sideways else "rm")
        self.canvas.line([(left, bottom), (right if self.sideways else left, bottom if self.sideways else top)], width=self.line)

    def _tick_text(self, axis: _Axis) -> tuple[float, int]:
        """The ticks' em and which ticks have numbers (1 all, 2 every second, 5): they must not touch each other."""
        apart = abs(self._end(axis.step) - self._end(0))
        taken = self._em_width([str(axis.top)]) + 0.3 if self.sideways else 0.95
        stride = next((n for n in (1, 2, 5) if n * apart / taken > 0.8 * self.em), 5)
        return min(self.em, stride * apart / taken), stride

    def _bar(self, k: int, label: str) -> list[tuple[int, int, RGB]]:
        left, top, right, bottom = self.frame
        first, last, foot = (top, bottom, left) if self.sideways else (left, right, bottom)
        slot = (last - first) / len(self.values)
        middle, half, end = first + (k + 0.5) * slot, self.share * slot / 2, self._end(self.values[label])
        corners = [self._point(middle + a * half, b) for a, b in ((-1, foot), (-1, end), (1, end), (1, foot))]
        self.canvas.polygon(corners, self.fills[k], self.canvas.style.ink if self.outlined else None, self.line)
        if self.sideways:
            self.canvas.text((left - 0.3 * self.em, middle), label, self.em, anchor="rm")
        else:
            self.canvas.text((middle, bottom + 0.9 * self.em), label, self.em)
        away = 1 if self.sideways else -1
        if self.printed:
            place = (end + 0.3 * self.em, middle) if self.sideways else (middle, end - 0.55 * self.em)
            self.canvas.text(place, str(self.values[label]), self.em, anchor="lm" if self.sideways else "mm")
        edge = self.line / 2 + 2 if self.outlined else 2
        spots = [(self._point(middle, end - away * min(edge, abs(end - foot) / 2)), self.fills[k])]
        if not self.printed:
            spots.append((self._point(middle, end + away * edge), self.canvas.style.page))
        return [(int(x), int(y), colour) for (x, y), colour in spots]
