"""Till receipts: read a price, find the dearest, add up, work out the total, the change or what a single one costs."""

import random
from dataclasses import dataclass
from typing import Any

from onevision.formal import csv
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, Canvas, Style, picture_size
from onevision.tasks.tables import best_so_far
from onevision.types import Description

WORDINGS = {
    "price": (
        "How much is on the receipt for {a}?",
        "What does the receipt say for {a}?",
        "What was paid for {a}?",
        "Read the amount for {a}.",
        "Which amount stands beside {a}?",
    ),
    "dearest": (
        "Which line of the receipt has the highest amount?",
        "For which item was most paid?",
        "What cost the most?",
        "Name the item with the largest amount.",
        "Which article is the most expensive line?",
    ),
    "cheapest": (
        "Which line of the receipt has the lowest amount?",
        "For which item was least paid?",
        "What cost the least?",
        "Name the item with the smallest amount.",
        "Which article is the cheapest line?",
    ),
    "pair": (
        "How much do {a} and {b} cost together?",
        "What was paid for {a} and {b} in sum?",
        "Add the amounts of {a} and {b}.",
        "What is the total of {a} and {b}?",
        "How much money went on {a} and {b}?",
    ),
    "lines": (
        "How many different articles were bought?",
        "How many lines with articles does the receipt have?",
        "Count the kinds of goods on the receipt.",
        "How many articles are listed?",
        "How many items does the receipt list, each line once?",
    ),
    "pieces": (
        "How many pieces were bought in all?",
        "Add up the quantities. How many pieces are there?",
        "What is the total number of pieces?",
        "How many single things were in the basket?",
        "What do the quantities add up to?",
    ),
    "total": (
        "The total cannot be read. How much is it?",
        "What total belongs at the bottom?",
        "What do all the amounts add up to?",
        "Work out the missing total.",
        "How much had to be paid in all?",
    ),
    "change": (
        "The customer pays with {n}. How much is the change?",
        "How much comes back from {n}?",
        "{n} is handed over. What change is due?",
        "What is left of {n} after paying the total?",
        "How much change is there for {n}?",
    ),
    "single": (
        "What is the unit price of {a}?",
        "What does one piece of {a} cost?",
        "At which price each was {a} sold?",
        "How much would a single piece of {a} cost?",
        "Divide the amount for {a} by the number of pieces.",
    ),
}
"""Query -> how it is asked."""
GOODS = tuple("""
Milk Bread Butter Eggs Apples Pears Rice Pasta Coffee Tea Sugar Flour Honey Jam Juice Water Cheese Yoghurt Onions Carrots Tomatoes
Bananas Grapes Soap Paper Pencil Candle Biscuits Cake Salt Pepper Oil Olives Beans Corn Soup Chips Nuts Muesli Lemons
""".split())  # fmt: skip
SHOPS = ("CORNER SHOP", "Green Market", "FRESH & CO", "City Foods", "Mini Market", "THE PANTRY", "Village Store", "SUPER 8")
TOTAL = "TOTAL"


@dataclass(frozen=True)
class ReceiptConfig(Config):
    """lines: fewest and most articles; grain: what amounts are multiples of, cents; top: largest price of one, cents; several:
    how often a line is for more than one; queries: repeated to weigh."""

    lines: tuple[int, int] = (4, 7)
    grain: int = 5
    top: int = 900
    several: float = 0.3
    queries: tuple[str, ...] = ("price", "dearest", "cheapest", "pair", "lines", "pieces", "total", "change", "single")


