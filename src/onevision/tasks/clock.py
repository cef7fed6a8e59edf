"""Clock faces with hands: tell the time, or work out what it will be or was."""

import math
import random
from dataclasses import dataclass
from typing import Any

from onevision.formal import json
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import COLOURS, RGB, XY, Canvas, Style, picture_size
from onevision.tasks.words import opened
from onevision.types import Description

TIME = (
    "What time is it?",
    "What time does the clock show?",
    "Which time is shown on the clock?",
    "Read the clock.",
    "What is the time on this clock? Answer as H:MM.",
    "Tell the time shown in the picture.",
    "What time do the hands show?",
)
HOUR = (
    "Which hour has the short hand reached or passed last?",
    "What was the last full hour?",
    "Which number did the hour hand reach or pass last?",
    "What is the hour of the time shown?",
    "Which hour does the clock show?",
)
MINUTE = (
    "How many minutes past the hour is it?",
    "How many minutes does the long hand show?",
    "How many minutes have passed since the last full hour?",
    "What are the minutes of the time shown?",
    "Which minute does the minute hand point at?",
)
LATER = (
    "What time will it be in {n} {unit}?",
    "What time is {n} {unit} later than the clock shows?",
    "In {n} {unit}, what time will the clock show?",
    "What will the clock show after {n} {unit}?",
    "A film of {n} {unit} starts now. When does it end?",
)
EARLIER = (
    "What time was it {n} {unit} ago?",
    "What time is {n} {unit} earlier than the clock shows?",
    "What did the clock show {n} {unit} ago?",
    "{n} {unit} ago, what time was it?",
    "A lesson of {n} {unit} ends now. When did it start?",
)
LEFT = (
    "How many minutes are left until the next full hour?",
    "In how many minutes is it a full hour?",
    "How many minutes is it to the next hour?",
    "How many minutes must pass until the long hand points at 12?",
    "How many minutes remain in this hour?",
)
SECOND = (
    "How many seconds does the thin hand show?",
    "Which second does the second hand point at?",
    "Where does the second hand point? Answer with the seconds.",
    "How many seconds of this minute have passed?",
    "What are the seconds of the time shown?",
)
ROMAN = ("XII", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI")


@dataclass(frozen=True)
class ClockConfig(Config):
    """step: minutes the long hand may move by (60: whole hours); queries: the kinds of question, repeated to weigh;
    numerals: of all, quarters, none, roman; second: how often there is a second hand."""

    step: int = 1
    queries: tuple[str, ...] = ("time", "time", "hour", "minute")
    numerals: tuple[str, ...] = ("all", "quarters", "none")
    second: float = 0.0


class Clock(Task):
    """One analogue clock; its Description says between which numbers the short hand is and where the long one."""

    name = "clock"
    version = 3
    Config = ClockConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = {"variety": 0, "size": (224, 448), "numerals": ("all",)}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"step": 60, "queries": ("time",)},
            2: plain | {"step": 15, "queries": ("time", "time", "time", "minute")},
            3: {
                "step": 5,
                "variety": 1,
                "size": (224, 700),
                "numerals": ("all", "all", "quarters"),
                "queries": ("time", "time", "time", "hour", "minute", "hours later"),
            },
            4: {"queries": ("time", "time", "time", "hour", "minute", "hours later", "left")},
            5: {
                "queries": ("time", "time", "minute", "hours later", "later", "earlier", "left", "second"),
                "numerals": ("all", "quarters", "none", "roman"),
                "second": 0.4,
            },
        }
        return presets[level]

    def draw(self, rng: random.Random, config: ClockConfig) -> Item:
        time = rng.randrange(0, 720, config.step)
        second = rng.randrange(60) if rng.random() < config.second else None
        # At a full hour none are left to it, and 60 to the next.
        unclear = {"second": second is None, "left": time % 60 == 0}
        query = rng.choice([q for q in config.queries if not unclear.get(q)])
        question, answer, ask, steps = _ask(rng, query, time, second)
        question = opened(rng, question)
        description = Description("json", json.write(_facts(time, second)))
        self.claim(description, question)
        face = _Face(rng, config)
        probes = face.draw(time, second)
        return Item(face.canvas.image(rng), question, answer, description, steps, ask, probes=probes)


def _facts(time: int, second: int | None) -> dict[str, Any]:
    """short: the numbers the short hand is between (twice the same when it points at one); long, thin: 0..59."""
    hour, minute = _hour(time), time % 60
    facts: dict[str, Any] = {"short": [hour, _hour(time + 60) if minute else hour], "long": minute}
    return facts if second is None else facts | {"thin": second}


