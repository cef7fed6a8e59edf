"""What kind of picture it is: decided by a few cheap features, in a stated order, with a stated reason."""

import re
from dataclasses import asdict, dataclass

import numpy as np

from onevision.describe import chart, scene
from onevision.describe.chart import Bar
from onevision.describe.colours import page_colour
from onevision.describe.ink import Box, cv2
from onevision.describe.ocr import Word
from onevision.describe.sight import Sight

FORMALISM = {
    "chart": "csv", "table": "csv", "circuit": "spice", "flowchart": "mermaid", "page": "html", "music": "lilypond", "geometry": "geometry",
    "figure": "figure", "scene": "scene", "natural": "boxes", "text": "document", "mixed": "document",
}  # fmt: skip
"""Kind of picture -> the formalism that says most of it."""

_PART = re.compile(r"[RCLVIDQ]\s?\d{1,2}(?:\b.*)?|.*\d\s?(?:[kKM]?[ΩQ]|ohms?|[uµnp]F|mH|mA|[kmM]?V)\b.*|[A-Z]\w* \d[\d.]*[kKMmunpµ]?")


@dataclass(frozen=True)
class Route:
    """kind: of FORMALISM; reason: the features that decided, one line; formalism: what to write the picture in."""

    kind: str
    reason: str
    formalism: str

    def as_json(self) -> dict[str, str]:
        """The object that `onevision describe --json` prints."""
        return asdict(self)


@dataclass(frozen=True)
class Features:
    """What the decision rests on.

    words: lines of text; covered: share of the page that text covers; across, down: rules through half of the page; columns: how many
    places along x lines of text begin at in three rows or more; bars: on one base line; staves: groups of five even lines; blobs:
    coloured shapes of a known outline; boxes: closed regions with text; nodes: closed outlines
    and filled shapes; strokes: share of ink that is no text; parts: words like R1 or 10k.
    """

    drawn: bool
    words: int
    covered: float
    across: int
    down: int
    columns: int
    bars: int
    numbers: int
    staves: int
    blobs: int
    boxes: int
    nodes: int
    strokes: float
    points: int
    parts: int
    tall: float


def route(sight: Sight) -> Route:
    """Decide what kind of picture it is."""
    kind, reason = _decide(features(sight))
    return Route(kind, reason, FORMALISM[kind])


def features(sight: Sight) -> Features:
    """Measure a picture; its text is read on the way."""
    shapes = [blob.box for blob, _ in scene.shapes(sight)] if sight.drawn else []
    words = _texts(sight, shapes)
    area = sight.image.width * sight.image.height
    bars, _ = chart.find_bars(sight) if sight.drawn else ([], False)
    rows = [round(word.middle[1] / max(1.0, sight.page.em)) for word in words]
    return Features(
        drawn=sight.drawn,
        words=len(words),
        covered=sum(_area(word.box) for word in words) / area,
        across=_rules(sight, axis=1),
        down=_rules(sight, axis=0),
        columns=sum(1 for start in _starts(words, sight.page.em) if start >= 2) if len(set(rows)) > 1 else 0,
        bars=len(bars) if _uneven(bars) and not _striped(bars, words) else 0,
        numbers=sum(bool(re.fullmatch(r"[$€£]?-?[\d.,]+%?", word.text.strip(chart.TICK_MARKS))) for word in words),
        staves=_staves(sight),
        blobs=sum(not any(_within(shape, word.box) for word in words) for shape in shapes),
        boxes=_boxes(sight, words),
        nodes=_closed(sight) + len(shapes),
        strokes=_strokes(sight, words),
        points=sum(bool(re.fullmatch(r"[A-Z]'?", word.text)) for word in words),
        parts=sum(bool(_PART.fullmatch(word.text)) for word in words),
        tall=float(np.ptp([word.height for word in words]) / max(1.0, sight.page.em)) if words else 0.0,
    )


