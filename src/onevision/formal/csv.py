"""Tables and charts as comma-separated values (RFC 4180), one row a line."""

import csv
import io

from PIL.Image import Image

from onevision.errors import InputError
from onevision.formal.checks import f1
from onevision.formal.drawings import bars, table

Rows = tuple[tuple[str, ...], ...]


def write(rows: Rows) -> str:
    """Rows of cells as CSV text without a trailing newline."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().removesuffix("\n")


def parse(text: str) -> Rows:
    """The rows of a CSV text; raises InputError when it is empty or a row's length differs from the first's."""
    try:
        rows = tuple(tuple(row) for row in csv.reader(io.StringIO(text), strict=True) if row)
    except csv.Error as error:
        raise InputError(f"csv: {error}") from None
    if not rows:
        raise InputError("csv: no rows")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise InputError(f"csv: row {number} has {len(row)} cells where the first has {len(rows[0])}")
    return rows


def summary(rows: Rows) -> str:
    """What is in it, in a few words."""
    return f"{len(rows)} rows of {len(rows[0])} cells"


def plain(cell: str) -> str:
    """A cell without what does not count when cells are compared: commas and spaces."""
    return "".join(cell.split()).replace(",", "")


def compare(first: Rows, second: Rows) -> float:
    """F1 over the cells, each with its row and column; commas and spaces inside a cell do not count."""
    keys = ([(r, c, plain(cell)) for r, row in enumerate(rows) for c, cell in enumerate(row)] for rows in (first, second))
    return f1(*keys)


def draw(rows: Rows) -> Image:
    """The table, with rules between its rows and columns."""
    return table(rows)


def draw_chart(rows: Rows) -> Image:
    """The rows after the first as bars: a label and a number each. Raises InputError when they are none."""
    try:
        values = {label: float(value) for label, value in rows[1:]}
    except ValueError:
        raise InputError("csv: a chart has a label and a number in each row after the first") from None
    if len(values) < len(rows) - 1 or not values:
        raise InputError("csv: a chart has at least one row, and different labels")
    return bars(values, rows[0][-1])
