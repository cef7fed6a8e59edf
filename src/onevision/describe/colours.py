"""Which colour a pixel is, in words, and the blobs of one colour."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from onevision.describe.ink import Box, Pixels, cv2
from onevision.formal.drawings import COLOURS

NAMES = tuple(COLOURS)
_PURE = {
    "red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0), "orange": (255, 165, 0),
    "purple": (128, 0, 128), "teal": (0, 128, 128),
    "pink": (255, 0, 255), "cyan": (0, 255, 255), "brown": (165, 42, 42), "gray": (128, 128, 128), "black": (0, 0, 0),
}  # fmt: skip
"""What programs draw under these names; nobody calls magenta purple."""


@cache
def _lab() -> Any:
    """(2 * colours, 3) float32: the middles of the colour words, then their pure colours, in CIE L*a*b*."""
    return _to_lab(np.array([*(COLOURS[name] for name in NAMES), *(_PURE[name] for name in NAMES)], np.uint8))


def _to_lab(colours: Pixels) -> Any:
    """(n, 3) uint8 RGB -> (n, 3) float32 L*a*b*."""
    return cv2().cvtColor(colours[None].astype(np.float32) / 255, cv2().COLOR_RGB2LAB)[0]


def name_of(colour: Pixels) -> str:
    """The colour word nearest to an RGB colour; lightness counts half, for shades of a colour keep its name."""
    return str(NAMES[int(names_of(np.asarray(colour, np.uint8)[None])[0])])


def names_of(colours: Pixels) -> Any:
    """(n, 3) uint8 RGB -> (n,) int64 indices into NAMES."""
    weight = np.array([0.6, 1.0, 1.0])
    far = np.linalg.norm((_to_lab(colours)[:, None] - _lab()[None]) * weight, axis=-1)
    return far.argmin(-1) % len(NAMES)


def page_colour(array: Pixels) -> Pixels:
    """The most frequent colour. array: (height, width, 3) uint8."""
    codes = (array.astype(np.int64) >> 3) @ np.array([1 << 10, 1 << 5, 1])
    flat = codes.ravel()
    common = np.bincount(flat, minlength=1 << 15).argmax()
    return np.asarray(np.median(array.reshape(-1, 3)[flat == common], axis=0), np.uint8)


@dataclass(frozen=True)
class Blob:
    """A connected patch that differs from the page. mask: bool (height, width) of its box; colour: the most frequent
    RGB of its inside, away from any outline."""

    box: Box
    mask: Pixels
    colour: Pixels

    @property
    def area(self) -> int:
        """Pixels."""
        return int(self.mask.sum())


def blobs(array: Pixels, least: int, far: int = 40) -> list[Blob]:
    """Patches of at least `least` pixels that differ from the page by more than `far` levels in some channel."""
    cv = cv2()
    page = page_colour(array)
    mask = (np.abs(array.astype(np.int16) - page.astype(np.int16)).max(-1) > far).astype(np.uint8)
    count, labels, stats, _ = cv.connectedComponentsWithStats(mask, connectivity=8)
    found = []
    for label in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[label])
        if area >= least:
            part = labels[top : top + height, left : left + width] == label
            depth = cv.distanceTransform(np.pad(part.astype(np.uint8), 1), cv.DIST_L2, 3)[1:-1, 1:-1]
            colour = page_colour(array[top : top + height, left : left + width][depth >= 0.6 * depth.max()][None])
            found.append(Blob((left, top, left + width, top + height), part, colour))
    return found


def blobs_of_colour(array: Pixels, least: int) -> list[Blob]:
    """Patches of at least `least` pixels of one flat colour each, the page's left out. Neighbouring pixels of a patch are alike."""
    cv = cv2()
    page = page_colour(array).astype(np.int16)
    wide = array.astype(np.int16)
    found = []
    codes = (array.astype(np.int64) >> 4) @ np.array([1 << 8, 1 << 4, 1])
    counts = np.bincount(codes.ravel(), minlength=1 << 12)
    taken = np.zeros(array.shape[:2], bool)
    for code in np.argsort(-counts)[:24]:
        if counts[code] < least:
            break
        colour = np.median(wide[(codes == code) & ~taken], axis=0) if ((codes == code) & ~taken).any() else None
        if colour is None or np.abs(colour - page).max() <= 24:
            continue
        mask = (np.abs(wide - colour).max(-1) <= 20) & ~taken
        taken |= mask
        count, labels, stats, _ = cv.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
        for label in range(1, count):
            left, top, width, height, area = (int(value) for value in stats[label])
            if area >= least:
                part = labels[top : top + height, left : left + width] == label
                found.append(Blob((left, top, left + width, top + height), part, colour.astype(np.uint8)))
    return found
