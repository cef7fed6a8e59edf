"""A word or a string of letters with an oval around one of them: say which letter it is."""

import random
from dataclasses import dataclass
from string import ascii_letters, ascii_lowercase
from typing import Any

from onevision.formal import text as formal_text
from onevision.formal.text import MarkedText
from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, Canvas, Style, picture_size
from onevision.types import Description

QUESTIONS = (
    "Which letter is being circled?",
    "Which character is being highlighted with a {colour} oval?",
    "Which letter is circled?",
    "What letter is inside the {colour} oval?",
    "Which letter does the {colour} oval surround?",
    "Name the letter that is circled in the image.",
    "One letter of the text is circled. Which one?",
    "Read the letter in the oval.",
)

WORDS = tuple("""
Acknowledgement Subdermatoglyphic apple banana bridge camera candle carbon castle circle cotton dragon engine
exotic fabric falcon flower forest frozen galaxy garden guitar hammer hazard helmet island jacket jigsaw jungle
kettle kitten ladder lizard magnet marble market meadow mirror monkey museum napkin needle number object orange
oxygen palace pencil pepper pillow planet pocket puzzle python quartz rabbit ribbon rocket saddle school shadow
silver socket spider square sunset tunnel turtle valley velvet violin walnut window winter wizard yellow zigzag
acrobat balcony blanket cabinet captain century chimney crystal dolphin explore factory feather giraffe gravity
harvest history journey kitchen lantern library machine morning network oatmeal pancake penguin quality rainbow
sandbox texture unicorn vehicle village weather zealous airplane aquarium backpack blizzard calendar creature
dinosaur elephant festival geometry hedgehog horizon identity jubilant keyboard landmark mountain notebook
octopus painting question reindeer sapphire telescope umbrella vocabulary whirlpool xylophone yardstick zookeeper
adventure butterfly chocolate companion direction earthquake fireworks grapefruit helicopter hypothesis
jackhammer kingfisher lighthouse microscope motorcycle navigation orchestra photograph quicksand refrigerator
skateboard strawberry thermometer trampoline university waterproof wheelbarrow encyclopedia extravagant
kaleidoscope metamorphosis neighbourhood questionnaire rhinoceros extraordinary jurisdiction biotechnology
""".split())  # fmt: skip

LETTERS = ascii_letters.translate({ord(c): None for c in "Il"})
"""What random strings are made of: I and l look the same in many fonts."""

_ALIKE = set("coCOsSuUvVwWxXzZ")
"""Letters whose two cases differ in size only, so that another letter must show the size."""

Glyph = tuple[float, float, float, float, float]
"""Centre x and y, half width, half height, and how far an oval may reach into the neighbours, pixels."""


@dataclass(frozen=True)
class CircledLetterConfig(Config):
    """letters: shortest and longest text; words: share of real words; fill: the share of the picture's width (or,
    for short texts, of its height) that the text takes; wide: largest width / height; colours: of the oval;
    loose: how far the text may leave the middle and the oval its letter, 0 to 1.
    """

    letters: tuple[int, int] = (4, 8)
    words: float = 0.5
    fill: tuple[float, float] = (0.55, 0.95)
    wide: float = 4.0
    colours: tuple[str, ...] = ("red",)
    loose: float = 0.3


class CircledLetter(Task):
    """A line of text with one letter in an oval, as in BlindTest's circled word."""

    name = "circled_letter"
    version = 2
    Config = CircledLetterConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        many = ("red", "red", "red", "blue", "green", "orange", "purple", "pink")
        big = (0.8, 0.95)
        return {
            1: {"letters": (1, 3), "words": 0.0, "fill": big, "loose": 0.0, "variety": 0, "size": (224, 448)},
            2: {"letters": (3, 5), "words": 0.0, "fill": big, "variety": 1, "size": (224, 448)},
            3: {"letters": (4, 8), "variety": 1, "size": (224, 700)},
            4: {"letters": (5, 14), "words": 0.75, "colours": many, "loose": 0.7},
            5: {"letters": (9, 20), "words": 0.3, "colours": many, "loose": 1.0},
        }[level]

    def draw(self, rng: random.Random, config: CircledLetterConfig) -> Item:
        text, at = _pick_text(rng, config)
        colour = rng.choice(config.colours)
        question = rng.choice(QUESTIONS).format(colour=colour)
        description = Description("text", formal_text.write(MarkedText(text, at, at + 1)))
        self.claim(description, question)
        style = Style.sample(rng, config.variety, config.renderer)
        canvas = Canvas(*_page(rng, config, len(text)), style)
        x, y, em = _set_text(rng, canvas, text, config)
        probes = _draw_oval(rng, canvas, _glyph(canvas, text, at, (x, y), em), style.colour(rng, colour), config.loose)
        steps = f"The oval is around {text[at]}."
        return Item(canvas.image(rng), question, text[at], description, steps, {"query": "marked"}, probes=probes)


