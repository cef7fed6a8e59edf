"""The common grader against the gold answer: only thoughts that end right go on."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from onevision.answers import grade
from onevision.forge.draft import Draft, Step, Thought
from onevision.models.prompts import compose
from onevision.types import Verdict


@dataclass(frozen=True)
class Judge(Step):
    """It stands in the list where answers may have changed: after `reason`, so that nothing is paid for rewriting a wrong
    thought, and after `rewrite`. unjudged: what happens where the grader cannot judge any; "keep" leaves it to `review`.
    """

    name: ClassVar[str] = "judge"
    own: ClassVar[tuple[str, ...]] = ("grader",)

    by: str = "grader"
    unjudged: Literal["drop", "keep"] = "drop"

    @property
    def after(self) -> tuple[str, ...]:
        return ("reason",)

    def __call__(self, draft: Draft) -> Draft:
        """Right thoughts in their order; where there are none, those that could not be judged, or the item is dropped."""
        graded = [(thought, _grade(thought, draft)) for thought in draft.thoughts]
        draft = draft.noted(candidates=max(len(graded), draft.notes.get("candidates", 0)), right=sum(v.score == 1.0 for _, v in graded))
        for score in (1.0, None):
            kept = [(thought, verdict) for thought, verdict in graded if verdict.score == score]
            if kept and (score or self.unjudged == "keep"):
                return replace(draft, thoughts=tuple(thought for thought, _ in kept), verdict=kept[0][1])
        verdict = next((verdict for _, verdict in graded if verdict.score is None), graded[0][1])
        kind = "could not judge" if verdict.score is None else "wrong answer"
        said = ", ".join(repr(one.answer) for one, _ in graded)
        words = f"{said} against gold {draft.problem.answer!r}: {verdict.reason}"
        return replace(draft, verdict=verdict).drop("judge", kind, words)


def _grade(thought: Thought, draft: Draft) -> Verdict:
    return grade(compose(None, thought.steps, thought.answer), draft.problem)