class Receipt(Task):
    """One receipt; its Description lists its lines, with the total where it can be read."""

    name = "receipt"
    Config = ReceiptConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = {"variety": 0, "size": (224, 448), "several": 0.0}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"lines": (2, 3), "grain": 100, "queries": ("price", "price", "dearest", "pair")},
            2: plain | {"lines": (2, 4), "grain": 50, "queries": ("price", "dearest", "cheapest", "pair", "lines")},
            3: {"lines": (3, 5), "grain": 10, "several": 0.2, "variety": 1, "size": (224, 700)},
            4: {},
            5: {"lines": (6, 11), "grain": 1, "top": 2500, "several": 0.5,
                "queries": ("dearest", "pair", "pieces", "total", "total", "change", "single")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: ReceiptConfig) -> Item:
        asked = None
        while asked is None:
            lines, query = _lines(rng, config), rng.choice(config.queries)
            asked = _ask(rng, lines, query)
        fields, answer, ask, steps = asked
        question = rng.choice(WORDINGS[query]).format(**fields)
        total = sum(line.amount for line in lines)
        shown = "" if query == "total" else _money(total)
        counted = any(line.count > 1 for line in lines)
        rows = [(line.name, *([str(line.count)] if counted else []), _money(line.amount)) for line in lines]
        head = ("item", "count", "amount") if counted else ("item", "amount")
        last = (TOTAL, *([""] if counted else []), shown or "?")
        description = Description("csv", csv.write((head, *rows, last)))
        self.claim(description, question)
        canvas, probes = _draw(rng, config, lines, shown)
        return Item(canvas.image(rng), question, answer, description, steps, {"query": query} | ask, probes=probes)


@dataclass(frozen=True)
class _Line:
    """amount: cents, of all pieces."""

    name: str
    count: int
    amount: int