def _hour(time: int) -> int:
    return time // 60 % 12 or 12


def _written(time: int) -> str:
    return f"{_hour(time)}:{time % 60:02d}"


def _ask(rng: random.Random, query: str, time: int, second: int | None) -> tuple[str, str, dict[str, Any], str]:
    """question, answer, ask, steps"""
    now, hour, minute = _written(time), _hour(time), time % 60
    read = f"hour {hour}, minute {minute}: {now}"
    if query == "hour":
        return rng.choice(HOUR), str(hour), {"query": query}, f"{read}\nhour {hour}"
    if query == "minute":
        return rng.choice(MINUTE), str(minute), {"query": query}, f"{read}\nminute {minute}"
    if query == "second":
        return rng.choice(SECOND), str(second), {"query": query}, f"thin hand: {second}"
    if query == "left":
        return rng.choice(LEFT), str(60 - minute), {"query": query}, f"{read}\n60-{minute}={60 - minute}"
    if query == "time":
        return rng.choice(TIME), now, {"query": query}, read
    return _shifted(rng, query, time)


def _shifted(rng: random.Random, query: str, time: int) -> tuple[str, str, dict[str, Any], str]:
    """Questions for another time: "hours later", "later" and "earlier" (minutes)."""
    hours = query == "hours later"
    n = rng.randint(1, 5) if hours else rng.choice((5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55))
    sign = -1 if query == "earlier" else 1
    then = (time + sign * n * (60 if hours else 1)) % 720
    unit = ("hour" if n == 1 else "hours") if hours else "minutes"
    question = rng.choice(EARLIER if query == "earlier" else LATER).format(n=n, unit=unit)
    ask = {"query": "shift", "minutes": sign * n * (60 if hours else 1)}
    work = _work_hours(_hour(time), n) if hours else _work_minutes(time % 60, sign * n)
    read = f"hour {_hour(time)}, minute {time % 60}: {_written(time)}"
    return question, _written(then), ask, f"{read}\n{work}\n{_written(then)}"


def _work_hours(hour: int, n: int) -> str:
    return f"{hour}+{n}={hour + n}" + (f", {hour + n}-12={hour + n - 12}" if hour + n > 12 else "")


def _work_minutes(minute: int, n: int) -> str:
    total = minute + n
    if n > 0:
        return f"{minute}+{n}={total}" + (f", {total}-60={total - 60}, next hour" if total >= 60 else "")
    if total >= 0:
        return f"{minute}-{-n}={total}"
    return f"{minute}+60-{-n}={total + 60}, hour before"


@dataclass(frozen=True)
class _Hand:
    """length: share of the face's radius; width: pixels; kind: line, taper or arrow."""

    length: float
    width: float
    kind: str
    colour: RGB


