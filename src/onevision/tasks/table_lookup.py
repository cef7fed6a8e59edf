"""A table with named rows and columns: look a cell up, compare a column's cells, add them, count them."""

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from onevision.formal import csv
from onevision.tasks import walks
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, Canvas, Style, picture_size
from onevision.tasks.words import labels
from onevision.types import Description

VALUE = (
    "What is the value for {row} in column {column}?",
    "Which entry does {row} have under {column}?",
    "What is in row {row}, column {column}?",
    "Look up {row} and {column} in the table.",
    "What does the table say for {row} and {column}?",
    "Read the cell in row {row} and column {column}.",
)
MOST = (
    "Which row has the {most} value in column {column}?",
    "Who or what has the {most} number under {column}?",
    "In column {column}, which row is the {most}?",
    "Which row has the {most} {column}?",
    "Name the row with the {most} entry for {column}.",
)
SUM = (
    "What is the sum of {a} and {b} in column {column}?",
    "How many {column} do {a} and {b} have together?",
    "Add the {column} values of {a} and {b}.",
    "What do {a} and {b} make together under {column}?",
    "In column {column}, how much are {a} and {b} in total?",
)
DIFFERENCE = (
    "How much more does {a} have than {b} in column {column}?",
    "What is the difference between {a} and {b} in column {column}?",
    "By how much is {a} larger than {b} under {column}?",
    "How many more {column} does {a} have than {b}?",
    "In column {column}, subtract {b} from {a}.",
)
COUNT = (
    "How many rows have more than {n} in column {column}?",
    "How many values in column {column} are greater than {n}?",
    "In column {column}, how many numbers are above {n}?",
    "Count the rows with more than {n} under {column}.",
    "How many entries for {column} are larger than {n}?",
)
WHERE = (
    "Which row has {value} in column {column}?",
    "Who or what has {value} under {column}?",
    "In which row does column {column} say {value}?",
    "Which row shows {value} for {column}?",
    "Find the row whose {column} is {value}.",
)
LOOKS = ("grid", "rules", "header", "zebra", "frame", "none")


@dataclass(frozen=True)
class TableLookupConfig(Config):
    """rows, columns: fewest and most, without the header and the labels; top: largest number; letters: longest label;
    words: how often the last column holds words; queries: the kinds of question, repeated to weigh; looks: of LOOKS."""

    rows: tuple[int, int] = (4, 4)
    columns: tuple[int, int] = (2, 3)
    top: int = 99
    letters: int = 5
    words: float = 0.15
    queries: tuple[str, ...] = ("value", "where", "most", "sum", "difference", "count")
    looks: tuple[str, ...] = LOOKS


class TableLookup(Task):
    """One table of small whole numbers, or words at the higher levels; its Description is the whole table."""

    name = "table_lookup"
    version = 2
    Config = TableLookupConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = {"words": 0.0, "variety": 0, "size": (224, 448), "looks": ("grid",)}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"rows": (2, 2), "columns": (1, 2), "top": 9, "letters": 3, "queries": ("value", "value", "most")},
            2: plain
            | {
                "rows": (2, 3),
                "columns": (1, 2),
                "top": 20,
                "letters": 4,
                "queries": ("value", "value", "most", "sum"),
            },
            3: {
                "rows": (3, 3),
                "columns": (2, 3),
                "letters": 4,
                "words": 0.0,
                "variety": 1,
                "size": (224, 700),
                "queries": ("value", "value", "where", "most", "sum", "count"),
            },
            4: {},
            5: {"rows": (4, 6), "columns": (3, 4), "top": 250, "words": 0.25},
        }
        return presets[level]

    def draw(self, rng: random.Random, config: TableLookupConfig) -> Item:
        table = _table(rng, config)
        question, answer, ask, steps = _ask(rng, table, rng.choice(config.queries))
        description = Description("csv", csv.write(tuple(map(tuple, table))))
        self.claim(description, question)
        picture = _Picture(rng, config, table)
        probes = picture.draw()
        return Item(picture.canvas.image(rng), question, answer, description, steps, ask, probes=probes)


Table = list[list[str]]
"""The header first; every row starts with its label."""


