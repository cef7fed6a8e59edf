"""Tables and charts as comma-separated values (RFC 4180), one row a line."""

import csv
import io

from onevision.errors import InputError

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
