"""From the Description to the answer: worked steps that came with the item, or a language model's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from onevision.answers import extract
from onevision.engine.base import SamplingParams
from onevision.forge.cache import Said
from onevision.forge.draft import Draft, Request, Step, Thought
from onevision.formal import FORMALISMS
from onevision.models.prompts import FENCE, Parsed, fenced, messages_for, parse

PROMPT = """What follows is a picture written down in a formal language, and a question about it.

{description}

{question}

Work the answer out from what is written there, step by step; write down every value you use and every calculation you do. \
Put the steps between <think> and </think>, and after them the answer alone between <answer> and </answer>; where options are \
given, the answer is the letter of one."""


@dataclass(frozen=True)
class Reason(Step):
    """by: "worked" takes the steps that came with the item; an endpoint is a model that reasons over text.

    candidates: how many to ask for. temperature, top_p, max_new_tokens: of sampling.
    """

    name: ClassVar[str] = "reason"
    own: ClassVar[tuple[str, ...]] = ("worked",)

    by: str = "worked"
    candidates: int = 1
    temperature: float = 0.6
    top_p: float = 0.95
    max_new_tokens: int = 4096

    @property
    def after(self) -> tuple[str, ...]:
        return ("describe",) if self.asks else ()

    def __call__(self, draft: Draft) -> Draft:
        if draft.worked is None:
            return draft.drop("reason", "no steps", "the item came without worked steps; name an endpoint that reasons")
        return replace(draft, thoughts=(draft.worked,))

    def requests(self, draft: Draft) -> list[Request]:
        """The Description and the question, no picture; as often as candidates are wanted, each with a seed of its own."""
        assert draft.description, "describe comes first"
        (asked,) = messages_for((), draft.problem.question, draft.problem.choices)
        prompt = PROMPT.format(description=fenced(draft.description), question=asked["content"][0]["text"])
        samplings = (SamplingParams(self.max_new_tokens, self.temperature, self.top_p, seed) for seed in range(self.candidates))
        return [Request([{"role": "user", "content": prompt}], sampling) for sampling in samplings]

    def read(self, draft: Draft, said: Sequence[Said]) -> Draft:
        """The candidates; those that were cut off or hold no answer are left out."""
        thoughts = [thought for one in said if (thought := thought_of(one))]
        if not thoughts:
            cut = sum(one.stop == "length" for one in said)
            return draft.drop("reason", "no answer", f"of {len(said)} candidates {cut} were cut off, the others hold no answer")
        return replace(draft, thoughts=tuple(thoughts))


def thought_of(said: Said) -> Thought | None:
    """A completion taken apart; None where it was cut off, gives no answer, or nothing but the answer."""
    parsed = parse(said.text)
    answer, steps = parsed.answer or extract(said.text).answer, steps_of(parsed)
    if said.stop == "length" or not answer or steps in ("", answer):
        return None
    return Thought(steps, answer, said.model)


def steps_of(parsed: Parsed) -> str:
    """A thought without the Description that it begins with. A block further on, or of code, is one of its steps."""
    found = FENCE.match(parsed.reasoning)
    return parsed.reasoning[found.end() :].strip() if found and found["word"] in FORMALISMS else parsed.reasoning
