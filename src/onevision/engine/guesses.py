"""Tokens guessed from what was written before: prompt lookup over all answers of a server, as in SuffixDecoding (arXiv:2411.04975)."""

from collections.abc import Sequence

CONTEXTS = (4, 3, 2, 1)
"""Tokens that are looked up together, the most first."""

AHEAD = 4
"""Guesses a step. A step with more of them costs more than they save."""

MOST = 2**18
"""Contexts that are remembered, about 60 MB."""


class Guesses:
    """What came last after each few tokens. A wrong guess costs time and changes nothing."""

    def __init__(self) -> None:
        self._after: dict[tuple[int, ...], int] = {}

    def learn(self, tokens: Sequence[int]) -> None:
        """The last of `tokens` came after the others."""
        if len(self._after) > MOST:
            self._after = {}  # a few answers, and it knows again what it needs
        for size in CONTEXTS:
            if len(tokens) > size:
                self._after[tuple(tokens[-size - 1 : -1])] = tokens[-1]

    def after(self, tokens: Sequence[int], most: int = AHEAD) -> list[int]:
        """The tokens that may follow, at most so many; none where nothing like the last one was seen."""
        known, guesses = list(tokens[-max(CONTEXTS) :]), list[int]()
        while len(guesses) < min(most, AHEAD) and (token := self._next(known)) is not None:
            guesses.append(token)
            known.append(token)
        return guesses

    def _next(self, known: Sequence[int]) -> int | None:
        found = (self._after.get(tuple(known[-size:])) for size in CONTEXTS if len(known) >= size)
        return next((token for token in found if token is not None), None)
