"""Tables that charts show, random or real, and what can be asked of them. Real values are rounded to what an axis can tell."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from onevision.formal import csv
from onevision.tasks.real_tables import MONTHS, REAL, real_source
from onevision.tasks.words import THEMES, labels

TITLES = ("Books read", "Votes", "Sales", "Points", "Visitors", "Rain", "Goals", "Stamps", "Orders", "Calls")


@dataclass(frozen=True)
class Scale:
    """A value axis from 0 to top with a tick at every multiple of step; all values are multiples of grain."""

    top: int
    step: int
    grain: int

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """(place, text) of every tick."""
        return tuple((k, str(k)) for k in range(0, self.top + 1, self.step))


@dataclass(frozen=True)
class Table:
    """cells[r][c] belongs to rows[r] and columns[c]; corner: what the rows are."""

    title: str
    corner: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[int, ...], ...]
    scale: Scale

    def csv(self) -> str:
        """The table as CSV, its corner first."""
        head = (self.corner, *self.columns)
        return csv.write((head, *((row, *map(str, cells)) for row, cells in zip(self.rows, self.cells, strict=True))))

    def column(self, name: str) -> dict[str, int]:
        """Row -> value, of one column."""
        place = self.columns.index(name)
        return {row: cells[place] for row, cells in zip(self.rows, self.cells, strict=True)}


def scale_for(rng: random.Random, most: float, ticks: tuple[int, int] = (4, 8), half: bool = False) -> Scale:
    """A scale with so many ticks whose top is at least `most` and at most about twice that; half: grain of half a step."""
    steps = [digit * 10**power for power in range(5) for digit in (1, 2, 5)] + [25, 250]
    fitting: list[Scale] = []
    while not fitting:
        tops = [Scale(step * -(-math.ceil(most) // step), step, step) for step in steps]
        fitting = [s for s in tops if ticks[0] <= s.top // s.step <= ticks[1]]
        most *= 1.1
    chosen = rng.choice(fitting)
    return Scale(chosen.top, chosen.step, chosen.step // 2 if half and chosen.step % 2 == 0 else chosen.step)


def random_table(rng: random.Random, rows: int, columns: int, scale: Scale, letters: int = 5) -> Table:
    """Values that differ within each row, so that no mark hides another."""
    theme, down = labels(rng, rows, letters) if rows <= 8 and rng.random() < 0.5 else _times(rng, rows)
    _, across = labels(rng, columns, letters, without=theme)
    while across[0] in THEMES["Color"]:  # a series called Blue and drawn in red would only confuse
        _, across = labels(rng, columns, letters, without=theme)
    cells = [_row(rng, columns, scale) for _ in down]
    return Table(rng.choice(TITLES), theme, tuple(down), tuple(across), tuple(cells), scale)


def _row(rng: random.Random, columns: int, scale: Scale) -> tuple[int, ...]:
    return tuple(k * scale.grain for k in rng.sample(range(1, scale.top // scale.grain + 1), columns))


def _times(rng: random.Random, count: int) -> tuple[str, list[str]]:
    """Consecutive months or years."""
    if count <= 12 and rng.random() < 0.5:
        first = rng.randrange(13 - count)
        return "Month", list(MONTHS[first : first + count])
    first = rng.randint(1950, 2026 - count)
    return "Year", [str(first + k) for k in range(count)]


def real_table(rng: random.Random, rows: int, columns: int, ticks: tuple[int, int], half: bool) -> Table | None:
    """Consecutive rows and some columns of a real table; None where rounding makes a value 0 or two of a row equal."""
    title, corner, source = real_source(rng.choice(sorted(REAL)))
    years, names = list(source), list(next(iter(source.values())))
    first = rng.randrange(max(1, len(years) - rows + 1))
    down, across = years[first : first + rows], rng.sample(names, min(columns, len(names)))
    raw = [[source[row][name] for name in across] for row in down]
    scale = scale_for(rng, max(map(max, raw)), ticks, half)
    cells = tuple(tuple(round(v / scale.grain) * scale.grain for v in row) for row in raw)
    if any(len(set(row)) < len(row) or min(row) <= 0 for row in cells) or len({row[0] for row in cells}) < 2:
        return None
    return Table(title, corner, tuple(down), tuple(across), cells, scale)


def table_for(rng: random.Random, rows: int, columns: int, top: int, ticks: tuple[int, int], half: bool, real: float) -> Table:
    """A real table with the chance `real`, where one fits, else a random one with values up to about `top`."""
    found = real_table(rng, rows, columns, ticks, half) if rng.random() < real else None
    return found or random_table(rng, rows, columns, scale_for(rng, rng.randint(max(ticks[0], (top + 1) // 2), top), ticks, half))


@dataclass(frozen=True)
class Asked:
    """A question's fields for its wording, its answer, its parameters and the steps to it."""

    fields: dict[str, Any]
    answer: str
    ask: dict[str, Any]
    steps: str


def ask(rng: random.Random, table: Table, query: str) -> Asked | None:
    """What a query asks of a table; None where the table has no clear answer to it."""
    column = rng.choice(table.columns)
    kinds: dict[str, Callable[[random.Random, Table, str], Asked | None]] = {
        "read": _read, "most": _most, "least": _most, "sum": _sum, "difference": _difference, "above": _above,
        "over": _over, "rise": _rise, "total": _total, "mean": _mean_of, "best": _best,
    }  # fmt: skip
    found = kinds[query](rng, table, column) if query != "least" else _most(rng, table, column, least=True)
    return found and Asked(found.fields, found.answer, {"query": query} | found.ask, found.steps)


