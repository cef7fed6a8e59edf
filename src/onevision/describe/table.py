"""A table in a picture as CSV: rules and gaps give the columns, rules and lines of text the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from onevision.describe.ink import Layout, Pixels
from onevision.describe.ocr import Word
from onevision.describe.sight import Sight
from onevision.errors import InputError
from onevision.formal import csv
from onevision.types import Description, Region

NAME = "ocr-table"


@dataclass(frozen=True)
class Table:
    """cells: rows of equal length, "" where nothing stands; title: what stands above the columns, "" for none;
    places: the text of each line with its box."""

    cells: csv.Rows
    title: str
    places: tuple[Region, ...]


def describe(sight: Sight) -> Description:
    """The table in a picture, without its title, as CSV. Raises InputError where no two cells are found."""
    table = assemble(sight.words, sight.page)
    return Description("csv", csv.write(table.cells), table.places, NAME)


def assemble(words: Sequence[Word], page: Layout) -> Table:
    """The table that lines of text and the rules of a page make. Raises InputError where there are no two cells."""
    rules = _Rules(page, words)
    rows = _rows(words, rules, page.em)
    title, rows = _split_title(rows, rules)
    cuts = _columns(rows, rules, page.em)
    if not rows or len(rows) * (len(cuts) + 1) < 2:
        raise InputError("no table was found in the picture: fewer than two cells with text")
    cells = _without_blank_columns([_cells(row, cuts, page.em) for row in _merged(rows, cuts, rules)])
    places = tuple(Region(word.text, word.box) for word in words)
    return Table(cells, " ".join(word.text for word in title), places)


class _Rules:
    """Where long straight edges cut the text: across (y) through most of its width, down (x) through much of its height."""

    def __init__(self, page: Layout, words: Sequence[Word]) -> None:
        boxes = np.array([word.box for word in words] or [(0, 0, 1, 1)])
        self.left, self.top = (float(edge) for edge in boxes.min(0)[:2])
        self.right, self.bottom = (float(edge) for edge in boxes.max(0)[2:])
        wide, high = self.right - self.left, self.bottom - self.top
        inside = slice(int(self.left), int(self.right) + 1)
        self.down_edges = page.down
        edges = _groups(np.flatnonzero(page.across[:, inside].sum(1) >= 0.55 * wide), page.em)
        self.across = [middle for middle, _ in edges]
        self.lines = [thick for _, thick in edges]
        tall = page.down[int(self.top) : int(self.bottom) + 1].sum(0)
        self.down = [x for x, _ in _groups(np.flatnonzero(tall >= 0.4 * high), page.em) if self.left < x < self.right]

    def underlined(self, band: int) -> bool:
        """Whether a line ends a band, and not the change of one ground into another, which has one edge only."""
        return band < len(self.lines) and self.lines[band]

    def crosses(self, x: float, y: float) -> bool:
        """Whether an edge runs down at about x, at the height y."""
        return bool(self.down_edges[int(y), max(0, int(x) - 3) : int(x) + 4].any())


def _groups(places: Pixels, em: float) -> list[tuple[float, bool]]:
    """The middle of each group of neighbouring places, and whether it is more than one: a rule has two edges."""
    groups: list[list[int]] = []
    for place in places.tolist():
        if groups and place - groups[-1][-1] <= 0.5 * em:
            groups[-1].append(place)
        else:
            groups.append([place])
    return [((group[0] + group[-1]) / 2, len(group) > 1) for group in groups]


@dataclass(frozen=True)
class _Row:
    """A line of text across the table. band: the number of the strip between rules that it stands in."""

    words: tuple[Word, ...]
    band: int

    @property
    def y(self) -> float:
        """The middle of its words."""
        return float(np.mean([word.middle[1] for word in self.words]))


def _rows(words: Sequence[Word], rules: _Rules, em: float) -> list[_Row]:
    """The lines of text, top to bottom, never across a rule."""
    rows: list[list[Word]] = []
    bands: list[int] = []
    for word in sorted(words, key=lambda word: word.middle[1]):
        band = int(np.searchsorted(rules.across, word.middle[1]))
        if rows and bands[-1] == band and word.middle[1] - np.mean([w.middle[1] for w in rows[-1]]) < 0.6 * em:
            rows[-1].append(word)
        else:
            rows.append([word])
            bands.append(band)
    return [_Row(tuple(sorted(row, key=lambda word: word.box[0])), band) for row, band in zip(rows, bands, strict=True)]


def _split_title(rows: list[_Row], rules: _Rules) -> tuple[tuple[Word, ...], list[_Row]]:
    """What stands alone above the columns, and the rows without it."""
    title: tuple[Word, ...] = ()
    while len(rows) > 1 and max(len(row.words) for row in rows) > 1 and _is_title(rows[0], rows[1:], rules):
        title, rows = title + rows[0].words, rows[1:]
    return title, rows


def _is_title(row: _Row, rest: list[_Row], rules: _Rules) -> bool:
    """One line that no rule between columns reaches, or that lies over a gap between columns that all other rows leave."""
    if len(row.words) > 1:
        return False
    if rules.down:
        return not any(rules.crosses(x, row.y) for x in rules.down)
    left, _, right, _ = row.words[0].box
    starts = [word.box[0] for other in rest for word in other.words[1:]]
    return left < min(starts) - 1 and right > min(starts)


def _columns(rows: list[_Row], rules: _Rules, em: float) -> list[float]:
    """The x of every cut between two columns: rules, and gaps that every row leaves free and some row has text on both sides of."""
    cuts = list(rules.down)
    for left, right in _gaps(rows):
        middle = (left + right) / 2
        if any(left - em < cut < right + em for cut in cuts):
            continue
        if any(row.words[0].box[0] < middle < row.words[-1].box[2] and not any(_between(row, middle, cut) for cut in cuts) for row in rows):
            cuts.append(middle)
    return sorted(cuts)


def _between(row: _Row, gap: float, cut: float) -> bool:
    """Whether a rule already parts a row's text nearest to a gap on either side."""
    left = max((word.middle[0] for word in row.words if word.middle[0] < gap), default=gap)
    right = min((word.middle[0] for word in row.words if word.middle[0] > gap), default=gap)
    return left < cut < right


