"""The last look: is the text grounded in the Description, of a sane length, without loops, in one language."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from onevision.errors import InputError
from onevision.forge.draft import Draft, Step
from onevision.forge.evidence import objection
from onevision.forge.phrases import traces

SCRIPTS = {
    "en": "LATIN",
    "de": "LATIN",
    "fr": "LATIN",
    "es": "LATIN",
    "zh": "CJK",
    "ru": "CYRILLIC",
    "ar": "ARABIC",
    "any": "",
}
"""Language -> the script that its letters are named after in Unicode."""

SEQUENCE = 10
"""Words of a sequence that is looked for again."""

Objection = tuple[str, str]
"""Why an item is dropped: the kind, and the reason in full."""


@dataclass(frozen=True)
class Filter(Step):
    """words: fewest and most of the steps; repeated: the most that sequences of ten words may come again, as a share; language: of
    the steps, told by its script; consistent: every number and label of the steps must stand in the Description, the question or
    the options, or follow, and every calculation must be right; traces: phrases such as "based on the description" that may be left.
    """

    name: ClassVar[str] = "filter"
    own: ClassVar[tuple[str, ...]] = ("rules",)

    by: str = "rules"
    words: list[int] = field(default_factory=lambda: [1, 3000])
    repeated: float = 0.5
    language: Literal["en", "de", "fr", "es", "zh", "ru", "ar", "any"] = "any"
    consistent: bool = True
    traces: int = 0

    def __post_init__(self) -> None:
        if len(self.words) != 2 or not all(isinstance(one, int) for one in self.words):
            raise InputError(f"filter: words is {self.words}; give the fewest and the most")

    @property
    def after(self) -> tuple[str, ...]:
        return ("describe", "reason") if self.consistent else ("reason",)

    def __call__(self, draft: Draft) -> Draft:
        checks: tuple[Callable[[Draft], Objection | None], ...] = (
            self._unjudged, self._length, self._loops, self._speech, self._spoken_of, self._evidence,
        )  # fmt: skip
        for check in checks:
            if found := check(draft):
                return draft.drop("filter", *found)
        return draft.noted(words=len(draft.thoughts[0].steps.split()))

    def _unjudged(self, draft: Draft) -> Objection | None:
        score = draft.verdict.score if draft.verdict else None
        return None if score == 1.0 else ("not judged right", f"the score is {score}; judge comes before filter")

    def _length(self, draft: Draft) -> Objection | None:
        count = len(draft.thoughts[0].steps.split())
        return (
            None if self.words[0] <= count <= self.words[1] else ("length", f"{count} words, {self.words[0]} to {self.words[1]} are kept")
        )

    def _loops(self, draft: Draft) -> Objection | None:
        share = repeated(draft.thoughts[0].steps)
        return None if share <= self.repeated else ("repetition", f"{share:.0%} of its sequences of {SEQUENCE} words come again")

    def _speech(self, draft: Draft) -> Objection | None:
        script = SCRIPTS[self.language]
        share = foreign(draft.thoughts[0].steps, script) if script else 0.0
        return None if share <= 0.1 else ("language", f"{share:.0%} of the letters are not of {self.language}")

    def _spoken_of(self, draft: Draft) -> Objection | None:
        left = traces(draft.thoughts[0].steps)
        return None if len(left) <= self.traces else ("speaks of a description", f"it says {left[0]!r}")

    def _evidence(self, draft: Draft) -> Objection | None:
        return objection(draft) if self.consistent else None


def repeated(text: str) -> float:
    """The share of the sequences of ten words that stood in the text before."""
    words = text.split()
    sequences = [tuple(words[start : start + SEQUENCE]) for start in range(len(words) - SEQUENCE + 1)]
    return 1 - len(set(sequences)) / len(sequences) if sequences else 0.0


def foreign(text: str, script: str) -> float:
    """The share of letters whose Unicode name does not begin with the script's; Greek ones are mathematics. Formulas count for
    nothing."""
    letters = [char for char in re.sub(r"\$[^$]*\$|\\\w+", "", text) if char.isalpha()]
    names = [unicodedata.name(char, "") for char in letters]
    return sum(not name.startswith((script, "GREEK")) for name in names) / len(names) if names else 0.0