Asked = tuple[dict[str, Any], str, dict[str, Any], str]
"""fields of the wording, answer, ask, steps"""


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _lines(rng: random.Random, config: ReceiptConfig) -> list[_Line]:
    lines = []
    for name in rng.sample(GOODS, rng.randint(*config.lines)):
        count = rng.randint(2, 5) if rng.random() < config.several else 1
        lines.append(_Line(name, count, count * config.grain * rng.randint(1, config.top // config.grain)))
    return lines


def _added(amounts: list[int]) -> str:
    """Sums one after the other, a line each."""
    lines, total = [], amounts[0]
    for amount in amounts[1:]:
        lines.append(f"{_money(total)}+{_money(amount)}={_money(total + amount)}")
        total += amount
    return "\n".join(lines)


def _ask(rng: random.Random, lines: list[_Line], query: str) -> Asked | None:
    a, b = rng.sample(lines, 2)
    amounts = [line.amount for line in lines]
    if query == "price":
        return {"a": a.name}, _money(a.amount), {"a": a.name}, f"{a.name}: {_money(a.amount)}"
    if query in ("dearest", "cheapest"):
        best, walk = best_so_far({line.name: line.amount for line in lines}, query == "cheapest", _money)
        return ({}, best, {}, f"{walk}\n{best}") if best else None
    if query == "pair":
        both = _money(a.amount + b.amount)
        steps = f"{a.name}: {_money(a.amount)}\n{b.name}: {_money(b.amount)}\n{_money(a.amount)}+{_money(b.amount)}={both}"
        return {"a": a.name, "b": b.name}, both, {"a": a.name, "b": b.name}, steps
    if query == "lines":
        walk = ", ".join(f"{k} {line.name}" for k, line in enumerate(lines, start=1))
        return {}, str(len(lines)), {}, f"{walk}\n{len(lines)}"
    if query == "total":
        return {}, _money(sum(amounts)), {}, _added(amounts)
    return _harder(rng, lines, query, a)


def _harder(rng: random.Random, lines: list[_Line], query: str, a: _Line) -> Asked | None:
    if query == "pieces":
        if all(line.count == 1 for line in lines):
            return None
        total, walk = 0, []
        for line in lines:
            total += line.count
            walk.append(f"{line.name} {line.count}: {total}")
        return {}, str(total), {}, "\n".join([*walk, str(total)])
    if query == "change":
        total = sum(line.amount for line in lines)
        paid = next((note for note in (500, 1000, 2000, 5000, 10000, 20000) if note >= total + 1), None)
        if paid is None:
            return None
        work = f"{TOTAL}: {_money(total)}\n{_money(paid)}-{_money(total)}={_money(paid - total)}"
        return {"n": _money(paid)}, _money(paid - total), {"paid": paid}, work
    if a.count == 1:
        return None
    work = f"{a.name}: {a.count}, {_money(a.amount)}\n{_money(a.amount)}/{a.count}={_money(a.amount // a.count)}"
    return {"a": a.name}, _money(a.amount // a.count), {"a": a.name}, work


def _draw(rng: random.Random, config: ReceiptConfig, lines: list[_Line], total: str) -> tuple[Canvas, tuple[tuple[int, int, RGB], ...]]:
    """A strip of paper on a table. Lengths in em."""
    style = Style.sample(rng, config.variety, config.renderer)
    wide, rows = rng.uniform(15, 19), len(lines) + 6.5
    high = rows * 1.45
    aspect = wide / high * 1.08
    canvas = Canvas(*picture_size(rng, config.size, (max(0.4, aspect * 0.95), max(0.42, aspect * 1.1))), style)
    em = min(canvas.width / wide, canvas.height / high) * 0.95
    left, top = (canvas.width - wide * em) / 2, (canvas.height - high * em) / 2
    right, bottom = left + wide * em, top + high * em
    desk: RGB = style.page if config.variety == 0 else (rng.randint(90, 215), rng.randint(80, 190), rng.randint(60, 180))
    paper: RGB = (255, 255, 255) if config.variety == 0 else rng.choice(((255, 255, 255), (252, 250, 243), (245, 245, 245)))
    canvas.polygon([(0, 0), (canvas.width, 0), (canvas.width, canvas.height), (0, canvas.height)], desk)
    canvas.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], paper)
    font = rng.choice(("DejaVuSansMono.ttf", "DejaVuSansMono.ttf", style.font)) if config.variety else style.font
    ink: RGB = (20, 20, 20)
    step, y = 1.45 * em, top + 1.3 * em
    canvas.text((canvas.width / 2, y), rng.choice(SHOPS), 1.25 * em, ink, font)
    canvas.text((canvas.width / 2, y + step), _stamp(rng), 0.85 * em, ink, font)
    rule = rng.choice(("dash", "line", "stars"))
    _rule(canvas, rule, (left + em, right - em, y + 2 * step), em, ink, font)
    # A count stands before the name or after it.
    before = rng.random() < 0.5
    for k, line in enumerate(lines):
        at, times = y + (3 + k) * step, f"{line.count} x" if before else f"x{line.count}"
        name = line.name if line.count == 1 else f"{times} {line.name}" if before else f"{line.name} {times}"
        canvas.text((left + em, at), name, em, ink, font, "lm")
        canvas.text((right - em, at), _money(line.amount), em, ink, font, "rm")
    foot = y + (3 + len(lines)) * step
    _rule(canvas, rule, (left + em, right - em, foot), em, ink, font)
    canvas.text((left + em, foot + step), TOTAL, 1.15 * em, ink, font, "lm")
    if total:
        canvas.text((right - em, foot + step), total, 1.15 * em, ink, font, "rm")
    else:
        canvas.ellipse((right - 3 * em, foot + step), 2.2 * em, 0.6 * em, (120, 90, 60))
    probes = [(int(left + 0.4 * em), int(y + (3 + k) * step), paper) for k in range(len(lines))]
    return canvas, tuple(probes)


def _stamp(rng: random.Random) -> str:
    return f"{rng.randint(1, 28):02d}/{rng.randint(1, 12):02d}/{rng.randint(2005, 2026)}  {rng.randint(8, 20)}:{rng.randint(0, 59):02d}"


def _rule(canvas: Canvas, kind: str, place: tuple[float, float, float], em: float, ink: RGB, font: str) -> None:
    """A line across, of a kind; place: left, right, y."""
    left, right, y = place
    if kind == "line":
        canvas.line([(left, y), (right, y)], ink, max(1.0, 0.06 * em))
    else:
        sign = "-" if kind == "dash" else "*"
        count = max(1, int((right - left) / max(0.2 * em, canvas.text_width(sign * 10, em, font) / 10)))
        canvas.text(((left + right) / 2, y), sign * count, em, ink, font)