class _Face:
    """The look of one clock. Lengths without a unit are shares of the face's radius."""

    def __init__(self, rng: random.Random, config: ClockConfig) -> None:
        style = Style.sample(rng, config.variety, config.renderer)
        self.canvas = Canvas(*picture_size(rng, config.size, (0.9, 1.15) if config.variety else (1.0, 1.0)), style)
        wild, side = config.variety > 1, min(self.canvas.width, self.canvas.height)
        self.radius = side / 2 * (rng.uniform(0.78, 0.97) if wild else rng.uniform(0.92, 0.97))
        middle = self.canvas.width / 2, self.canvas.height / 2
        x, y = (m + 0.8 * (m - self.radius) * rng.uniform(-1, 1) for m in middle)
        self.centre: XY = x, y
        self.square = bool(config.variety) and rng.random() < 0.25
        self.numerals = rng.choice(config.numerals)
        plain_ticks = (12, 60) if self.numerals in ("none", "quarters") or config.step < 5 else (0, 12, 60)
        self.ticks = rng.choice(plain_ticks) if config.variety else 12
        self.fill: RGB = style.page if not config.variety or rng.random() < 0.5 else _light(rng)
        self.rim = rng.choice((0.0, 1.0, 2.0)) if wild and self.ticks else rng.choice((1.0, 2.0))
        self._hands(rng, config)

    def _hands(self, rng: random.Random, config: ClockConfig) -> None:
        kind = rng.choice(("line", "taper", "arrow")) if config.variety else "line"
        ink = self.canvas.style.ink
        colours = [ink, ink]
        if config.variety and rng.random() < 0.4:
            colours = [self.canvas.style.colour(rng, rng.choice(("red", "blue", "green", "purple", "black"))) for _ in range(2)]
        base = max(2.6, self.radius * (rng.uniform(0.028, 0.05) if config.variety > 1 else rng.uniform(0.04, 0.055)))
        # The long hand ends before the numerals, or near the ticks where there are few.
        length = rng.uniform(0.57, 0.64) if self.numerals in ("all", "roman") else rng.uniform(0.64, 0.78)
        self.long = _Hand(length, base, kind, colours[0])
        self.short = _Hand(length * rng.uniform(0.55, 0.64), base * rng.uniform(1.3, 1.9), kind, colours[1])
        self.thin = _Hand(rng.uniform(0.75, 0.85), max(1.0, base * 0.35), "line", COLOURS[rng.choice(("red", "red", "black"))])

    def draw(self, time: int, second: int | None) -> tuple[tuple[int, int, RGB], ...]:
        """Draw it; gives a probe on the long and one on the short hand."""
        self._dial()
        if second is not None:
            self._hand(self.thin, second / 60)
        self._hand(self.long, time % 60 / 60)
        self._hand(self.short, time / 720)
        self.canvas.circle(self.centre, self.short.width * 0.9, self.short.colour)
        arrows = self.long.kind == "arrow"  # in whose heads the probes lie
        long = self.long.length - 0.4 * self._head(self.long) if arrows else self.short.length + 0.06
        short = self.short.length - 0.4 * self._head(self.short) if arrows else self.short.length * 0.6
        spots = (self._at(time % 60 / 60, long), self.long.colour), (self._at(time / 720, short), self.short.colour)
        return tuple((int(x), int(y), colour) for (x, y), colour in spots)

    def _head(self, hand: _Hand) -> float:
        """The length of an arrow-shaped hand's head."""
        return min(3.4 * hand.width / self.radius, 0.5 * hand.length)

    def _dial(self) -> None:
        (x, y), r, line = self.centre, self.radius, min(self.canvas.line_width, 0.04 * self.radius)
        outline = self.canvas.style.ink if self.rim else None
        if self.square:
            corners = [(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)]
            self.canvas.polygon(corners, self.fill, outline, line * (self.rim or 1))
        else:
            self.canvas.circle(self.centre, r, self.fill, outline, line * (self.rim or 1))
        for k in range(self.ticks):
            turn, main = k / self.ticks, k * 60 // self.ticks % 5 == 0
            inner, outer = self._edge(turn, 0.88 if main else 0.915), self._edge(turn, 0.95)
            self.canvas.line([inner, outer], width=line * (1.3 if main else 0.6))
        for hour in range(1, 13):
            if self.numerals in ("all", "roman") or (self.numerals == "quarters" and hour % 3 == 0):
                self._numeral(hour)

    def _numeral(self, hour: int) -> None:
        roman = self.numerals == "roman"
        at = self._edge(hour / 12, 0.75 if self.ticks else 0.79)
        self.canvas.text(at, ROMAN[hour % 12] if roman else str(hour), self.radius * (0.17 if roman else 0.23))

    def _hand(self, hand: _Hand, turn: float) -> None:
        tip, (x, y) = self._at(turn, hand.length), self.centre
        if hand.kind == "arrow":
            self.canvas.arrow(self.centre, tip, hand.colour, hand.width, head=self._head(hand) * self.radius)
            return
        if hand.kind == "line":
            self.canvas.line([self._at(turn, -0.1), tip], hand.colour, hand.width)
            return
        wx, wy = (self._at(turn + 0.25, 1)[k] - self.centre[k] for k in (0, 1))
        wide, slim = hand.width * 0.9 / self.radius, hand.width * 0.4 / self.radius
        one_side = [(x + wx * wide, y + wy * wide), (tip[0] + wx * slim, tip[1] + wy * slim)]
        other_side = [(tip[0] - wx * slim, tip[1] - wy * slim), (x - wx * wide, y - wy * wide)]
        self.canvas.polygon([*one_side, *other_side], hand.colour)

    def _at(self, turn: float, share: float) -> XY:
        """The point at a turn (1 is once round, 0 up) and a share of the radius from the centre."""
        angle = 2 * math.pi * turn
        far = self.radius * share
        return self.centre[0] + far * math.sin(angle), self.centre[1] - far * math.cos(angle)

    def _edge(self, turn: float, share: float) -> XY:
        """As `_at`, on a square face pushed out to the square."""
        if not self.square:
            return self._at(turn, share)
        s, c = math.sin(2 * math.pi * turn), math.cos(2 * math.pi * turn)
        return self._at(turn, share / max(abs(s), abs(c)))


def _light(rng: random.Random) -> RGB:
    return rng.randint(215, 255), rng.randint(215, 255), rng.randint(200, 255)
