import numpy as np
import pytest

from onevision.formal import text
from onevision.tasks.circled_letter import QUESTIONS, WORDS, CircledLetter


def test_known_prompts_are_asked_as_they_are() -> None:
    assert "Which letter is being circled?" in QUESTIONS
    assert "Which character is being highlighted with a {colour} oval?".format(colour="red") == (
        "Which character is being highlighted with a red oval?"
    )
    assert {"Acknowledgement", "Subdermatoglyphic"} <= set(WORDS)


@pytest.mark.parametrize(("level", "shortest", "longest"), [(1, 1, 3), (2, 3, 5), (3, 4, 8), (4, 5, 14), (5, 9, 20)])
def test_levels_set_the_length(level: int, shortest: int, longest: int) -> None:
    task = CircledLetter(levels=(level,), size=(112, 168))
    lengths = {len(text.parse(task.item(index).description.text).text) for index in range(80)}
    assert lengths <= set(range(shortest, longest + 1))
    assert max(lengths) - min(lengths) >= (longest - shortest) // 2


def test_every_letter_is_asked_for() -> None:
    answers = {CircledLetter(levels=(1, 2), size=(60, 60)).item(index).answer for index in range(600)}
    assert len(answers) >= 48
    assert not answers & {"I", "l"}, "random strings have no I and l"


def test_the_oval_is_red_and_around_ink() -> None:
    task = CircledLetter(levels=(1,), size=(168, 168))
    for index in range(20):
        pixels = np.asarray(task.item(index).image).astype(int)
        red = (pixels[..., 0] > 150) & (pixels[..., 1] < 120)
        rows, columns = np.where(red)
        inside = pixels[rows.min() : rows.max(), columns.min() : columns.max()]
        assert (inside.sum(-1) < 100).mean() > 0.05


def test_the_oval_is_about_the_letter_it_names() -> None:
    """A lone dot-like letter: the oval's middle is nearer to its letter's slot than to any other's."""
    task = CircledLetter(levels=(5,), size=(400, 400), variety=0, colours=("red",), words=0.0)
    for index in range(20):
        item = task.item(index)
        marked = text.parse(item.description.text)
        pixels = np.asarray(item.image).astype(int)
        ink = np.where(pixels.sum(-1).min(0) < 150)[0]
        share = (item.probes[0][0] - ink.min()) / (ink.max() - ink.min())
        assert abs(share - (marked.start + 0.5) / len(marked.text)) < 0.14, item.description.text
