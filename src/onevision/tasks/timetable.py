"""Timetables of buses or trains: when one leaves, which is next or still in time, how long the ride and the wait are."""

import random
from dataclasses import dataclass
from typing import Any

from onevision.formal import csv
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, Canvas, Style, picture_size
from onevision.types import Description

WORDINGS = {
    "read": (
        "When does {run} stop at {a}?",
        "At what time is {run} at {a}?",
        "What time does the timetable give for {run} at {a}?",
        "Read the time of {run} at {a}.",
        "Which time stands for {run} at the stop {a}?",
    ),
    "next": (
        "It is {t}. When does the next one leave {a}?",
        "You reach {a} at {t}. At what time is the next departure?",
        "What is the first departure from {a} after {t}?",
        "At {t} you stand at {a}. When can you leave at the earliest?",
        "When is the next one from {a} after {t}?",
    ),
    "arrive": (
        "You have to be at {a} by {t}. When is the last arrival there that is in time?",
        "What is the latest time before {t} at which {a} is reached?",
        "Which is the last arrival at {a} before {t}?",
        "To be at {a} before {t}, with which arrival time would you come as late as possible?",
        "When does the last one before {t} get to {a}?",
    ),
    "ride": (
        "How many minutes does {run} take from {a} to {b}?",
        "How long is the ride with {run} from {a} to {b}, in minutes?",
        "In how many minutes does {run} go from {a} to {b}?",
        "How many minutes after {a} does {run} reach {b}?",
        "What is the travel time of {run} between {a} and {b} in minutes?",
    ),
    "wait": (
        "It is {t}. How many minutes is it until the next departure from {a}?",
        "You reach {a} at {t}. How many minutes do you wait for the next departure?",
        "At {t} you stand at {a}. In how many minutes does the next one leave?",
        "How many minutes after {t} is the next departure from {a}?",
        "How long is the wait at {a} from {t} on, in minutes?",
    ),
    "after": (
        "How many departures from {a} are there after {t}?",
        "How many times are listed for {a} after {t}?",
        "Count the departures at {a} later than {t}.",
        "How many still leave {a} after {t}?",
        "How many chances to leave {a} are left at {t}?",
    ),
    "which": (
        "Which one is at {a} at {t}?",
        "Which column has {t} at {a}?",
        "Name the one that stops at {a} at {t}.",
        "By its heading, which one is it that leaves {a} at {t}?",
        "Which one do you take at {t} from {a}?",
    ),
}
"""Query -> how it is asked."""
STOPS = tuple("""
Airport Bridge Castle Church College Depot Harbour Hospital Library Market Mill Museum Park Pier School Square Stadium Station Theatre
Tower Village Zoo Forum Garden Lake Palace
""".split())  # fmt: skip


@dataclass(frozen=True)
class TimetableConfig(Config):
    """stops, runs: fewest and most; grain: what all times are multiples of, minutes; queries: repeated to weigh."""

    stops: tuple[int, int] = (3, 5)
    runs: tuple[int, int] = (3, 5)
    grain: int = 1
    queries: tuple[str, ...] = ("read", "next", "arrive", "ride", "wait", "after", "which")


class Timetable(Task):
    """Stops in rows, runs in columns, each later than the one before; its Description is the table."""

    name = "timetable"
    version = 2
    Config = TimetableConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = {"variety": 0, "size": (224, 448)}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"stops": (2, 2), "runs": (2, 2), "grain": 10, "queries": ("read", "read", "next")},
            2: plain | {"stops": (2, 3), "runs": (2, 3), "grain": 5, "queries": ("read", "next", "which", "after")},
            3: {"stops": (3, 4), "runs": (3, 4), "grain": 5, "variety": 1, "size": (300, 700)},
            4: {"size": (300, 1200)},
            5: {
                "stops": (4, 8),
                "runs": (4, 7),
                "size": (336, 1200),
                "queries": ("next", "arrive", "ride", "ride", "wait", "wait", "after"),
            },
        }
        return presets[level]

    def draw(self, rng: random.Random, config: TimetableConfig) -> Item:
        asked = None
        while asked is None:
            plan, query = _plan(rng, config), rng.choice(config.queries)
            asked = _ask(rng, plan, query)
        fields, answer, ask, steps = asked
        question = rng.choice(WORDINGS[query]).format(**fields)
        rows = (("stop", *plan.runs), *((stop, *map(_clock, times)) for stop, times in plan.times.items()))
        description = Description("csv", csv.write(rows))
        self.claim(description, question)
        canvas, probes = _draw(rng, config, plan)
        return Item(canvas.image(rng), question, answer, description, steps, {"query": query} | ask, probes=probes)


