"""A language model's word on the steps: do they follow, each from the one before and from what is seen."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from onevision.answers.judge import PROMPT as SAME_ANSWER
from onevision.engine.base import SamplingParams
from onevision.forge.cache import Said
from onevision.forge.draft import Draft, Request, Step
from onevision.models.prompts import fenced
from onevision.types import Verdict

PROMPT = """You check a student's steps. What follows is a picture written down in a formal language, a question about it, and the \
student's steps.

{description}

Question: {question}

Steps:
{steps}

Answer: {answer}

Is every value taken from the picture really there, and does every step follow from what stands before it? Reply with VALID, or \
with INVALID: and the first step that is wrong, in one line."""

_REPLY = re.compile(r"\W*(VALID|INVALID)\b[\s:.,*-]*(.*)", re.IGNORECASE)


@dataclass(frozen=True)
class Review(Step):
    """by: an endpoint. Where the grader could not judge the answer, the model is asked about that first. unclear: what happens
    to an item on which it gives no clear word."""

    name: ClassVar[str] = "review"

    by: str
    unclear: Literal["drop", "keep"] = "keep"
    max_new_tokens: int = 512

    @property
    def after(self) -> tuple[str, ...]:
        return ("describe", "reason")

    def requests(self, draft: Draft) -> list[Request]:
        """About the steps, and first about the answer where the grader's rules leave it open."""
        problem, thought = draft.problem, draft.thoughts[0]
        assert draft.description, "describe comes first"
        question = "\n".join((problem.question, *(problem.choices or ())))
        asked = [PROMPT.format(description=fenced(draft.description), question=question, steps=thought.steps, answer=thought.answer)]
        if _open(draft):
            asked.insert(0, SAME_ANSWER.format(question=problem.question, gold=problem.answer, answer=thought.answer))
        return [Request([{"role": "user", "content": one}], SamplingParams(self.max_new_tokens)) for one in asked]

    def read(self, draft: Draft, said: Sequence[Said]) -> Draft:
        """The item, dropped with the model's reason where it finds the answer or a step wrong."""
        texts = [one.text.rpartition("</think>")[2].strip() for one in said]
        if _open(draft):
            draft = self._settled(draft, texts[0])
        word, why = _read(texts[-1])
        if draft.dropped:
            return draft
        if word == "invalid" or (word == "unclear" and self.unclear == "drop"):
            return draft.drop("review", "steps not valid" if word == "invalid" else "unclear review", why)
        return draft.noted(review=word)

    def _settled(self, draft: Draft, reply: str) -> Draft:
        word, answer = reply.strip(".*`\"'").casefold(), draft.thoughts[0].answer
        if word == "right":
            return replace(draft, verdict=Verdict(1.0, answer, f"right by {self.by}"))
        kind = "wrong answer" if word == "wrong" else "could not judge"
        return draft.drop("review", kind, f"{answer!r} against gold {draft.problem.answer!r}, by {self.by}")


def _open(draft: Draft) -> bool:
    return draft.verdict is not None and draft.verdict.score is None


def _read(reply: str) -> tuple[str, str]:
    """("valid" | "invalid" | "unclear", the model's reason)."""
    match = _REPLY.match(reply)
    return (match[1].casefold(), match[2].strip()) if match else ("unclear", reply[:200])
