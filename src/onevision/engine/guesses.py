"""Tokens guessed from what was written before: prompt lookup over all answers of a server, as in SuffixDecoding (arXiv:2411.04975)."""

from collections.abc import Sequence

CONTEXTS = (4, 3, 2, 1)
"""Tokens that are looked up together, the most first."""

AHEAD = 4
"""Guesses a step. A step with more of them costs more than they save."""

LIKELY = 0.1
"""Guessing ends where all of it together is less likely than this: each guess makes its step longer."""

MOST = 2**17
"""Contexts that are remembered, about 45 MB."""


class Guesses:
    """How often what came after each few tokens. A wrong guess costs time and changes nothing."""

    def __init__(self) -> None:
        self._after: dict[tuple[int, ...], dict[int, int]] = {}

    def learn(self, tokens: Sequence[int]) -> None:
        """The last of `tokens` came after the others."""
        if len(self._after) > MOST:
            self._after = {}  # a few answers, and it knows again what it needs
        for size in CONTEXTS:
            if len(tokens) > size:
                counts = self._after.setdefault(tuple(tokens[-size - 1 : -1]), {})
                counts[tokens[-1]] = counts.pop(tokens[-1], 0) + 1  # the latest is the last

    def after(self, tokens: Sequence[int], most: int = AHEAD) -> list[int]:
        """The tokens that may follow, at most so many; none where nothing like the last one was seen."""
        known, guesses, likely = list(tokens[-max(CONTEXTS) :]), list[int](), 1.0
        while len(guesses) < min(most, AHEAD):
            token, share = self._next(known)
            likely *= share
            if likely < LIKELY:
                break
            guesses.append(token)
            known.append(token)
        return guesses

    def _next(self, known: Sequence[int]) -> tuple[int, float]:
        """What came most often, of equals the latest, after the longest context that was seen, and how likely it comes again: its
        share where one more time something new had come."""
        for size in CONTEXTS:
            if len(known) >= size and (counts := self._after.get(tuple(known[-size:]))):
                token = max(reversed(counts), key=counts.__getitem__)
                return token, counts[token] / (sum(counts.values()) + 1)
        return 0, 0.0
