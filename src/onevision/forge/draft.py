"""An item on its way through the forge, and what a step is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from onevision.engine.base import SamplingParams
from onevision.errors import InputError, OneVisionError
from onevision.forge.cache import Said
from onevision.models.prompts import compose, messages_for
from onevision.sources import onevision
from onevision.types import Description, Message, Problem, Sample, Verdict


@dataclass(frozen=True)
class Thought:
    """A way from the Description to an answer, and who wrote it."""

    steps: str
    answer: str
    made_by: str


@dataclass(frozen=True)
class Dropped:
    """Why an item is no sample. step: the step that dropped it; kind: the reason in a word or two, to be counted; words: the
    reason in full."""

    step: str
    kind: str
    words: str


@dataclass(frozen=True)
class Draft:
    """What the steps have made of an item so far.

    number: its place in the mix; at: how many steps it has taken; problem: without its pictures, which stay the files they
    came as (`pictures`).
    given, worked: the Description and the steps that came with the item, where it has any.
    thoughts: candidates, the best first; notes: what the report counts, JSON-serialisable.
    """

    number: int
    problem: Problem
    pictures: tuple[bytes, ...] = ()
    at: int = 0
    given: Description | None = None
    worked: Thought | None = None
    description: Description | None = None
    thoughts: tuple[Thought, ...] = ()
    verdict: Verdict | None = None
    dropped: Dropped | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    def drop(self, step: str, kind: str, words: str) -> "Draft":
        """The item with the reason why it is no sample."""
        return replace(self, dropped=Dropped(step, kind, words))

    def failed(self, step: str, kind: str, error: Exception) -> "Draft":
        """The item, dropped for an error that was met in it. An error of ours that is not the item's (a part is missing) is raised."""
        if isinstance(error, OneVisionError) and not isinstance(error, InputError):
            raise error
        return self.drop(step, kind, str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}")

    def noted(self, **notes: Any) -> "Draft":
        """The item with further notes."""
        return replace(self, notes={**self.notes, **notes})

    @property
    def text(self) -> str:
        """The first thought as a completion, "" before there is one."""
        return compose(self.description, self.thoughts[0].steps, self.thoughts[0].answer) if self.thoughts else ""

    def row(self) -> dict[str, Any]:
        """The item as a row of our own parquet sets (`sources.onevision`); a dropped one also says why."""
        places: list[Message] = [{"type": "image"} for _ in self.pictures]
        asked = messages_for((), self.problem.question or " ?", self.problem.choices)[0]["content"]
        messages: list[Message] = [{"role": "user", "content": [*places, *asked]}, {"role": "assistant", "content": self.text}]
        problem = replace(self.problem, meta={**self.problem.meta, "forge": dict(self.notes)})
        made_by = self.thoughts[0].made_by if self.thoughts else ""
        sample = Sample(problem, self.description or Description("", "", made_by=""), messages, self.verdict, made_by)
        why = {f"dropped_{name}": text for name, text in vars(self.dropped).items()} if self.dropped else {}
        return onevision.row(sample, self.pictures) | why


@dataclass(frozen=True)
class Request:
    """What a step wants to ask; a picture in the messages is the bytes of its file."""

    messages: list[Message]
    sampling: SamplingParams


class Step:
    """A step of a recipe's list, configured: pure functions of an item, run in worker processes. Only the run itself asks.

    name: in recipes. by: who does the work: one of the step's own words, and it is called, or an endpoint's name: then
    `requests` says what to ask, and `read` makes something of the answers.
    """

    name: ClassVar[str]
    own: ClassVar[tuple[str, ...]] = ()
    by: str

    @property
    def after(self) -> tuple[str, ...]:
        """The steps that stand before it in a recipe's list, because it takes up what they leave."""
        return ()

    @property
    def asks(self) -> bool:
        """Whether an endpoint does the work."""
        return self.by not in self.own

    def __call__(self, draft: Draft) -> Draft:
        """The item, changed or dropped, by one of the step's own ways."""
        raise NotImplementedError

    def ready(self, draft: Draft) -> Draft:
        """The item before it is asked about, with notes of what `requests` and `read` both need and what is dear to find out."""
        return draft

    def requests(self, draft: Draft) -> list[Request]:
        """What to ask about the item; nothing where it will be dropped."""
        raise NotImplementedError

    def read(self, draft: Draft, said: Sequence[Said]) -> Draft:
        """The item, changed or dropped, by the answers to `requests`, in their order."""
        raise NotImplementedError
