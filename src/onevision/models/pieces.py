"""A completion taken apart while it streams: thought, Description, answer; `prompts.parse` is the same for a whole text."""

import re
from dataclasses import dataclass

from onevision.models.prompts import FENCE
from onevision.types import Description

_TAGS = ("<think>", "</think>", "<answer>", "</answer>")
_TAG = re.compile("|".join(_TAGS))
_HALF = "|".join(sorted({tag[:length] for tag in _TAGS for length in range(1, len(tag))}, key=len, reverse=True))
# What may still become a tag, and the spaces that a tag would swallow.
_UNSURE = re.compile(rf"\s*(?:{_HALF})?\Z")


@dataclass(frozen=True)
class Thinking:
    """More of the thought; the Description in its fence is part of it."""

    text: str


@dataclass(frozen=True)
class Answering:
    """More of what comes after the thought, without tags."""

    text: str


Piece = Thinking | Description | Answering


class Splitter:
    """Takes a text as it comes and says what each part of it is; never half a tag.

    However the text is cut, the Thinking texts joined are `parse(text).reasoning` of a text that thinks first and then answers.
    The Description follows as a whole once its fence is closed, after the Thinking that closes it. Spaces at the ends of the
    thought and of the answer are left out.
    """

    def __init__(self) -> None:
        self._held = ""
        self._thought = ""
        self._answering = False
        self._described = False
        self._begun = False

    def push(self, text: str) -> list[Piece]:
        """What this text makes certain, often nothing inside a tag."""
        self._held += text
        pieces: list[Piece] = []
        while match := _TAG.search(self._held):
            said, self._held = self._held[: match.start()], self._held[match.end() :]
            pieces += self._part(said, match[0])
        unsure = _UNSURE.search(self._held)
        assert unsure is not None
        said, self._held = self._held[: unsure.start()], self._held[unsure.start() :]
        return pieces + self._say(said)

    def finish(self) -> list[Piece]:
        """What was held back, when no more comes; half a tag is left out."""
        rest, self._held = re.sub(rf"(?:{_HALF})\Z", "", self._held).rstrip(), ""
        return self._say(rest) + self._description(last=True)

    def _part(self, said: str, tag: str) -> list[Piece]:
        """The end of a part, up to a tag."""
        if self._answering or tag not in ("</think>", "<answer>"):
            return self._say(said)
        pieces = self._say(said.rstrip()) + self._description(last=True)
        self._answering, self._begun = True, False
        return pieces

    def _say(self, text: str) -> list[Piece]:
        text = text if self._begun else text.lstrip()
        if not text:
            return []
        self._begun = True
        if self._answering:
            return [Answering(text)]
        self._thought += text
        return [Thinking(text), *self._description(last=False)]

    def _description(self, last: bool) -> list[Piece]:
        """The Description, the first time that its fence is surely closed: something stands behind it, or nothing more comes."""
        if self._described or "```" not in self._thought:
            return []
        found = FENCE.search(self._thought)
        if not found or not (found.end() < len(self._thought) or (last and found[0].rstrip().endswith("\n" + found["fence"]))):
            return []
        self._described = True
        return [Description(found["word"], found["text"], made_by="model")]
