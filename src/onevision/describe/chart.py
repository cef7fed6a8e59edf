"""A bar chart in a picture as CSV: solid rectangles on one base line, their labels, and values printed at them or read off the axis."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from onevision.describe.colours import Blob, blobs_of_colour, page_colour
from onevision.describe.ink import Box, Pixels
from onevision.describe.ocr import Word
from onevision.describe.sight import Sight
from onevision.errors import InputError
from onevision.formal import csv
from onevision.types import Description, Region

NAME = "ocr-chart"
_NUMBER = re.compile(r"[$€£]?\s*(-?\d[\d,]*(?:\.\d+)?)\s*(%|[kKMB])?")
TICK_MARKS = " -\u2013\u2014_|'.\u00b7\u4e00"
"""What a tick beside its number is read as."""

_SCALE = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9}


@dataclass(frozen=True)
class Bar:
    """A bar as if it stood upright: along is its place on the label axis, half its half width; foot and end lie on the value axis,
    which grows with the value. box: in the picture."""

    along: float
    half: float
    foot: float
    end: float
    box: Box


def describe(sight: Sight) -> Description:
    """Labels and values, one bar a row. Raises InputError where there are no two bars, or nothing tells their values."""
    bars, sideways = find_bars(sight)
    if len(bars) < 2:
        raise InputError("no bar chart was found in the picture: two or more bars on one base line were expected")
    words = sight.words
    values = _printed(bars, words, sideways, sight.page.em) or _read_off(bars, words, sideways)
    labels = _labels(bars, words, sideways, sight.page.em)
    rows = (("label", "value"), *((label, _plain(value)) for label, value in zip(labels, values, strict=True)))
    regions = tuple(Region(label, bar.box) for label, bar in zip(labels, bars, strict=True))
    return Description("csv", csv.write(rows), regions, NAME)


def find_bars(sight: Sight) -> tuple[list[Bar], bool]:
    """The bars in the order of their labels, and whether they lie: the larger set of rectangles of one thickness on one line."""
    boxes = [_with_outline(blob, sight.array) for blob in blobs_of_colour(sight.array, least=30) if _is_solid(blob.mask)]
    upright, lying = _aligned(boxes, sideways=False), _aligned(boxes, sideways=True)
    return (lying, True) if _weight(lying) > _weight(upright) else (upright, False)


def _with_outline(blob: Blob, array: Pixels) -> Box:
    """A blob's box up to the middle of its outline, where it has one: a bar ends there."""
    left, top, right, bottom = (int(edge) for edge in blob.box)
    page = page_colour(array).astype(np.int16)
    most = max(2, min(right - left, bottom - top) // 4)
    middle_x, middle_y = (left + right) // 2, (top + bottom) // 2
    above = array[max(0, top - most) : top, middle_x][::-1].astype(np.int16)
    beside = array[middle_y, right : right + most].astype(np.int16)
    rims = [_rim(line, page) for line in (above, beside)]
    return left, top - rims[0] / 2, right + rims[1] / 2, bottom


def _rim(line: Pixels, page: Pixels) -> int:
    """How many pixels of a line that leads away from a patch are outline; 0 where it does not reach the page within it."""
    dark = np.abs(line - page).max(-1) > 90
    return int(np.argmin(dark)) if len(dark) and not dark.all() else 0


def _is_solid(mask: Pixels) -> bool:
    """Whether a patch fills its box, as a bar does, and is no hair line."""
    return min(mask.shape) >= 4 and float(mask.mean()) > 0.88


def _aligned(boxes: Sequence[Box], sideways: bool) -> list[Bar]:
    """The boxes that have one base line and one thickness, at different places along it, and are largest together."""
    bars = [_upright(box, sideways) for box in boxes]
    best: list[Bar] = []
    for one in bars:
        slack = max(2.5, 0.12 * one.half)
        group = [bar for bar in bars if abs(bar.foot - one.foot) <= slack and abs(bar.half - one.half) <= slack]
        if _weight(group) > _weight(best) and len({round(bar.along / (2 * one.half)) for bar in group}) == len(group):
            best = group
    return sorted(best, key=lambda bar: bar.along)


def _weight(bars: Sequence[Bar]) -> float:
    """The area of two bars or more; the stems of letters stand on one line too."""
    return sum(2 * bar.half * abs(bar.end - bar.foot) for bar in bars) if len(bars) > 1 else 0.0


def _upright(box: Box, sideways: bool) -> Bar:
    left, top, right, bottom = box
    if sideways:
        return Bar((top + bottom) / 2, (bottom - top) / 2, left, right, box)
    return Bar((left + right) / 2, (right - left) / 2, -bottom, -top, box)


def _places(words: Sequence[Word], sideways: bool) -> list[tuple[Word, float, float]]:
    """Each word with its place along the labels and on the value axis, as if the bars stood."""
    return [(word, word.middle[1], word.middle[0]) if sideways else (word, word.middle[0], -word.middle[1]) for word in words]


def _labels(bars: Sequence[Bar], words: Sequence[Word], sideways: bool, em: float) -> list[str]:
    """What stands below each bar (left of it, where bars lie), nearest to the base line; a number of its own where nothing does."""
    found: list[list[tuple[float, str]]] = [[] for _ in bars]
    reach = max(6 * em, max((word.box[2] - word.box[0] for word in words), default=0.0) + 2 * em) if sideways else 4 * em
    pitch = min(b.along - a.along for a, b in pairwise(bars))
    apart = words if sideways else [part for word in words for part in _split(word, bars)]
    for word, along, height in _places(apart, sideways):
        nearest = min(range(len(bars)), key=lambda k: abs(bars[k].along - along))
        below = bars[nearest].foot - height
        if 0 < below < reach and abs(bars[nearest].along - along) < 0.5 * pitch:
            found[nearest].append((below, word.text))
    first = [min((below for below, _ in texts), default=np.inf) for texts in found]
    nearest_line = float(np.median([below for below in first if np.isfinite(below)] or [0.0]))
    texts = [" ".join(text for below, text in sorted(texts) if sideways or below < nearest_line + 1.6 * em) for texts in found]
    return [text.strip(TICK_MARKS) or f"bar {k}" for k, text in enumerate(texts, start=1)]


def _split(word: Word, bars: Sequence[Bar]) -> list[Word]:
    """A line of text that runs on below several bars as its words, each with its share of the line."""
    return _words_of(word) if sum(word.box[0] < bar.along < word.box[2] for bar in bars) > 1 else [word]


def _words_of(word: Word) -> list[Word]:
    """The words of a line of text, each with its share of the line."""
    left, top, right, bottom = word.box
    unit = (right - left) / len(word.text)
    matches = re.finditer(r"\S+", word.text)
    return [Word(m[0], (left + m.start() * unit, top, left + m.end() * unit, bottom), word.score) for m in matches]


def _printed(bars: Sequence[Bar], words: Sequence[Word], sideways: bool, em: float) -> list[float] | None:
    """The number just beyond each bar's end; None unless all have one."""
    values = []
    for bar in bars:
        beyond = [
            (height - bar.end, number)
            for word, along, height in _places(words, sideways)
            if (number := _number(word.text)) is not None
            and abs(along - bar.along) < max(bar.half, em)
            and 0 < height - bar.end < (2.2 * em if not sideways else 2.2 * em + (word.box[2] - word.box[0]) / 2)
        ]
        if not beyond:
            return None
        values.append(min(beyond)[1])
    return values


def _read_off(bars: Sequence[Bar], words: Sequence[Word], sideways: bool) -> list[float]:
    """The bars' values by the axis: a straight line through the places and numbers of its ticks.

    Raises InputError where fewer than two ticks are found.
    """
    ticks = _ticks(bars, words, sideways)
    if len(ticks) < 2:
        raise InputError("the bars' values are neither printed nor told by an axis with two numbers")
    places, numbers = np.array(ticks).T
    slope, offset = np.polyfit(places, numbers, 1)
    raw = [float(slope * bar.end + offset) for bar in bars]
    step = float(np.min(np.diff(np.unique(numbers))))
    return _rounded(raw, step, abs(slope))


def _ticks(bars: Sequence[Bar], words: Sequence[Word], sideways: bool) -> list[tuple[float, float]]:
    """(place on the value axis, number) of the words in line with each other beside the bars that grow evenly."""
    first = min(bar.along - bar.half for bar in bars) if not sideways else max(bar.along + bar.half for bar in bars)
    apart = [part for word in words for part in _words_of(word)]
    numbers = [
        (height, number)
        for word, along, height in _places(apart, sideways)
        if (number := _number(word.text.rstrip(TICK_MARKS))) is not None and (along > first if sideways else along < first)
    ]
    return _in_line(numbers)


def _in_line(ticks: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The largest part of the ticks that lies on one line, so that a misread number does not bend the axis."""
    best: list[tuple[float, float]] = []
    for k, (a, x) in enumerate(ticks):
        for b, y in ticks[k + 1 :]:
            if b == a or y == x or (y - x) / (b - a) <= 0:
                continue
            slope = (y - x) / (b - a)
            near = [(place, number) for place, number in ticks if abs(x + slope * (place - a) - number) < 4 * slope]
            best = max(best, near, key=len)
    return best


def _rounded(values: Sequence[float], step: float, unit: float) -> list[float]:
    """Values on the coarsest grain of a tick's step that all of them meet within two pixels. unit: value of one pixel.

    Outlines and thick axes shift all bars alike, up to four pixels; what is common to them is no part of the values.
    """
    for shift in (0, 4):
        for parts in (1, 2, 4, 5, 10):
            grain = step / parts
            rounded = [round(value / grain) * grain for value in values]
            off = [value - near for value, near in zip(values, rounded, strict=True)]
            common = sum(off) / len(off) if shift else 0.0
            alike = max(abs(each - common) for each in off) <= 2 * unit and abs(common) <= shift * unit
            if alike and grain > (10 if shift else 5) * unit:
                return rounded
    digits = max(0, -int(np.floor(np.log10(unit))))
    return [round(value, digits) for value in values]


def _number(text: str) -> float | None:
    match = _NUMBER.fullmatch(text.strip())
    return float(match[1].replace(",", "")) * _SCALE.get(match[2] or "", 1.0) if match else None


def _plain(value: float) -> str:
    """A number without needless zeros."""
    return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"
