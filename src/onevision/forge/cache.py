"""Answers of endpoints, kept by what was asked. What is in it is never asked again, however a run ended."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Said:
    """One answer. stop: "stop" or "length"; model: who said it, without its URL; tokens as the endpoint counted them."""

    text: str
    stop: str
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Cache:
    """A SQLite file in write-ahead mode: what `put` returned from survives `kill -9` (the last few may be lost in a power cut)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._base.execute("pragma journal_mode = wal")
        self._base.execute("pragma synchronous = normal")
        self._base.execute(
            "create table if not exists said (key text primary key, text text, stop text, model text,"
            " prompt_tokens integer, completion_tokens integer) without rowid"
        )

    def get(self, key: str) -> Said | None:
        """The answer to a request that was answered before."""
        row = self._base.execute("select text, stop, model, prompt_tokens, completion_tokens from said where key = ?", (key,)).fetchone()
        return Said(*row) if row else None

    def put(self, key: str, said: Said) -> None:
        """Keep an answer; when this returns it outlives the process."""
        row = (key, said.text, said.stop, said.model, said.prompt_tokens, said.completion_tokens)
        self._base.execute("insert or replace into said values (?, ?, ?, ?, ?, ?)", row)

    def totals(self) -> Mapping[str, tuple[int, int, int]]:
        """Model -> (answers, prompt tokens, completion tokens), of all runs."""
        rows = self._base.execute("select model, count(*), sum(prompt_tokens), sum(completion_tokens) from said group by model")
        return {model: (count, prompt, completion) for model, count, prompt, completion in rows}

    def close(self) -> None:
        """Fold the log into the file."""
        self._base.close()