def _decide(f: Features) -> tuple[str, str]:
    """The first rule that fits."""
    if f.staves:
        return "music", f"{f.staves} groups of five even lines"
    if not f.drawn and f.words < 4:
        return "natural", f"few flat colours and {f.words} lines of text"
    if f.bars >= 2 and f.bars >= f.blobs and f.words >= f.bars and f.numbers >= 2:
        return "chart", f"{f.bars} bars on one base line, {f.numbers} numbers"
    if f.parts >= 2 and f.parts >= 0.3 * f.words and f.across + f.strokes > 0:
        return "circuit", f"{f.parts} of {f.words} texts are names or values of parts"
    if f.words >= 4 and f.columns >= 2 and (f.across >= 2 or (f.covered < 0.5 and f.strokes < 0.2)):
        return "table", f"{f.across} rules across, {f.down} down, {f.columns} columns of text"
    if f.blobs >= 1 and 2 * f.words <= f.blobs + 1:
        return "scene", f"{f.blobs} coloured shapes and {f.words} lines of text"
    if f.points >= 2 and f.points >= 0.6 * f.words and not f.boxes:
        return "geometry", f"{f.points} single capital letters at lines"
    if f.boxes >= 2 and f.strokes > 0.4 and f.words <= 5 * f.boxes and not f.across:
        return "flowchart", f"{f.boxes} closed boxes with text and lines between them"
    if f.words and f.nodes >= 2 and f.strokes > 0.8 and f.words <= 3 * f.nodes and not f.across:
        return "flowchart", f"{f.nodes} closed shapes, {f.words} texts and lines between them"
    if f.drawn and f.words == 0:
        return "figure", "lines on a plain page and no text"
    if f.points >= 2 and f.points >= 0.3 * f.words:
        return "geometry", f"{f.points} single capital letters at lines"
    if f.words >= 3 and f.boxes >= 2:
        return "page", f"{f.words} lines of text, {f.boxes} of them in boxes"
    if f.words >= 3 and f.tall > 1.2 and f.covered < 0.5:
        return "page", f"{f.words} lines of text in several sizes"
    if f.words >= 1 and f.strokes < 0.5:
        return "text", f"{f.words} lines of text and little else"
    return "mixed", f"{f.words} lines of text among other things"


def _texts(sight: Sight, shapes: list[Box]) -> list[Word]:
    """The lines of text without what is none: shapes and strokes read as one or two characters, and specks."""
    wide, high = sight.image.size
    words = [word for word in sight.words if any(char.isalnum() for char in word.text) and word.height >= 6]
    short = [
        word
        for word in words
        if len(word.text) <= 2
        and (word.height > 0.25 * high or any(_within(word.box, s) and _area(word.box) > 0.4 * _area(s) for s in shapes))
    ]
    words = [word for word in words if word not in short]
    covered = sum(_area(word.box) for word in words)
    return words if covered > 0.002 * wide * high else []


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _within(inner: Box, outer: Box) -> bool:
    """Whether a box lies in another, three pixels over being nothing."""
    return inner[0] >= outer[0] - 3 and inner[1] >= outer[1] - 3 and inner[2] <= outer[2] + 3 and inner[3] <= outer[3] + 3


def _uneven(bars: list[Bar]) -> bool:
    """Whether bars differ in length; the stripes of a table do not."""
    ends = [bar.end for bar in bars]
    return len(bars) > 1 and max(ends) - min(ends) > 0.04 * (max(ends) - bars[0].foot)


def _rules(sight: Sight, axis: int) -> int:
    """How many rules go through at least half of the page. axis: 1 for rules across it, 0 for rules down it."""
    edges = sight.page.across if axis == 1 else sight.page.down
    lines = edges if axis == 1 else edges.T
    spans = np.array([_span(np.flatnonzero(line)) for line in lines])
    places = np.flatnonzero(spans > 0.5 * lines.shape[1])
    return int((np.diff(places, prepend=-99) > 0.5 * sight.page.em).sum())


def _striped(bars: list[Bar], words: list[Word]) -> bool:
    """Whether the bars are a table's stripes: two or more texts stand in most of them."""
    held = [sum(_within(word.box, bar.box) for word in words) for bar in bars]
    return sum(count >= 2 for count in held) > 0.5 * len(bars)


