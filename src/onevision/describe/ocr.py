"""Text in a picture with its places, by RapidOCR (PP-OCR models, inside its wheel)."""

import re
import threading
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from PIL.Image import Image

from onevision.describe import ink
from onevision.describe.ink import Box, Layout, Pixels, Run
from onevision.errors import MissingPartError

SURE = 0.5
"""A reading the recogniser trusts less is no text."""

GLASS = 48
"""Height of a line as the recogniser sees it, pixels; enlarging it here with a cubic keeps thin strokes."""

_LOCK = threading.Lock()


@dataclass(frozen=True)
class Word:
    """A line of text as it stands in the picture. score: the recogniser's, 0 to 1."""

    text: str
    box: Box
    score: float

    @property
    def middle(self) -> tuple[float, float]:
        """The centre of its box."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2

    @property
    def height(self) -> float:
        """Of its box, pixels."""
        return self.box[3] - self.box[1]


@cache
def _engine() -> Any:
    try:
        from rapidocr import RapidOCR
    except ImportError:
        raise MissingPartError("reading text needs RapidOCR: pip install 'onevision[forge]'") from None
    # Short texts are padded to the smallest width only: a table is mostly short texts. No text stands on its head.
    return RapidOCR(params={"Global.log_level": "critical", "Global.use_cls": False, "Rec.rec_img_shape": [3, 48, 96]})


def engine() -> Any:
    """The one RapidOCR session of this process, made when first needed."""
    with _LOCK:
        return _engine()


def read(image: Image, page: Layout | None = None) -> list[Word]:
    """The lines of text, top to bottom. page: the picture's layout where it is known already.

    Drawn pictures are cut along their ink, others by the text detector. Raises MissingPartError without RapidOCR.
    """
    array = ink.pixels(image)
    if page is None and not ink.is_drawn(array):
        return detect(array)
    page = page or ink.layout(array)
    found = without_pictograms(ink.runs(page), page.em)
    return letter_case(without_specks(recognise([crop(page, run) for run in found], [run.box for run in found])))


def detect(array: Pixels) -> list[Word]:
    """The lines of text that the detector finds. array: (height, width, 3) uint8 RGB."""
    result = engine()(np.ascontiguousarray(array[:, :, ::-1]))
    if result.txts is None:
        return []
    boxes = [(float(q[:, 0].min()), float(q[:, 1].min()), float(q[:, 0].max()), float(q[:, 1].max())) for q in result.boxes]
    return [
        Word(plain(text), box, float(score)) for text, box, score in zip(result.txts, boxes, result.scores, strict=True) if score >= SURE
    ]


def recognise(crops: list[Pixels], boxes: list[Box]) -> list[Word]:
    """Read cut-out lines. crops: (height, width, 3) uint8 RGB each."""
    if not crops:
        return []
    result = engine().recognize_txt([np.ascontiguousarray(one[:, :, ::-1]) for one in crops])
    words = (Word(plain(text), box, float(score)) for text, score, box in zip(result.txts, result.scores, boxes, strict=True))
    return [word for word in words if word.text and word.score >= SURE]


_POUNDS = re.compile(r"\bI(bs?)\b")  # a unit is no word that begins with I
_MINUS = re.compile(r"[\u2212\u2013\u2014](?=\s?[$€£]?\d)")
_TWINS = "cosuvwxz"


def plain(text: str) -> str:
    """A reading in plain characters: "lb" for "Ib", a hyphen for the minus before a number."""
    return _MINUS.sub("-", _POUNDS.sub(r"l\1", text)).strip()


def without_specks(words: list[Word]) -> list[Word]:
    """Rare letters with marks (ā, ċ) as plain ones: a language that has them has more than one letter in fifty with marks."""
    letters = "".join(word.text for word in words)
    marked = [char for char in letters if char > "\u00ff" and len(unicodedata.normalize("NFD", char)) > 1 and char.isalpha()]
    if not marked or 50 * len(marked) > len(letters):
        return words
    bare = str.maketrans({char: unicodedata.normalize("NFD", char)[0] for char in marked})
    return [replace(word, text=word.text.translate(bare)) for word in words]


def letter_case(words: list[Word]) -> list[Word]:
    """Single letters whose cases differ in height alone, set by their height against that of the page's digits and capitals."""
    tall = [word.height for word in words if re.fullmatch(r"[\dA-Z]+|[A-Z][a-z]+", word.text) and not set("gjpqyQJ") & set(word.text)]
    if not tall:
        return words
    limit = 0.87 * float(np.median(tall))
    return [replace(w, text=w.text.lower() if w.height < limit else w.text.upper()) if w.text.lower() in _TWINS else w for w in words]


def crop(page: Layout, run: Run) -> Pixels:
    """A run of ink as the recogniser likes it: whole glyph height, some ground all round, rules and neighbours painted over."""
    left, top, right, bottom = run.box
    short = max(0.0, page.em - (bottom - top)) / 2  # a lone minus sign or dot is a line of text too
    tall = max(bottom - top, page.em)
    above = round(short + 0.25 * tall)
    aside = round(0.35 * tall)
    x0, y0, x1, y1 = round(left) - aside, round(top) - above, round(right) + aside, round(bottom) + above
    out = np.empty((y1 - y0, x1 - x0, 3), np.uint8)
    out[:] = page.grounds[run.region]
    height, width = page.ink.shape
    a, b, c, d = max(0, y0), min(height, y1), max(0, x0), min(width, x1)
    inside = page.regions[a:b, c:d] == run.region
    out[a - y0 : b - y0, c - x0 : d - x0][inside] = page.array[a:b, c:d][inside]
    cv, scale = ink.cv2(), GLASS / out.shape[0]
    return np.asarray(cv.resize(out, None, fx=scale, fy=scale, interpolation=cv.INTER_CUBIC))


def without_pictograms(found: list[Run], em: float) -> list[Run]:
    """Leave out what is drawn in colour beside text of another colour and stands taller than it, such as a loudspeaker button."""
    plain = {run.region for run in found if not run.coloured}
    return [run for run in found if not (run.coloured and run.region in plain and run.box[3] - run.box[1] > 1.25 * em)]