def _gaps(rows: list[_Row]) -> list[tuple[float, float]]:
    """The stretches along x that no line of text covers."""
    spans = sorted((word.box[0], word.box[2]) for row in rows for word in row.words)
    gaps, end = [], spans[0][1] if spans else 0.0
    for left, right in spans:
        if left > end + 1:
            gaps.append((end, left))
        end = max(end, right)
    return gaps


def _merged(rows: list[_Row], cuts: list[float], rules: _Rules) -> list[list[Word]]:
    """The rows of the table: the lines of one band are one row of wrapped cells, unless the band is a list of rows."""
    merged: list[list[Word]] = []
    bands = [[row for row in rows if row.band == band] for band in sorted({row.band for row in rows})]
    pitch = spacing([band[0].y for band in bands if len(band) == 1])
    for band in bands:
        # Where only the ground tells rows apart, two of them may share it; the lines of a cell stand closer than rows do.
        apart = not rules.underlined(band[0].band) and spacing([line.y for line in band]) > 0.92 * pitch > 0
        listed = apart or band is bands[-1]
        for k, line in enumerate(band):
            if k == 0 or (listed and _starts_row(line, cuts)):
                merged.append([])
            merged[-1] += line.words
    return merged


def _starts_row(line: _Row, cuts: list[float]) -> bool:
    """Whether a line has an entry in the first column or in most others, as a row has; a line of a wrapped cell has not."""
    return not cuts or line.words[0].middle[0] < cuts[0] or 2 * len(line.words) > len(cuts)


def _cells(words: Sequence[Word], cuts: list[float], em: float) -> tuple[str, ...]:
    """The words of a row, column by column; lines of a cell top to bottom."""
    columns: list[list[Word]] = [[] for _ in range(len(cuts) + 1)]
    for word in words:
        columns[int(np.searchsorted(cuts, word.middle[0]))].append(word)
    return tuple(" ".join(word.text for word in sorted(column, key=lambda w: (round(w.middle[1] / em), w.box[0]))) for column in columns)


def _without_blank_columns(rows: Sequence[tuple[str, ...]]) -> csv.Rows:
    """Frames and double rules make columns in which nothing stands."""
    kept = [k for k in range(len(rows[0])) if any(row[k] for row in rows)]
    return tuple(tuple(row[k] for k in kept) for row in rows)


def spacing(values: Sequence[float]) -> float:
    """The usual distance between neighbours; 0 for fewer than two."""
    return float(np.median([b - a for a, b in pairwise(values)])) if len(values) > 1 else 0.0