def _span(places: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> int:
    """How far a line goes; 0 where a tenth of it or more is missing."""
    length = int(places[-1] - places[0]) + 1 if len(places) else 0
    return length if len(places) > 0.9 * length else 0


def _starts(words: list[Word], em: float) -> list[int]:
    """How many lines of text share each left edge, right edge or middle, by column."""
    if not words:
        return []
    counts = []
    for edge in (lambda w: w.box[0], lambda w: w.middle[0], lambda w: w.box[2]):
        places = sorted(edge(word) for word in words)
        groups = np.split(np.array(places), np.flatnonzero(np.diff(places) > 0.6 * em) + 1)
        counts.append([len(group) for group in groups])
    return max(counts, key=lambda groups: sum(size >= 2 for size in groups))


def _staves(sight: Sight) -> int:
    """Groups of five lines across the page at even, small distances."""
    rows = np.flatnonzero(sight.page.across.mean(1) > 0.5)
    lines = [int(group.mean()) for group in np.split(rows, np.flatnonzero(np.diff(rows) > 2) + 1) if len(group)]
    gaps, count, k = np.diff(lines), 0, 0
    while k + 4 <= len(gaps):
        four = gaps[k : k + 4]
        even = np.ptp(four) <= max(2, 0.15 * four.mean()) and 4 <= four.mean() <= 0.05 * sight.image.height + 14
        alone = k + 4 == len(gaps) or gaps[k + 4] > 1.8 * four.mean()
        if even and alone and sight.page.down.mean(0).max() < 0.6:
            count, k = count + 1, k + 5
        else:
            k += 1
    return count


def _boxes(sight: Sight, words: list[Word]) -> int:
    """Closed regions of the page with one or two lines of text in them."""
    if not sight.drawn:
        return 0
    cv, page = cv2(), page_colour(sight.array)
    far = np.abs(sight.array.astype(np.int16) - page.astype(np.int16)).max(-1) > 40
    _, pieces, stats, _ = cv.connectedComponentsWithStats((~far).astype(np.uint8), connectivity=4)
    outside = {int(pieces[y, x]) for y in (0, -1) for x in (0, -1)}
    held = set[int]()
    for word in words:
        x, y = round(word.box[0]) - 2, round(word.middle[1])
        piece = int(pieces[y, max(0, x)])
        small = stats[piece][cv.CC_STAT_AREA] < 0.2 * pieces.size
        if (piece and piece not in outside and small) or (far[y, max(0, x)] and _plate(far, x, y)):
            held.add(piece or -len(held) - 1)
    return len(held)


def _closed(sight: Sight) -> int:
    """Parts of the page closed in by ink, neither tiny nor most of it."""
    cv, page = cv2(), page_colour(sight.array)
    free = np.abs(sight.array.astype(np.int16) - page.astype(np.int16)).max(-1) <= 40
    _, pieces, stats, _ = cv.connectedComponentsWithStats(free.astype(np.uint8), connectivity=4)
    share = stats[:, cv.CC_STAT_AREA] / pieces.size
    outside = {int(pieces[y, x]) for y in (0, -1) for x in (0, -1)} | {0}
    return sum(bool(0.004 < part < 0.2) for k, part in enumerate(share) if k not in outside)


def _plate(far: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]", x: int, y: int) -> bool:
    """Whether a coloured plate lies behind a text that begins at x, y."""
    return bool(far[max(0, y - 3) : y + 4, max(0, x - 3) : x + 1].all())


def _strokes(sight: Sight, words: list[Word]) -> float:
    """Ink outside all lines of text as a share of the ink inside them; 1 where there is no text but ink."""
    page = page_colour(sight.array)
    ink = np.abs(sight.array.astype(np.int16) - page.astype(np.int16)).max(-1) > 60
    inside = np.zeros(ink.shape, bool)
    for word in words:
        left, top, right, bottom = (max(0, round(edge)) for edge in word.box)
        inside[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2] = True
    within = int((ink & inside).sum())
    return float((ink & ~inside).sum() / within) if within else float(ink.any())
