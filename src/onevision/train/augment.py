"""Pictures as they come to people: saved as JPEG, scaled, a little blurred, turned, with a margin, darker or paler."""

import io
import random

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

TURN = 3.0
"""The most a picture is turned, degrees: a page laid on a scanner by hand."""

MARGIN = 0.15
"""The most that is added on a side, as a share of the picture's mean side: a screenshot cut generously."""


SMALL = 110
"""A mean side in pixels below which no picture is scaled down: its letters could not be read."""


def augment(image: Image.Image, rng: random.Random, places: bool = False) -> Image.Image:
    """One to three of the changes, in the order in which they befall a real picture. RGB in, RGB out; all that the picture
    shows stays in it. places: where on the page it is stays too, as a share of the page."""
    changes = (_scale, _blur, _light, _jpeg) if places else (_turn, _margin, _scale, _blur, _light, _jpeg)
    for place in sorted(rng.sample(range(len(changes)), rng.randint(1, 3))):
        image = changes[place](image, rng)
    return image


def _side(image: Image.Image) -> float:
    return (image.width * image.height) ** 0.5


def _page(image: Image.Image) -> tuple[int, ...]:
    """The colour at the corner, which is the page's."""
    colour: tuple[int, ...] = image.convert("RGB").getpixel((0, 0))  # type: ignore[assignment]
    return colour


def _turn(image: Image.Image, rng: random.Random) -> Image.Image:
    return image.rotate(rng.uniform(-TURN, TURN), Image.Resampling.BICUBIC, expand=True, fillcolor=_page(image))


def _margin(image: Image.Image, rng: random.Random) -> Image.Image:
    border = tuple(round(rng.uniform(0, MARGIN) * _side(image)) for _ in range(4))
    fill = _page(image) if rng.random() < 0.7 else tuple(rng.randint(200, 255) for _ in range(3))
    return ImageOps.expand(image, border, fill)


def _scale(image: Image.Image, rng: random.Random) -> Image.Image:
    """Down and up again, as a thumbnail shown large; sides may differ a little, as in a squeezed figure."""
    share = rng.uniform(min(0.95, max(0.7, SMALL / _side(image))), 1)
    down = rng.choice((Image.Resampling.BILINEAR, Image.Resampling.BOX))
    small = image.resize((round(share * image.width), round(share * image.height)), down)
    wide, high = (rng.uniform(0.92, 1.08) for _ in range(2))
    return small.resize((round(wide * image.width), round(high * image.height)), Image.Resampling.BICUBIC)


def _blur(image: Image.Image, rng: random.Random) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.003 * _side(image))))


def _light(image: Image.Image, rng: random.Random) -> Image.Image:
    return ImageEnhance.Contrast(ImageEnhance.Brightness(image).enhance(rng.uniform(0.8, 1.1))).enhance(rng.uniform(0.7, 1.15))


def _jpeg(image: Image.Image, rng: random.Random) -> Image.Image:
    saved = io.BytesIO()
    image.save(saved, "JPEG", quality=rng.randint(30, 95))
    return Image.open(saved).convert("RGB")
