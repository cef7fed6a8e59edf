"""The first step: what is in the picture, written in a formal language."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import ClassVar

from onevision import formal
from onevision.engine.base import SamplingParams
from onevision.errors import InputError
from onevision.forge.cache import Said
from onevision.forge.draft import Draft, Request, Step
from onevision.formal import Check
from onevision.models.pictures import open_picture
from onevision.types import Description


@dataclass(frozen=True)
class Describe(Step):
    """by: "given" takes the Description that came with the item, and extracts one where none came; "extract" always extracts,
    offline; an endpoint is a model that sees pictures.

    formalism: what to write; "auto" is the one of the Description that came with the item, otherwise the router's choice.
    round_trip: whether a model's Description is drawn back, extracted again and compared, where that can be done; it costs an
    OCR of CPU time.
    """

    name: ClassVar[str] = "describe"
    own: ClassVar[tuple[str, ...]] = ("given", "extract")

    by: str = "given"
    formalism: str = "auto"
    round_trip: bool = True
    max_new_tokens: int = 2048

    def __call__(self, draft: Draft) -> Draft:
        """Raises MissingPartError without the extractors' packages."""
        if self.by == "given" and draft.given:
            return _accepted(draft, draft.given, [formal.check(draft.given.formalism, draft.given.text)])
        from onevision.describe import describe

        if len(draft.pictures) != 1:
            return _not_one(draft)
        try:
            found = describe(draft.pictures[0], self.formalism)
        except InputError as error:
            return draft.drop("describe", "no description", str(error))
        return _accepted(draft, found.description, [*found.checks, formal.leak(found.description, draft.problem)])

    def ready(self, draft: Draft) -> Draft:
        """The router reads the picture, so its choice is noted."""
        if self.formalism != "auto" or draft.given or len(draft.pictures) != 1:
            return draft
        from onevision.describe.route import route
        from onevision.describe.sight import Sight

        return draft.noted(formalism=route(Sight(open_picture(draft.pictures[0]))).formalism)

    def requests(self, draft: Draft) -> list[Request]:
        """The picture and the formalism's own prompt."""
        from onevision.describe import vlm

        if len(draft.pictures) != 1:
            return []
        (asked,) = vlm.messages(open_picture(draft.pictures[0]), self._formalism(draft))
        parts = [{**part, "image": draft.pictures[0]} if part["type"] == "image" else part for part in asked["content"]]
        return [Request([{**asked, "content": parts}], SamplingParams(self.max_new_tokens))]

    def read(self, draft: Draft, said: Sequence[Said]) -> Draft:
        """A model's Description, with the checks of every other and the guard against answers."""
        from onevision.describe import checked, vlm

        if not said:
            return _not_one(draft)
        try:
            description = vlm.read(said[0].text, self._formalism(draft), said[0].model)
        except InputError as error:
            return draft.drop("describe", "no description", str(error))
        checks = checked(description) if self.round_trip else [formal.check(description.formalism, description.text)]
        return _accepted(draft, description, [*checks, _guarded(draft, description)])

    def _formalism(self, draft: Draft) -> str:
        if self.formalism != "auto":
            return self.formalism
        return draft.given.formalism if draft.given else str(draft.notes["formalism"])


def _guarded(draft: Draft, description: Description) -> Check:
    """The guard against answers; what it would refuse may stand in the picture, so only then is that read."""
    check = formal.leak(description, draft.problem)
    if check.valid or not find_spec("rapidocr"):
        return check
    from onevision.describe.sight import Sight

    return formal.leak(description, draft.problem, [word.text for word in Sight(open_picture(draft.pictures[0])).words])


def _accepted(draft: Draft, description: Description, checks: Sequence[Check]) -> Draft:
    """The item with its Description, dropped with the first check that refuses it."""
    wrong = next((check for check in checks if not check.valid), None)
    described = replace(draft, description=description)
    return described.drop("describe", f"check: {wrong.name}", wrong.reason) if wrong else described


def _not_one(draft: Draft) -> Draft:
    return draft.drop("describe", "not one picture", f"the item has {len(draft.pictures)} pictures; one can be described")
