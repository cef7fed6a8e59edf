"""The text of a picture: as lines with their places, or as a simple HTML page that keeps headings and boxed text."""

import html
from itertools import pairwise

import numpy as np

from onevision.describe.ocr import Word
from onevision.describe.sight import Sight
from onevision.errors import InputError
from onevision.formal import document
from onevision.formal.document import Line
from onevision.types import Description, Region

NAME, PAGE_NAME = "ocr-document", "ocr-page"


def describe(sight: Sight) -> Description:
    """Every line of text with its box, top to bottom. Raises InputError where there is no text."""
    words = _words(sight)
    lines = tuple(Line(_whole(word), word.text) for word in words)
    return Description("document", document.write(lines), tuple(Region(word.text, word.box) for word in words), NAME)


def page(sight: Sight) -> Description:
    """The lines of text as HTML, in reading order: large ones are headings, those in a small box buttons, those close together one
    paragraph. Raises InputError where there is no text."""
    words = _words(sight)
    usual = float(np.median([word.height for word in words]))
    parts: list[list[tuple[str, Word]]] = []
    for word in words:
        tag = "h1" if word.height > 1.6 * usual else "button" if _boxed(word, sight) else "p"
        if parts and tag == "p" and parts[-1][-1][0] == "p" and _goes_on(parts[-1][-1][1], word, usual):
            parts[-1].append((tag, word))
        else:
            parts.append([(tag, word)])
    body = "\n".join(f"<{part[0][0]}>{html.escape(' '.join(w.text for _, w in part), quote=False)}</{part[0][0]}>" for part in parts)
    return Description("html", f"<main>\n{body}\n</main>", tuple(Region(word.text, word.box) for word in words), PAGE_NAME)


def _words(sight: Sight) -> list[Word]:
    if not sight.words:
        raise InputError("no text was found in the picture")
    return reading_order(sight.words)


def reading_order(words: list[Word]) -> list[Word]:
    """Line by line, each from left to right; words belong to one line where their middles are at about one height."""
    ordered = sorted(words, key=lambda word: word.middle[1])
    lines = [[ordered[0]]]
    for previous, word in pairwise(ordered):
        same = word.middle[1] - np.mean([w.middle[1] for w in lines[-1]]) < 0.5 * min(previous.height, word.height)
        if same:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [word for line in lines for word in sorted(line, key=lambda word: word.box[0])]


def _goes_on(before: Word, word: Word, usual: float) -> bool:
    """Whether a line goes on where the one before it ended: just below it, and beginning at about the same place."""
    return 0 < word.box[1] - before.box[3] < 0.9 * usual and abs(word.box[0] - before.box[0]) < 2 * usual


def _boxed(word: Word, sight: Sight) -> bool:
    """Whether a word stands in a small closed region of its own."""
    if not sight.drawn:
        return False
    left, top, right, bottom = _whole(word)
    inside = sight.page.regions[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2]
    region = int(np.bincount(inside.ravel()).argmax())
    return bool(region and (sight.page.regions == region).sum() < 8 * inside.size)


def _whole(word: Word) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(edge) for edge in word.box)
    return left, top, max(right, left + 1), max(bottom, top + 1)
