"""The thought and what is said after it, apart, while a text streams; as vLLM's and DeepSeek's servers send them.

"<think>\\n" + reasoning + "\\n</think>\\n" + content is the text that `onevision ask` shows. A text that does not begin with
the tag is all content. (`models.pieces.Splitter` is for readers: it leaves the answer's tags out, and so cannot be undone.)
"""

import re

_OPEN, _CLOSE = "<think>", "</think>"
# What may still become the closing tag, with the spaces before it that it would swallow.
_UNSURE = re.compile(rf"\s*(?:{'|'.join(re.escape(_CLOSE[:size]) for size in range(len(_CLOSE) - 1, 0, -1))})?\Z")


class Thought:
    """Takes a text as it comes; `push` and `finish` give (more reasoning, more content). `thinking`: the text
    begins with a thought; `over`: that has ended."""

    def __init__(self) -> None:
        self.over = False
        self.thinking = False
        self._held = ""
        self._begun = False

    def push(self, text: str) -> tuple[str, str]:
        """What this text makes certain."""
        if self.over:
            return "", self._new(text)
        self._held += text
        if not self.thinking and not self._opened():
            return "", self._untagged()
        thought, closed, rest = self._held.partition(_CLOSE)
        if closed:
            self.over, self._held = True, ""
            reasoning, self._begun = self._new(thought.rstrip()), False
            return reasoning, self._new(rest)
        unsure = _UNSURE.search(self._held)
        assert unsure is not None
        sure, self._held = self._held[: unsure.start()], self._held[unsure.start() :]
        return self._new(sure), ""

    def finish(self) -> tuple[str, str]:
        """What was held back, when no more comes; half a closing tag is left out."""
        held, self._held = self._held, ""
        return ("", "") if self.thinking else ("", held)

    def _opened(self) -> bool:
        """Whether the opening tag is there by now; without it, everything is content."""
        start = self._held.lstrip()
        if start.startswith(_OPEN):
            self._held, self.thinking = start[len(_OPEN) :], True
        elif not _OPEN.startswith(start):
            self.over, self._begun = True, True
        return self.thinking

    def _untagged(self) -> str:
        """All that was held, once it is sure that there is no thought."""
        held, self._held = (self._held, "") if self.over else ("", self._held)
        return held

    def _new(self, text: str) -> str:
        """Spaces at the beginning of a part belong to the tag before it."""
        text = text if self._begun else text.lstrip()
        self._begun = self._begun or bool(text)
        return text