@dataclass(frozen=True)
class _Plan:
    """times: stop -> minutes since midnight, a run each."""

    runs: tuple[str, ...]
    times: dict[str, list[int]]
    grain: int


Asked = tuple[dict[str, Any], str, dict[str, Any], str]
"""fields of the wording, answer, ask, steps"""


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"


def _plan(rng: random.Random, config: TimetableConfig) -> _Plan:
    """Runs that keep their order at every stop, with rides and gaps that vary."""
    stops, runs, grain = rng.sample(STOPS, rng.randint(*config.stops)), rng.randint(*config.runs), config.grain
    kind = rng.choice(("Bus {}", "Train {}", "{}", "Line {}"))
    first = rng.randint(1, 40)
    names = tuple(kind.format(first + k if kind != "{}" else "ABCDEFGH"[k]) for k in range(runs))
    starts = [rng.randrange(5 * 60, 15 * 60, grain)]
    for _ in range(runs - 1):
        starts.append(starts[-1] + grain * rng.randint(max(2, 8 // grain), max(4, 70 // grain)))
    rides = [grain * rng.randint(max(1, 3 // grain), max(3, 30 // grain)) for _ in stops[1:]]
    columns = []
    for start in starts:
        times = [start]
        for ride in rides:
            times.append(times[-1] + ride + (grain if rng.random() < 0.25 else 0))
        columns.append(times)
    return _Plan(names, {stop: [column[k] for column in columns] for k, stop in enumerate(stops)}, grain)


def _ask(rng: random.Random, plan: _Plan, query: str) -> Asked | None:
    stops = list(plan.times)
    # Nothing arrives at the first stop, and nothing leaves the last.
    a = rng.choice(stops[1:] if query == "arrive" else stops if query == "read" else stops[:-1])
    times, k = plan.times[a], rng.randrange(len(plan.runs))
    if times != sorted(set(times)):
        return None
    if query in ("read", "which"):
        run, time = plan.runs[k], _clock(times[k])
        answer, ask = (time, {"a": a, "run": run}) if query == "read" else (run, {"a": a, "t": time})
        return {"a": a, "run": run, "t": time}, answer, ask, f"{a}, {run}: {time}"
    if query == "ride":
        first, last = sorted(rng.sample(range(len(stops)), 2))
        return _ride(plan, stops[first], stops[last], k)
    return _timed(rng, plan, query, a)


def _ride(plan: _Plan, a: str, b: str, k: int) -> Asked:
    start, end, run = plan.times[a][k], plan.times[b][k], plan.runs[k]
    steps = f"{a}: {_clock(start)}\n{b}: {_clock(end)}\n{_gap(start, end)}"
    fields = {"a": a, "b": b, "run": run}
    return fields, str(end - start), fields, steps


def _gap(start: int, end: int) -> str:
    """The minutes between two times, over the full hour where there is one between them."""
    if start // 60 == end // 60:
        return f"{end % 60}-{start % 60}={end - start}"
    lines, at = [], (start // 60 + 1) * 60
    total = at - start
    lines.append(f"{_clock(start)} to {_clock(at)}: 60-{start % 60}={total}")
    while at + 60 <= end:
        at += 60
        lines.append(f"to {_clock(at)}: {total}+60={total + 60}")
        total += 60
    return "\n".join([*lines, f"to {_clock(end)}: {total}+{end - at}={total + end - at}"])


def _timed(rng: random.Random, plan: _Plan, query: str, a: str) -> Asked | None:
    """Questions about a time given: just before, between or just after the listed ones."""
    times = plan.times[a]
    now = rng.choice(times) + plan.grain * rng.choice((-2, -1, 1, 2, 3))
    now = now + 1 if now in times else now
    later, earlier = [t for t in times if t > now], [t for t in times if t < now]
    fields, sign = {"a": a, "t": _clock(now)}, {True: ">", False: "<"}
    if query == "after":
        walk = [f"{_clock(t)} {sign[t > now]} {_clock(now)}: {later.index(t) + 1 if t in later else 'no'}" for t in times]
        return fields, str(len(later)), fields, "\n".join([f"{a}:", *walk, str(len(later))])
    if query == "arrive":
        if not earlier:
            return None
        walk = [f"{_clock(t)} {sign[t > now]} {_clock(now)}" for t in [*earlier, *later[:1]]]
        return fields, _clock(earlier[-1]), fields, "\n".join([f"{a}:", *walk, _clock(earlier[-1])])
    if not later:
        return None
    walk = [f"{_clock(t)} {sign[t > now]} {_clock(now)}" for t in [*earlier, later[0]]]
    if query == "next":
        return fields, _clock(later[0]), fields, "\n".join([f"{a}:", *walk, _clock(later[0])])
    return fields, str(later[0] - now), fields, "\n".join([f"{a}:", *walk, _gap(now, later[0])])


def _draw(rng: random.Random, config: TimetableConfig, plan: _Plan) -> tuple[Canvas, tuple[tuple[int, int, RGB], ...]]:
    """A board: the stops down, the runs across. Lengths in em."""
    style = Style.sample(rng, config.variety, config.renderer)
    rule = Canvas(8, 8, style)
    first = max(rule.text_width(stop, 40) for stop in plan.times) / 40 + 1.2
    column = max(rule.text_width(text, 40) for text in (*plan.runs, "20:00")) / 40 + rng.uniform(0.9, 1.5)
    leading = rng.uniform(1.6, 2.1)
    wide, high = first + column * len(plan.runs), leading * (len(plan.times) + 1)
    aspect = min(3.0, max(0.45, (wide + 0.8) / (high + 0.8)))
    canvas = Canvas(*picture_size(rng, config.size, (aspect * 0.95, aspect * 1.08)), style)
    em = min(canvas.width / (wide + 0.8), canvas.height / (high + 0.8))
    left, top = (canvas.width - wide * em) / 2, (canvas.height - high * em) / 2
    head, body, ink, bright = _paint(rng, config, style)
    row, right = leading * em, left + wide * em
    probes = []
    for k, (stop, times) in enumerate([("", list(plan.runs)), *((s, [_clock(t) for t in ts]) for s, ts in plan.times.items())]):
        y, fill = top + k * row, head if k == 0 else body[k % 2]
        canvas.polygon([(left, y), (right, y), (right, y + row), (left, y + row)], fill)
        canvas.text((left + 0.5 * em, y + row / 2), stop, em, ink, anchor="lm")
        for c, text in enumerate(times):
            canvas.text((left + (first + (c + 0.5) * column) * em, y + row / 2), text, em, bright if k == 0 else ink)
        probes.append((int(left + 0.2 * em), int(y + 0.5 * row), fill))
    if rng.random() < 0.5 or config.variety == 0:
        for k in range(len(plan.times) + 2):
            canvas.line([(left, top + k * row), (right, top + k * row)], ink, max(1.0, 0.05 * em))
    return canvas, tuple(probes)


def _paint(rng: random.Random, config: TimetableConfig, style: Style) -> tuple[RGB, tuple[RGB, RGB], RGB, RGB]:
    """Colours of the head, of even and odd rows, of text, and of the head's text."""
    page = style.page
    kinds: list[tuple[RGB, tuple[RGB, RGB], RGB, RGB]] = [
        (page, (page, page), style.ink, style.ink),
        ((20, 60, 120), (page, (232, 238, 246)), style.ink, (255, 255, 255)),
        ((25, 25, 28), ((38, 38, 42), (25, 25, 28)), (250, 205, 60), (255, 255, 255)),
        ((250, 210, 50), ((255, 252, 238), (250, 244, 220)), (20, 20, 20), (20, 20, 20)),
    ]
    return kinds[0] if config.variety == 0 else rng.choice(kinds)