def _read(rng: random.Random, table: Table, column: str) -> Asked:
    row = rng.choice(table.rows)
    value = table.column(column)[row]
    return Asked({"row": row, "column": column}, str(value), {"row": row, "column": column}, f"{column}, {row}: {value}")


def best_so_far(values: dict[str, int], least: bool = False, said: Callable[[int], str] = str) -> tuple[str | None, str]:
    """The name of the largest (or least) value, None where two share it, and the walk that finds it. said: writes a value."""
    (first, value), *others = values.items()
    best, lines = first, [f"{first} {said(value)}"]
    for name, value in others:
        sign = "<" if value < values[best] else ">" if value > values[best] else "="
        old, best = values[best], name if sign == ("<" if least else ">") else best
        lines.append(f"{name} {said(value)} {sign} {said(old)}: {best}")
    tied = list(values.values()).count(values[best]) > 1
    return None if tied else best, "\n".join(lines)


def _most(rng: random.Random, table: Table, column: str, least: bool = False) -> Asked | None:
    best, walk = best_so_far(table.column(column), least)
    return Asked({"column": column}, best, {"column": column}, f"{column}:\n{walk}\n{best}") if best else None


def _best(rng: random.Random, table: Table, column: str) -> Asked | None:
    row = rng.choice(table.rows)
    values = {name: table.column(name)[row] for name in table.columns}
    best, walk = best_so_far(values)
    return Asked({"row": row}, best, {"row": row}, f"{row}:\n{walk}\n{best}") if best else None


def added(values: list[int]) -> str:
    """Sums one after the other, a line each."""
    lines, total = [], values[0]
    for value in values[1:]:
        lines.append(f"{total}+{value}={total + value}")
        total += value
    return "\n".join(lines)


def _sum(rng: random.Random, table: Table, column: str) -> Asked:
    a, b = rng.sample(table.rows, 2)
    x, y = (table.column(column)[row] for row in (a, b))
    fields = {"a": a, "b": b, "column": column}
    return Asked(fields, str(x + y), fields, f"{column}, {a}: {x}\n{column}, {b}: {y}\n{x}+{y}={x + y}")


def _difference(rng: random.Random, table: Table, column: str) -> Asked | None:
    values = table.column(column)
    a, b = sorted(rng.sample(table.rows, 2), key=values.__getitem__, reverse=True)
    x, y = values[a], values[b]
    fields = {"a": a, "b": b, "column": column}
    return Asked(fields, str(x - y), fields, f"{column}, {a}: {x}\n{column}, {b}: {y}\n{x}-{y}={x - y}") if x > y else None


def counted(values: dict[str, tuple[int, int]]) -> tuple[int, str]:
    """How many have their first number above their second, and the walk that counts them."""
    count, lines = 0, []
    for name, (value, bound) in values.items():
        count += value > bound
        sign = "<" if value < bound else ">" if value > bound else "="
        lines.append(f"{name} {value} {sign} {bound}: {count if value > bound else 'no'}")
    return count, "\n".join(lines)


def _above(rng: random.Random, table: Table, column: str) -> Asked:
    values = table.column(column)
    # A bound at a random rank makes every count about as likely.
    n = rng.choice([*values.values(), max(0, min(values.values()) - table.scale.grain)])
    count, walk = counted({row: (value, n) for row, value in values.items()})
    return Asked({"column": column, "n": n}, str(count), {"column": column, "n": n}, f"{column}:\n{walk}\n{count}")


def _over(rng: random.Random, table: Table, column: str) -> Asked | None:
    if len(table.columns) < 2:
        return None
    a, b = rng.sample(table.columns, 2)
    first, second = table.column(a), table.column(b)
    count, walk = counted({row: (first[row], second[row]) for row in table.rows})
    return Asked({"a": a, "b": b}, str(count), {"a": a, "b": b}, f"{a}, {b}:\n{walk}\n{count}")


def _rise(rng: random.Random, table: Table, column: str) -> Asked | None:
    values = table.column(column)
    rises = {b: values[b] - values[a] for a, b in pairwise(table.rows)}
    best, walk = best_so_far(rises)
    if best is None or rises[best] <= 0:
        return None
    taken = "\n".join(f"{b}: {values[b]}-{values[a]}={values[b] - values[a]}" for a, b in pairwise(table.rows))
    return Asked({"column": column}, best, {"column": column}, f"{column}:\n{taken}\n{walk}\n{best}")


def _total(rng: random.Random, table: Table, column: str) -> Asked:
    row = rng.choice(table.rows)
    values = list(table.cells[table.rows.index(row)])
    listed = ", ".join(f"{name} {value}" for name, value in zip(table.columns, values, strict=True))
    return Asked({"row": row}, str(sum(values)), {"row": row}, f"{row}: {listed}\n{added(values) or values[0]}")


def _mean_of(rng: random.Random, table: Table, column: str) -> Asked | None:
    values = list(table.column(column).values())
    if sum(values) % len(values):
        return None
    mean = sum(values) // len(values)
    listed = ", ".join(f"{row} {value}" for row, value in table.column(column).items())
    return Asked({"column": column}, str(mean), {"column": column},
                 f"{column}: {listed}\n{added(values)}\n{sum(values)}/{len(values)}={mean}")  # fmt: skip