def _table(rng: random.Random, config: TableLookupConfig) -> Table:
    rows, columns = rng.randint(*config.rows), rng.randint(*config.columns)
    theme, down = labels(rng, rows, config.letters)
    _, across = labels(rng, columns, config.letters, without=theme)
    # Different numbers within a column: no two rows share the largest.
    cells = [rng.sample(range(1, config.top + 1), rows) for _ in range(columns)]
    body = [[label, *(str(column[k]) for column in cells)] for k, label in enumerate(down)]
    if columns > 1 and rng.random() < config.words:
        across[-1], words = labels(rng, 3, config.letters, without=theme)
        for row in body:
            row[-1] = rng.choice(words)
    return [[theme if rng.random() < 0.5 else "", *across], *body]


Asked = tuple[str, str, dict[str, Any], str]
"""question, answer, ask, steps"""


def _ask(rng: random.Random, table: Table, query: str) -> Asked:
    header, *body = table
    numeric = [k for k in range(1, len(header)) if body[0][k].isdigit()]
    ask = {"value": _value, "where": _where, "most": _most, "sum": _pair, "difference": _pair, "count": _count}[query]
    column = rng.randrange(1, len(header)) if query in ("value", "where") else rng.choice(numeric)
    question, answer, asked, steps = ask(rng, query, header[column], {row[0]: row[column] for row in body})
    columns = walks.find({f"{name} {k}": name for k, name in enumerate(header[1:], start=1)}, header[column])
    return question, answer, asked, f"{columns}\n{steps}"


def _found(cells: dict[str, str], row: str) -> str:
    """The walk down a column to a row, and its cell."""
    return f"{walks.find({f'{name} {cell}': name for name, cell in cells.items()}, row)}\n{row}: {cells[row]}"


def _value(rng: random.Random, query: str, column: str, cells: dict[str, str]) -> Asked:
    row = rng.choice(list(cells))
    question = rng.choice(VALUE).format(row=row, column=column)
    return question, cells[row], {"query": query, "row": row, "column": column}, _found(cells, row)


def _where(rng: random.Random, query: str, column: str, cells: dict[str, str]) -> Asked:
    single = [row for row, value in cells.items() if list(cells.values()).count(value) == 1]
    if not single:
        return _value(rng, "value", column, cells)
    row = rng.choice(single)
    question = rng.choice(WHERE).format(value=cells[row], column=column)
    steps = f"{walks.find({f'{name} {cell}': cell for name, cell in cells.items()}, cells[row])}\n{cells[row]}: {row}"
    return question, row, {"query": query, "value": cells[row], "column": column}, steps


def _most(rng: random.Random, query: str, column: str, cells: dict[str, str]) -> Asked:
    least = rng.random() < 0.4
    row = (min if least else max)(cells, key=lambda r: int(cells[r]))
    word = rng.choice(("smallest", "lowest") if least else ("largest", "highest"))
    question = rng.choice(MOST).format(most=word, column=column)
    which = "least" if least else "most"
    walk = walks.best({name: int(cell) for name, cell in cells.items()}, least)
    return question, row, {"query": which, "column": column}, f"{walk}\n{which}: {row}"


def _pair(rng: random.Random, query: str, column: str, cells: dict[str, str]) -> Asked:
    a, b = rng.sample(list(cells), 2)
    if query == "difference" and int(cells[a]) < int(cells[b]):
        a, b = b, a
    x, y = int(cells[a]), int(cells[b])
    question = rng.choice(SUM if query == "sum" else DIFFERENCE).format(a=a, b=b, column=column)
    work = f"{x}+{y}={x + y}" if query == "sum" else f"{x}-{y}={x - y}"
    answer = str(x + y if query == "sum" else x - y)
    steps = f"{_found(cells, a)}\n{_found(cells, b)}\n{work}"
    return question, answer, {"query": query, "rows": [a, b], "column": column}, steps


def _count(rng: random.Random, query: str, column: str, cells: dict[str, str]) -> Asked:
    # A bound below a random rank makes every count about as likely.
    ranked = sorted(map(int, cells.values()))
    n = max(0, rng.choice([*ranked, ranked[0] - 1]) - rng.choice((0, 0, 1)))
    above = sum(int(value) > n for value in cells.values())
    walk = walks.count([(f"{row} {value}", int(value) > n) for row, value in cells.items()], f"> {n}")
    question = rng.choice(COUNT).format(n=n, column=column)
    ask = {"query": query, "column": column, "above": n}
    return question, str(above), ask, f"{walk}\nabove {n}: {above}"


