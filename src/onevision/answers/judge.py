"""Ask a language model about the verdicts that the rules leave open. It is asked for those alone, and can only settle them.

The model runs behind any OpenAI-compatible endpoint. A reply other than the one word asked for, an error or a timeout
leaves the verdict as it was: a failing judge never makes an answer wrong.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onevision.errors import InputError, MissingPartError
from onevision.store import content_id
from onevision.types import Verdict

PROMPT = """You compare a student's final answer with the correct one. Do not solve the problem yourself.

Question: {question}
Correct answer: {gold}
Student's answer: {answer}

Do both mean the same? Reply with exactly one word: RIGHT, WRONG or UNSURE."""

_REPLIES = {"right": 1.0, "wrong": 0.0}
_LONGEST = 4000


@dataclass
class Judge:
    """A judge model. model: its name at the endpoint; url: the endpoint, as http://localhost:8000/v1.

    log: a file that keeps every clear reply as it comes, so that a second run asks only for the rest.
    asked, settled, failed: how many verdicts it was asked for, settled, and failed on (errors and unclear replies).
    """

    model: str
    url: str
    timeout: float = 30.0
    log: Path | None = None
    asked: int = 0
    settled: int = 0
    failed: int = 0
    _client: Any = field(default=None, repr=False)
    _replies: dict[str, str] | None = field(default=None, repr=False)

    def settle(self, verdict: Verdict, gold: str | None, question: str = "") -> Verdict:
        """The verdict itself where it has a score, no answer or no gold; otherwise the judge's, or itself where the
        judge fails. Never raises for what the endpoint does."""
        if verdict.score is not None or verdict.answer is None or not gold:
            return verdict
        self.asked += 1
        reply = self._remembered(PROMPT.format(question=question[:_LONGEST], gold=gold[:_LONGEST], answer=verdict.answer[:_LONGEST]))
        if reply == "unsure":
            return verdict
        if reply not in _REPLIES:
            self.failed += 1
            return verdict
        self.settled += 1
        return Verdict(_REPLIES[reply], verdict.answer, f"{verdict.reason}; {reply} by judge {self.model}")

    def _remembered(self, prompt: str) -> str:
        if self._replies is None:
            self._replies = dict(_logged(self.log)) if self.log else {}
        key = content_id(self.model, prompt)
        if key not in self._replies:
            reply = self._ask(prompt)
            if reply not in (*_REPLIES, "unsure"):
                return reply
            self._replies[key] = reply
            if self.log:
                self.log.parent.mkdir(parents=True, exist_ok=True)
                with self.log.open("a") as file:
                    file.write(json.dumps([key, reply]) + "\n")
        return self._replies[key]

    def _ask(self, prompt: str) -> str:
        import openai

        try:
            done = self._connected().chat.completions.create(
                model=self.model, messages=[{"role": "user", "content": prompt}], temperature=0, max_tokens=8, seed=0
            )
            return (done.choices[0].message.content or "").strip().strip(".*`\"'").casefold()
        except (openai.OpenAIError, AttributeError, IndexError, TypeError, ValueError):
            return ""

    def _connected(self) -> Any:
        if self._client is None:
            import openai

            key = os.environ.get("OPENAI_API_KEY") or "none"
            self._client = openai.OpenAI(base_url=self.url, api_key=key, timeout=self.timeout, max_retries=1)
        return self._client


def _logged(path: Path) -> Iterator[tuple[str, str]]:
    """The replies in a log; a line that a crash cut short is left out."""
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        with contextlib.suppress(ValueError):
            key, reply = json.loads(line)
            yield key, reply


def make_judge(spec: str, log: Path | None = None) -> Judge:
    """The judge that `openai:NAME@URL` names; see Judge for `log`. Raises InputError for another form, MissingPartError without openai."""
    scheme, _, rest = spec.partition(":")
    name, _, url = rest.rpartition("@")
    if scheme != "openai" or not name or not url.startswith(("http://", "https://")):
        raise InputError(f"--judge is {spec!r}; openai:NAME@URL was expected, e.g. openai:qwen3@http://localhost:8000/v1")
    try:
        import openai  # noqa: F401
    except ImportError:
        raise MissingPartError("a judge needs the openai client: pip install 'onevision[serve]'") from None
    return Judge(name, url, log=log)
