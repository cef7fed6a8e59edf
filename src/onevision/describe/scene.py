"""Coloured shapes on a plain page: each blob's colour by the nearest colour word, its shape by the outline that covers it best."""

from functools import cache
from typing import Any

import numpy as np

from onevision.describe.colours import Blob, blobs, name_of
from onevision.describe.ink import cv2
from onevision.describe.sight import Sight
from onevision.errors import InputError
from onevision.formal import scene
from onevision.formal.drawings import OUTLINES
from onevision.formal.scene import GRID, SceneObject
from onevision.types import Description, Region

NAME = "opencv-scene"
FITS = 0.72
"""Least overlap (intersection over union) of a blob with the outline it is taken for."""

_SIDE = 48


def describe(sight: Sight) -> Description:
    """The shapes with their cells of a GRID x GRID page, row by row. Raises InputError where there is none."""
    found = shapes(sight)
    if not found:
        raise InputError("no coloured shapes were found in the picture")
    wide, high = (side / GRID for side in sight.image.size)
    objects = [
        SceneObject(name_of(blob.colour), shape, *(int(v / side) for v, side in zip(_middle(blob), (wide, high), strict=True)))
        for blob, shape in found
    ]
    order = sorted(range(len(objects)), key=lambda k: (objects[k].row, objects[k].column))
    regions = tuple(Region(f"{objects[k].colour} {objects[k].shape}", found[k][0].box) for k in order)
    return Description("scene", scene.write(tuple(objects[k] for k in order)), regions, NAME)


def shapes(sight: Sight) -> list[tuple[Blob, str]]:
    """The blobs that one of the known outlines covers, each with its shape."""
    least = max(40, sight.image.width * sight.image.height // 3000)
    named = ((blob, shape_of(blob)) for blob in blobs(sight.array, least))
    return [(blob, shape) for blob, shape in named if shape]


def shape_of(blob: Blob) -> str:
    """The shape whose outline covers the blob best; "" where none does well."""
    cv = cv2()
    left, top, right, bottom = blob.box
    if not 0.6 < (right - left) / (bottom - top) < 1.7:
        return ""
    mask = cv.resize(blob.mask.astype(np.uint8) * 255, (_SIDE, _SIDE), interpolation=cv.INTER_AREA) > 127
    fits = {name: float((mask & outline).sum() / (mask | outline).sum()) for name, outline in _outlines().items()}
    best = max(fits, key=fits.__getitem__)
    return best if fits[best] >= FITS else ""


@cache
def _outlines() -> dict[str, Any]:
    """Shape -> bool (_SIDE, _SIDE), stretched to its box as the blobs are."""
    drawn = {}
    for name, corners in OUTLINES.items():
        points = np.array(corners)
        low, high = points.min(0), points.max(0)
        canvas = np.zeros((_SIDE, _SIDE), np.uint8)
        cv2().fillPoly(canvas, [np.rint((points - low) / (high - low) * (_SIDE - 1)).astype(np.int32)], 1)
        drawn[name] = canvas.astype(bool)
    return drawn


def _middle(blob: Blob) -> tuple[float, float]:
    """The centre of the box of a blob; a triangle's centre lies lower, as its corners stand on a circle round it."""
    left, top, right, bottom = blob.box
    return (left + right) / 2, (top + bottom) / 2