def _pick_text(rng: random.Random, config: CircledLetterConfig) -> tuple[str, int]:
    """A text and the place of the letter to mark; the letter is chosen first, so that all are about as frequent."""
    if rng.random() < config.words:
        letter = rng.choice(ascii_lowercase)
        fitting = [w for w in WORDS if config.letters[0] <= len(w) <= config.letters[1] and letter in w.lower()]
        if fitting:
            word = rng.choice(fitting)
            at = rng.choice([k for k, c in enumerate(word.lower()) if c == letter])
            return rng.choice((word, word.lower(), word.capitalize(), word.capitalize(), word.upper())), at
    return _random_string(rng, rng.randint(*config.letters))


def _random_string(rng: random.Random, length: int) -> tuple[str, int]:
    at = rng.randrange(length)
    while True:
        text = "".join(rng.sample(LETTERS, length))
        if set(text) - _ALIKE:
            return text, at


def _page(rng: random.Random, config: CircledLetterConfig, length: int) -> tuple[int, int]:
    """Width and height: square as BlindTest's, or as wide as makes a long text readable."""
    wide = max(1.0, min(config.wide, 0.5 * length))
    square = config.variety > 0 and rng.random() < 0.4
    # About 15 pixels an em are needed to tell letters apart in a small picture.
    least = (15 * 0.6 * length / 0.9 / config.size[0]) ** 2
    low = max(1.0, min(least, config.wide))
    return picture_size(rng, config.size, (low, low if square else max(low, wide)))


def _set_text(rng: random.Random, canvas: Canvas, text: str, config: CircledLetterConfig) -> tuple[float, float, float]:
    """Write the text; its left end on the baseline, and its em, in pixels."""
    left, _, right, _ = canvas.text_box((0, 0), text, 100, anchor="ls")
    fill = rng.uniform(*config.fill)
    by_width = 0.94 * canvas.width * fill / (right - left)
    by_height = 0.72 * canvas.height * fill / 100
    em = 100 * min(by_width, by_height)
    em = max(em, min(14.0, em * 0.95 / fill))
    width, spare = (right - left) * em / 100, canvas.height - em
    x = (canvas.width - width) / 2 * (1 + config.loose * rng.uniform(-0.8, 0.8))
    y = canvas.height / 2 + 0.26 * em + config.loose * rng.uniform(-0.4, 0.4) * max(0.0, spare - 0.5 * em)
    canvas.text((x, y), text, em, anchor="ls")
    return x, y, em


def _glyph(canvas: Canvas, text: str, at: int, start: tuple[float, float], em: float) -> Glyph:
    """Where the letter at `at` of a text that starts at `start` is drawn, and how far its oval may reach out."""
    left, top, right, bottom = canvas.text_box(start, text[at], em, anchor="ls")
    before = canvas.text_width(text[: at + 1], em) - canvas.text_width(text[at], em)
    around = [canvas.text_width(c, em) for c in text[max(0, at - 1) : at] + text[at + 1 : at + 2]]
    reach = min([0.3 * width for width in around] + [0.2 * em])
    return before + (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2, reach


def _draw_oval(rng: random.Random, canvas: Canvas, glyph: Glyph, colour: RGB, loose: float) -> tuple[tuple[int, int, RGB], ...]:
    """An oval about a glyph, its top and bottom on whole pixels so that the probes there are all oval."""
    x, y, half_width, half_height, reach = glyph
    stroke = max(1.6, min(canvas.line_width * rng.uniform(0.6, 1.2), 0.35 * half_height))
    x += loose * rng.uniform(-0.4, 0.4) * reach
    rx = half_width + stroke * 0.7 + reach * rng.uniform(0.4, 1.0)
    tall = half_height + stroke + rng.uniform(0.1, 0.5) * (half_height + loose * rx)
    middle = y + loose * rng.uniform(-0.12, 0.12) * half_height
    top, bottom = max(1, round(middle - tall)), min(canvas.height - 1, round(middle + tall))
    canvas.ellipse((x, (top + bottom) / 2), max(rx, 2.5), (bottom - top) / 2, outline=colour, width=stroke)
    return (int(x), top, colour), (int(x), bottom - 1, colour), (1, 1, canvas.style.page)
