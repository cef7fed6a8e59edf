"""Tokens to text while they come, never showing half a character or part of a stop string."""

from typing import Any


class TextStream:
    """One row's growing text. `stopped` turns true once a stop string is complete; `text` is all that was released."""

    def __init__(self, tokenizer: Any, stop: tuple[str, ...] = ()) -> None:
        self.tokenizer = tokenizer
        self.stop = stop
        self.stopped = False
        self.text = ""
        self._pending: list[int] = []
        self._held = ""

    def push(self, token: int) -> str:
        """The text that this token makes certain, often "" in the middle of a character."""
        self._pending.append(token)
        piece = self._decode()
        # A byte-level tokenizer cuts characters anywhere; an unfinished one decodes to U+FFFD at the end.
        if piece.endswith("\ufffd"):
            return ""
        self._pending.clear()
        return self._release(piece)

    def flush(self) -> str:
        """What is left when no more tokens come."""
        rest = "" if self.stopped else self._release(self._decode()) + self._held
        self.text += self._held
        self._pending, self._held = [], ""
        return rest

    def _decode(self) -> str:
        return str(self.tokenizer.decode(self._pending, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def _release(self, piece: str) -> str:
        held = self._held + piece
        found = [at for at in (held.find(stop) for stop in self.stop) if at >= 0]
        if found:
            self.stopped = True
            out, self._held = held[: min(found)], ""
        else:
            keep = max((len(stop) - 1 for stop in self.stop), default=0)
            cut = max(0, len(held) - keep)
            out, self._held = held[:cut], held[cut:]
        self.text += out
        return out
