"""The thought told as by somebody who sees the picture ("role play")."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from onevision.engine.base import SamplingParams
from onevision.forge.cache import Said
from onevision.forge.draft import Draft, Request, Step, Thought
from onevision.forge.phrases import as_seen, traces
from onevision.forge.reason import thought_of

PROMPT = """Below is a question about a picture, and how somebody worked it out from a written description of that picture.

Question: {question}

Their steps:
{steps}

Their answer: {answer}

Tell the same steps as somebody who looks at the picture itself: in the first person, saying what you see and where. Keep every \
value and every calculation; add none; drop detours and doubts that lead nowhere. Never speak of a description, a caption, data, \
code or a text that you were given. Put the steps between <think> and </think> and the answer between <answer> and </answer>."""


@dataclass(frozen=True)
class Rewrite(Step):
    """by: "rules" replaces phrases such as "based on the description" and leaves the rest; an endpoint is a model that tells the
    thought anew, and what phrases it leaves are then replaced. How many there were before and after is noted."""

    name: ClassVar[str] = "rewrite"
    own: ClassVar[tuple[str, ...]] = ("rules",)

    by: str = "rules"
    temperature: float = 0.3
    max_new_tokens: int = 4096

    @property
    def after(self) -> tuple[str, ...]:
        return ("reason",)

    def __call__(self, draft: Draft) -> Draft:
        return _by_rules(draft, draft.thoughts[0], len(traces(draft.thoughts[0].steps)))

    def requests(self, draft: Draft) -> list[Request]:
        """Only the first thought is told anew; the model gets no picture."""
        thought = draft.thoughts[0]
        question = "\n".join((draft.problem.question, *(draft.problem.choices or ())))
        prompt = PROMPT.format(question=question, steps=thought.steps, answer=thought.answer)
        return [Request([{"role": "user", "content": prompt}], SamplingParams(self.max_new_tokens, self.temperature, seed=0))]

    def read(self, draft: Draft, said: Sequence[Said]) -> Draft:
        """The thought as told, with the answer that the model gives now."""
        (one,), thought = said, draft.thoughts[0]
        told = thought_of(one)
        if told is None:
            return draft.drop("rewrite", "no answer", f"the rewritten steps were {'cut off' if one.stop == 'length' else 'not given'}")
        made_by = thought.made_by if thought.made_by == one.model else f"{thought.made_by}, rewritten by {one.model}"
        return _by_rules(draft, replace(told, made_by=made_by), len(traces(thought.steps)))


def _by_rules(draft: Draft, thought: Thought, before: int) -> Draft:
    told = replace(thought, steps=as_seen(thought.steps))
    return replace(draft, thoughts=(told,)).noted(phrases=[before, len(traces(told.steps))])