class _Picture:
    """Where a table's cells go, and how they look. Lengths named so are in em of its text."""

    def __init__(self, rng: random.Random, config: TableLookupConfig, table: Table) -> None:
        self.table, style = table, Style.sample(rng, config.variety, config.renderer)
        pad, leading = rng.uniform(0.35, 0.6), rng.uniform(1.5, 1.9)
        rule = Canvas(8, 8, style)
        widths = [max(_width(rule, row[k]) for row in table) + 2 * pad for k in range(len(table[0]))]
        if rng.random() < 0.4:
            widths[1:] = [max(widths[1:])] * (len(widths) - 1)
        wide, high = sum(widths) + 0.8, len(table) * leading + 0.8
        aspect = min(3.0, max(0.5, wide / high))
        self.canvas = Canvas(*picture_size(rng, config.size, (aspect * 0.9, aspect * 1.1)), style)
        em = min(self.canvas.width / wide, self.canvas.height / high)
        self.em = em * (rng.uniform(0.8, 1.0) if config.variety and em > 24 else 1.0)
        self.pad = pad * self.em
        self.widths, self.row_height = [w * self.em for w in widths], leading * self.em
        slack = self.canvas.width - sum(self.widths), self.canvas.height - len(table) * self.row_height
        self.left, self.top = (s / 2 * (rng.uniform(0.7, 1.3) if config.variety else 1.0) for s in slack)
        self._look(rng, config)

    def _look(self, rng: random.Random, config: TableLookupConfig) -> None:
        page = self.canvas.style.page
        self.look = rng.choice(config.looks)
        self.line = min(self.canvas.line_width, 0.12 * self.em)
        shaded = config.variety and rng.random() < 0.5
        self.head: RGB = (rng.randint(175, 235), rng.randint(190, 240), rng.randint(190, 250)) if shaded else page
        self.stripe: RGB = (page[0] - 22, page[1] - 18, page[2] - 14) if self.look == "zebra" else page
        self.anchors = rng.choice(("lm", "mm")), rng.choice(("rm", "mm")) if config.variety else "mm"

    def draw(self) -> tuple[tuple[int, int, RGB], ...]:
        """Draw it; gives as probes the ground beside the text in three corner cells."""
        self._ground()
        for k, row in enumerate(self.table):
            for column, text in enumerate(row):
                self._cell(k, column, text)
        last = len(self.table) - 1
        return self._probe(0, len(self.widths) - 1), self._probe(last, 0), self._probe(last, len(self.widths) - 1)

    def _fill(self, row: int) -> RGB:
        return self.head if row == 0 else self.stripe if row % 2 == 0 else self.canvas.style.page

    def _edges(self, column: int) -> tuple[float, float]:
        left = self.left + sum(self.widths[:column])
        return left, left + self.widths[column]

    def _ground(self) -> None:
        left, right = self.left, self.left + sum(self.widths)
        rows = [self.top + k * self.row_height for k in range(len(self.table) + 1)]
        for k, (top, bottom) in enumerate(pairwise(rows)):
            if self._fill(k) != self.canvas.style.page:
                self.canvas.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], self._fill(k))
        across = {"grid": rows, "rules": rows, "header": rows[1:2], "frame": [rows[0], rows[1], rows[-1]]}.get(self.look, [])
        for y in across:
            self.canvas.line([(left, y), (right, y)], width=self.line)
        edges = [left, *(self._edges(k)[1] for k in range(len(self.widths)))]
        for x in {"grid": edges, "frame": [edges[0], edges[1], edges[-1]]}.get(self.look, []):
            self.canvas.line([(x, rows[0]), (x, rows[-1])], width=self.line)

    def _cell(self, row: int, column: int, text: str) -> None:
        left, right = self._edges(column)
        anchor = self.anchors[column > 0]
        x = {"l": left + self.pad, "m": (left + right) / 2, "r": right - self.pad}[anchor[0]]
        if text:
            self.canvas.text((x, self.top + (row + 0.5) * self.row_height), text, self.em, anchor=anchor)

    def _probe(self, row: int, column: int) -> tuple[int, int, RGB]:
        y = self.top + (row + 0.16) * self.row_height + self.line / 2
        return int(self._edges(column)[0] + 0.5 * self.pad + self.line / 2), int(y), self._fill(row)


def _width(canvas: Canvas, text: str) -> float:
    """A text's width in em."""
    left, _, right, _ = canvas.text_box((0, 0), text, 40)
    return (right - left) / 40
