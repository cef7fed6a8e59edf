"""Calendar pages of a month: the weekday of a date, the n-th Friday, days between marked dates, dates before and after."""

import calendar
import random
from dataclasses import dataclass
from typing import Any

from onevision.formal import json
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size, probe_near
from onevision.types import Description

WORDINGS = {
    "weekday": (
        "Which day of the week is the {n}?",
        "On which weekday does the {n} fall?",
        "What weekday is the {n} of this month?",
        "The {n} is on which day of the week?",
        "Name the weekday of the {n}.",
    ),
    "nth": (
        "Which date is the {rank} {day}?",
        "What is the date of the {rank} {day} of the month?",
        "On which date does the {rank} {day} fall? Answer with the day's number.",
        "The {rank} {day} of this month has which number?",
        "Find the {rank} {day}. Which day of the month is it?",
    ),
    "rest": (
        "How many days of this month come after the marked day?",
        "Counted from the marked day, how many days are left in the month?",
        "How many days follow the marked one on this page?",
        "From the day after the mark to the end of the month, how many days are there?",
        "How many days after the marked day does the month end?",
    ),
    "marked": (
        "Which weekday is marked?",
        "On which day of the week is the marked date?",
        "What weekday is the marked day?",
        "The mark is on which day of the week?",
        "Name the weekday of the marked date.",
    ),
    "later": (
        "Which date is {n} days after the marked day? Answer with the day's number.",
        "What is the day of the month {n} days later than the mark?",
        "A visit begins on the marked day and a letter comes {n} days later. On which date?",
        "Count {n} days on from the marked day. Which date is it?",
        "{n} days after the marked day, which number does the date have?",
    ),
    "earlier": (
        "Which date is {n} days before the marked day? Answer with the day's number.",
        "What is the day of the month {n} days earlier than the mark?",
        "{n} days before the marked day, which number had the date?",
        "Count {n} days back from the marked day. Which date is it?",
        "A parcel was sent {n} days before the marked day. On which date?",
    ),
    "between": (
        "How many days is it from the first marked day to the second?",
        "How many days after the earlier marked day is the later one?",
        "What is the difference between the two marked dates, in days?",
        "How far apart are the marked days, in days?",
        "In how many days after the first mark does the second come?",
    ),
    "next": (
        "Which day of the week is the first day of the next month?",
        "On which weekday does the following month begin?",
        "What weekday comes after the last day on this page?",
        "The next month starts on which day of the week?",
        "The day after the end of this month is which weekday?",
    ),
}
"""Query -> how it is asked."""
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
RANKS = ("first", "second", "third", "fourth", "fifth")


@dataclass(frozen=True)
class CalendarConfig(Config):
    """marks: most marked days; sunday: how often weeks begin on Sunday; queries: repeated to weigh."""

    marks: int = 2
    sunday: float = 0.5
    queries: tuple[str, ...] = ("weekday", "nth", "rest", "marked", "later", "earlier", "between", "next")


class Calendar(Task):
    """One month on a page; its Description gives its first weekday, its length and the marked days."""

    name = "calendar"
    version = 2
    Config = CalendarConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = {"variety": 0, "size": (280, 448), "sunday": 0.0}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"queries": ("weekday", "marked")},
            2: plain | {"queries": ("weekday", "marked", "nth", "rest")},
            3: {"variety": 1, "size": (280, 700), "queries": ("weekday", "nth", "rest", "marked", "later", "earlier")},
            4: {"size": (280, 1200)},
            5: {"size": (280, 1200), "queries": ("nth", "rest", "later", "earlier", "between", "between", "next", "next")},
        }
        return presets[level]

    def draw(self, rng: random.Random, config: CalendarConfig) -> Item:
        asked, query = None, rng.choice(config.queries)
        while asked is None:
            month = _month(rng, config, query)
            asked = _ask(rng, month, query)
        fields, answer, ask, steps = asked
        question = rng.choice(WORDINGS[query]).format(**fields)
        facts = {
            "month": f"{calendar.month_name[month.month]} {month.year}",
            "first": DAYS[month.first],
            "days": month.days,
            "marked": month.marked,
        }
        description = Description("json", json.write(facts))
        self.claim(description, question)
        page = _Page(rng, config, month)
        image = page.canvas.image(rng)
        self.claim_picture(image)
        probes = tuple(probe_near(image, at, colour) for at, colour in page.spots)
        return Item(image, question, answer, description, steps, {"query": query} | ask, probes=probes)


@dataclass(frozen=True)
class _Month:
    """first: weekday of the 1st, 0 is Monday; marked: days in order."""

    year: int
    month: int
    first: int
    days: int
    marked: list[int]

    def day(self, date: int) -> str:
        """The weekday of a date."""
        return DAYS[(self.first + date - 1) % 7]


def _month(rng: random.Random, config: CalendarConfig, query: str) -> _Month:
    year, month = rng.randint(1950, 2060), rng.randint(1, 12)
    first, days = calendar.monthrange(year, month)
    count = 2 if query == "between" else 1 if query in ("marked", "later", "earlier", "rest") else rng.choice((0, 0, 1, config.marks))
    return _Month(year, month, first, days, sorted(rng.sample(range(1, days + 1), count)))


Asked = tuple[dict[str, Any], str, dict[str, Any], str]
"""fields of the wording, answer, ask, steps"""


