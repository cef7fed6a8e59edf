"""Short labels for tables and charts, by theme; openings of questions."""

import random

THEMES: dict[str, tuple[str, ...]] = {
    "Name": ("Tom", "Ann", "Bob", "Eva", "Max", "Ida", "Leo", "Mia", "Sam", "Zoe", "Ben", "Lily"),
    "Fruit": ("Fig", "Plum", "Pear", "Kiwi", "Lime", "Apple", "Grape", "Mango", "Peach", "Lemon"),
    "Day": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "Pet": ("Cat", "Dog", "Fish", "Bird", "Frog", "Mouse", "Hen"),
    "Color": ("Red", "Blue", "Pink", "Green", "Gold", "Black", "White"),
    "Month": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug"),
    "Class": ("Art", "Math", "Music", "Sport", "Bio"),
    "Item": ("Pen", "Book", "Cup", "Ball", "Hat", "Bag"),
    "Team": ("A", "B", "C", "D", "E", "F", "G", "H"),
}
"""A theme's name, fit for a table's corner, and its words; no word is in two themes."""


def labels(rng: random.Random, count: int, longest: int = 5, without: str = "") -> tuple[str, list[str]]:
    """A theme other than `without` and `count` different words of it, none longer than `longest` letters.

    Days, months and letters keep their order.
    """
    fitting = {t: [w for w in words if len(w) <= longest] for t, words in THEMES.items() if t != without}
    theme = rng.choice([t for t, words in fitting.items() if len(words) >= count])
    chosen = rng.sample(range(len(fitting[theme])), count)
    if theme in ("Day", "Month", "Team"):
        chosen.sort()
    return theme, [fitting[theme][k] for k in chosen]


OPENINGS = (
    "", "Look at the picture. ", "Please look at the image. ", "Here is a picture. ", "See the image. ", "Take a close look. ",
    "A question about this picture: ", "Quick question: ", "Tell me: ", "I have an image here. ", "Consider the picture. ",
)  # fmt: skip


def opened(rng: random.Random, question: str) -> str:
    """The question after one of OPENINGS: for tasks with so few Descriptions that their wordings alone would not give
    every split problems with all answers."""
    return rng.choice(OPENINGS) + question
