"""A circuit drawn with its nodes as rails (`formal.drawings.circuit`) as a netlist; other schematics need a model that sees."""

import re
from typing import Any

import numpy as np

from onevision.describe.ink import cv2
from onevision.describe.ocr import Word
from onevision.describe.sight import Sight
from onevision.errors import InputError
from onevision.formal import spice
from onevision.formal.spice import Element, Netlist
from onevision.types import Description, Region

NAME = "ocr-circuit"


def describe(sight: Sight) -> Description:
    """The netlist. Raises InputError where there are no rails with names, or no boxes with wires down to them."""
    rails = _rails(sight)
    elements = [_element(word, sight, rails) for word in sight.words if rails and word.box[3] < min(rails.values())]
    found = tuple(element for element in elements if element)
    if not found:
        raise InputError("no circuit was found in the picture: named rails with elements above them; other schematics need --model")
    return Description("spice", spice.write(Netlist(found)), tuple(Region(word.text, word.box) for word in sight.words), NAME)


def _rails(sight: Sight) -> dict[str, float]:
    """Name -> height, for every name that stands left of a line across the page."""
    across = sight.page.across
    rails = {}
    for word in sight.words:
        y = round(word.middle[1])
        band = across[max(0, y - 6) : y + 7, int(word.box[2]) :]
        if band.size and band.any(0).mean() > 0.6 and " " not in word.text:
            rails[word.text] = float(max(0, y - 6) + np.flatnonzero(band.any(1)).mean())
    return rails


def _element(word: Word, sight: Sight, rails: dict[str, float]) -> Element | None:
    """The element whose text a word is: its pins are the wires below its box, each ends on a rail."""
    frame = _frame(word, sight)
    wires = _wires(sight, *frame) if frame else []
    name, _, value = word.text.partition(" ")
    if not wires or not re.fullmatch(r"[A-Za-z]\w*", name):
        return None
    nodes = tuple(min(rails, key=lambda rail: abs(rails[rail] - end)) for end in wires)
    return Element(name, nodes, value)


def _frame(word: Word, sight: Sight) -> tuple[int, int, int] | None:
    """Left, bottom and right of the box round a word: the edges of the region that it stands in. None where that reaches the
    page's edge: it is the page then, no box."""
    regions = sight.page.regions
    region = regions[max(0, round(word.box[1]) - 2), max(0, round(word.box[0]) - 2)]
    ys, xs = np.nonzero(regions == region)
    left, top, right, bottom = int(xs.min()), int(ys.min()), int(xs.max()), int(ys.max())
    closed = left > 0 and top > 0 and right + 1 < regions.shape[1] and bottom + 1 < regions.shape[0]
    return (left, bottom, right) if closed else None


def _wires(sight: Sight, left: int, bottom: int, right: int) -> list[float]:
    """Where the blue wires below a box end, from left to right."""
    part: Any = sight.array[bottom + 1 :, left : right + 1].astype(np.int16)
    blue = ((part[..., 2] - part[..., 0]) > 80).astype(np.uint8)
    cv = cv2()
    count, _, stats, _ = cv.connectedComponentsWithStats(blue, connectivity=8)
    tall = [stats[k] for k in range(1, count) if stats[k][cv.CC_STAT_HEIGHT] > 6]
    ordered = sorted(tall, key=lambda s: int(s[cv.CC_STAT_LEFT]))
    return [float(bottom + 1 + s[cv.CC_STAT_TOP] + s[cv.CC_STAT_HEIGHT]) for s in ordered]
