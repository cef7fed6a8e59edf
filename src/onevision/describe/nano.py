"""Ask nano, or another model taught on the tasks: it writes the Description of whatever it is asked about before it reasons."""

from PIL.Image import Image

from onevision.errors import InputError
from onevision.models.prompts import messages_for
from onevision.types import Message

QUESTIONS = {
    "chart": "Which bar is the largest?",
    "table": "What does the table say?",
    "flowchart": "Which number does the question mark stand for?",
    "scene": "How many objects are there?",
    "figure": "How many times do the two lines cross?",
}
"""A question that a picture of the kind is taught with."""


def messages(image: Image, kind: str) -> list[Message]:
    """The chat whose reply begins with the Description. Raises InputError for a kind of picture that nano was not taught."""
    if kind not in QUESTIONS:
        raise InputError(f"nano does not know pictures of the kind {kind!r}, but {', '.join(QUESTIONS)}; give another --model")
    return messages_for([image], QUESTIONS[kind])
