"""The one protocol through which everything generates."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from onevision.errors import InputError
from onevision.types import Completion, Message


@dataclass(frozen=True)
class SamplingParams:
    """How to pick tokens.

    max_new_tokens: at most so many, and never beyond the model's context. temperature: 0 is greedy.
    top_p: sample from the smallest set of tokens that holds this much probability (Holtzman et al., 2020).
    seed: row i of n depends on (seed, i) only, not on n; None takes a fresh one.
    stop: strings that end the text; they are not part of it.
    Raises InputError for values out of range.
    """

    max_new_tokens: int = 1024
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise InputError(f"max_new_tokens is {self.max_new_tokens}; give 1 or more")
        if not 0.0 <= self.temperature < float("inf"):
            raise InputError(f"temperature is {self.temperature}; give 0 (greedy) or more")
        if not 0.0 < self.top_p <= 1.0:
            raise InputError(f"top_p is {self.top_p}; give a number above 0, up to 1")
        if "" in self.stop:
            raise InputError("an empty stop string would end every text at once; leave it out")


@dataclass(frozen=True)
class Delta:
    """A piece of a streamed text. The last one carries the whole Completion; all texts joined are its text."""

    text: str
    completion: Completion | None = None


class Engine(Protocol):
    """Something that answers chats. Picture items of a message hold Pillow pictures: {"type": "image", "image": …}."""

    async def generate(self, messages: Sequence[Message], sampling: SamplingParams, n: int = 1) -> list[Completion]:
        """n completions of one chat. Raises InputError for an empty question or a prompt longer than the context."""
        ...

    def stream(self, messages: Sequence[Message], sampling: SamplingParams) -> AsyncIterator[Delta]:
        """One completion piece by piece; closing the iterator stops the generation."""
        ...
