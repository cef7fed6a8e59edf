"""The words between a picture and an answer: what is asked, and the text form of what comes back.

    <think>
    ```csv
    fruit,count
    apple,3
    ```
    There are 3 apples.
    </think>
    <answer>3</answer>

The word after the fence is the formalism of the description.
"""

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL.Image import Image

from onevision.errors import InputError
from onevision.types import Description, Message

# A description that itself holds a fence gets a longer one around it, as in Markdown.
FENCE = re.compile(r"^(?P<fence>`{3,})(?P<word>[\w+-]+)[ \t]*\n(?P<text>.*?)(?:\n?^(?P=fence)[ \t]*$|\Z)", re.M | re.S)
_ANSWER = re.compile(r"<answer>(.*?)(?:</answer>|(?:<|</\w*)?\Z)", re.S)


@dataclass(frozen=True)
class Parsed:
    """What a completion's text holds. reasoning: all of the think block, description included; steps: the rest of
    it after the description; description and answer are None where the text has none."""

    reasoning: str
    description: Description | None
    steps: str
    answer: str | None


def compose(description: Description | None, steps: str, answer: str) -> str:
    """The text form of an answer; `parse` takes it apart again."""
    thought = [fenced(description)] if description is not None else []
    thought += [steps.strip()] if steps.strip() else []
    return "<think>\n" + "\n".join(thought) + f"\n</think>\n<answer>{answer}</answer>"


def parse(text: str) -> Parsed:
    """Take a completion apart. Missing tags and a text cut off anywhere are no errors: what is there is returned."""
    reasoning = _reasoning(text)
    found = FENCE.search(reasoning)
    description = Description(found["word"], found["text"], made_by="model") if found else None
    steps = reasoning[: found.start()] + reasoning[found.end() :] if found else reasoning
    answers = _ANSWER.findall(_after_thought(text))
    return Parsed(reasoning, description, steps.strip(), answers[-1].strip() if answers else None)


def messages_for(images: Sequence[Image], question: str, choices: Sequence[str] | None = None) -> list[Message]:
    """One user turn: the pictures, then the question, then the choices as lines "A. …".

    Raises InputError for an empty question.
    """
    if not question.strip():
        raise InputError("the question is empty; ask something about the picture")
    lines = [question.strip(), *(f"{letter}. {choice}" for letter, choice in _lettered(choices or ()))]
    content: list[dict[str, Any]] = [{"type": "image", "image": image} for image in images]
    return [{"role": "user", "content": [*content, {"type": "text", "text": "\n".join(lines)}]}]


def _lettered(choices: Sequence[str]) -> list[tuple[str, str]]:
    if len(choices) > len(string.ascii_uppercase):
        raise InputError(f"{len(choices)} choices; at most {len(string.ascii_uppercase)} have letters")
    return list(zip(string.ascii_uppercase, choices, strict=False))


def fenced(description: Description) -> str:
    """The Description as a Markdown block named after its formalism."""
    longest = max((len(run) for run in re.findall(r"^`{3,}", description.text, re.M)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{description.formalism}\n{description.text}\n{fence}"


def _reasoning(text: str) -> str:
    """The think block without its tags. Without tags: everything before the answer."""
    _, opened, thought = text.partition("<think>")
    thought = thought if opened else text
    for end in ("</think>", "<answer>"):
        head, found, _ = thought.partition(end)
        if found:
            return head.strip()
    return re.sub(r"(<|</\w*)\Z", "", thought).strip()


def _after_thought(text: str) -> str:
    _, closed, rest = text.partition("</think>")
    return rest if closed else text