def _ordinal(n: int) -> str:
    return f"{n}{'th' if 10 < n < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def _weekday(month: _Month, date: int) -> str:
    """Steps to a date's weekday: back by weeks to the first one, then on from the 1st."""
    lines, at = [], date
    while at > 7:
        lines.append(f"{at}-7={at - 7}")
        at -= 7
    named = ", ".join(f"{k} {month.day(k)}" for k in range(1, at + 1))
    return "\n".join([*lines, named])


def _ask(rng: random.Random, month: _Month, query: str) -> Asked | None:
    if query in ("weekday", "marked"):
        date = rng.randint(1, month.days) if query == "weekday" else month.marked[0]
        ask = {"date": date} if query == "weekday" else {}
        return {"n": _ordinal(date)}, month.day(date), ask, _weekday(month, date)
    if query == "nth":
        return _nth(rng, month)
    if query == "rest":
        date = month.marked[0]
        return {}, str(month.days - date), {}, f"{month.days}-{date}={month.days - date}"
    if query == "between":
        a, b = month.marked
        return {}, str(b - a), {}, f"{b}-{a}={b - a}"
    if query == "next":
        steps = f"{month.days}+1={month.days + 1}\n{_weekday(month, month.days + 1)}"
        return {}, month.day(month.days + 1), {}, steps
    start, n = month.marked[0], rng.randint(2, 20)
    date = start + n if query == "later" else start - n
    if not 1 <= date <= month.days:
        return None
    return {"n": n}, str(date), {"days": n}, f"{start}{'+' if query == 'later' else '-'}{n}={date}"


def _nth(rng: random.Random, month: _Month) -> Asked:
    """The first date of a weekday by counting on from the 1st, the others by adding 7."""
    day = rng.choice(DAYS)
    dates = [date for date in range(1, month.days + 1) if month.day(date) == day]
    lines = [", ".join(f"{k} {month.day(k)}" for k in range(1, dates[0] + 1))]
    rank = rng.randrange(len(dates))
    lines += [f"{a}+7={a + 7}" for a in dates[:rank]]
    return {"day": day, "rank": RANKS[rank]}, str(dates[rank]), {"day": day, "rank": rank + 1}, "\n".join([*lines, str(dates[rank])])


class _Page:
    """A month drawn on its canvas."""

    def __init__(self, rng: random.Random, config: CalendarConfig, month: _Month) -> None:
        style = Style.sample(rng, config.variety, config.renderer)
        self.canvas = Canvas(*picture_size(rng, config.size, (0.95, 1.3)), style)
        self.sunday = rng.random() < config.sunday
        self.shift = (month.first + self.sunday) % 7
        rows = -(-(self.shift + month.days) // 7)
        self.wide, self.high = self.canvas.width / 7.4, self.canvas.height / (rows + 2.2)
        self.left, self.top = 0.2 * self.wide, 2.0 * self.high
        self.em = min(0.42 * self.wide, 0.5 * self.high)
        hue = style.colour(rng, rng.choice(("red", "blue", "green", "purple", "orange")))
        self._head(rng, config, month, hue)
        self.mark = rng.choice(("ring", "disc", "box")) if config.variety else "ring"
        self.ring = hue if config.variety else style.colour(rng, "red")
        ruled = config.variety > 0 and rng.random() < 0.5
        self.spots = tuple(self._date(month, date, ruled) for date in range(1, month.days + 1))

    def _head(self, rng: random.Random, config: CalendarConfig, month: _Month, hue: RGB) -> None:
        width, canvas = self.canvas.width, self.canvas
        banner = config.variety > 0 and rng.random() < 0.5
        if banner:
            canvas.polygon([(0, 0), (width, 0), (width, 1.1 * self.high), (0, 1.1 * self.high)], hue)
        title = f"{calendar.month_name[month.month]} {month.year}"
        canvas.text((width / 2, 0.58 * self.high), title, 1.25 * self.em, (255, 255, 255) if banner else None)
        letters = rng.choice((2, 3)) if config.variety else 3
        for k in range(7):
            day = DAYS[(k - self.sunday) % 7][:letters]
            canvas.text((self.left + (k + 0.5) * self.wide, 1.55 * self.high), day, min(0.85 * self.em, 0.36 * self.wide))

    def _cell(self, date: int) -> XY:
        """The middle of a date's cell."""
        place = self.shift + date - 1
        return self.left + (place % 7 + 0.5) * self.wide, self.top + (place // 7 + 0.5) * self.high

    def _date(self, month: _Month, date: int, ruled: bool) -> tuple[XY, RGB]:
        """One date with its frame and mark; gives a point of the cell's ground, on the mark where it is marked."""
        (x, y), page = self._cell(date), self.canvas.style.page
        a, b, radius = self.wide / 2, self.high / 2, 0.46 * min(self.wide, self.high)
        if ruled:
            self.canvas.polygon([(x - a, y - b), (x + a, y - b), (x + a, y + b), (x - a, y + b)], outline=(170, 170, 170), width=1.0)
        if date not in month.marked:
            self.canvas.text((x, y), str(date), self.em)
            return (x - 0.42 * self.wide, y), page
        thick = max(2.5, 0.12 * self.em)
        if self.mark == "disc":
            self.canvas.circle((x, y), radius, self.ring)
        elif self.mark == "ring":
            self.canvas.circle((x, y), radius, outline=self.ring, width=thick)
        else:
            corners = [(x - radius, y - radius), (x + radius, y - radius), (x + radius, y + radius), (x - radius, y + radius)]
            self.canvas.polygon(corners, self.ring)
        self.canvas.text((x, y), str(date), self.em, None if self.mark == "ring" else (255, 255, 255))
        at = y - radius + thick / 2 if self.mark == "ring" else y - 0.88 * radius
        return (x, at), self.ring
