"""The records that flow through the house. Frozen, and importing nothing of ours.

picture ─► Problem ─► Description ─► Sample ─► SFT ─► GRPO ─► bench
                              Completion ─► Verdict
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from PIL.Image import Image

Message = dict[str, Any]
"""One chat turn in Qwen2.5-VL's form: {"role": ..., "content": str | list of {"type": "image"|"text", ...}}."""

StopReason = Literal["stop", "length", "cancelled"]


@dataclass(frozen=True)
class Problem:
    """A question about pictures with its known answer.

    images: RGB pictures, in the order the question speaks of them.
    choices: the options of a multiple-choice question, without letters; None for an open one.
    answer: the gold answer; for multiple choice its letter ("A" is choices[0]); None where unknown.
    meta: whatever the source knows besides (level, ask, licence, ...); JSON-serialisable.
    """

    id: str
    images: tuple[Image, ...]
    question: str
    choices: tuple[str, ...] | None = None
    answer: str | None = None
    source: str = ""
    split: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Region:
    """A part of the picture a Description speaks of. box: (left, top, right, bottom) in pixels of the given picture."""

    label: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Description:
    """What is in a picture, written in a formal language.

    formalism: its name (csv, mermaid, scene, figure, ...); text: parses in `formal/`'s module of that name.
    made_by: "exact" for a procedural task, otherwise the extractor or model that wrote it.
    """

    formalism: str
    text: str
    regions: tuple[Region, ...] = ()
    made_by: str = "exact"


@dataclass(frozen=True)
class Completion:
    """One generated answer. logprobs[i] is the natural log-probability of token_ids[i] under the sampling model
    at temperature 1; both end before the end-of-turn token. prompt_tokens: pictures included; 0 where it is not known."""

    text: str
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    stop: StopReason
    prompt_tokens: int = 0


@dataclass(frozen=True)
class Verdict:
    """A grader's word. score: 0.0 to 1.0, or None for "could not judge", which is never counted as wrong.
    answer: what was extracted from the text, None where nothing was. reason: the rule that decided."""

    score: float | None
    answer: str | None
    reason: str


@dataclass(frozen=True)
class Sample:
    """A training example: the problem, its Description, the chat that teaches it, and how it was judged."""

    problem: Problem
    description: Description
    messages: Sequence[Message]
    verdict: Verdict | None = None
    made_by: str = ""
