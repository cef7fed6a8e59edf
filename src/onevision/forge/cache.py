"""Answers of endpoints, kept by what was asked. What is in it is never asked again, however a run ended."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Said:
    """One answer. stop: "stop" or "length"; model: who said it, without its URL; tokens as the endpoint counted them; endpoint: its
    name in the recipe, on whose bill they are."""

    text: str
    stop: str
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    endpoint: str = ""


COLUMNS = ", ".join(one.name for one in fields(Said))


class Cache:
    """A SQLite file in write-ahead mode: what `put` returned from survives `kill -9` (the last few may be lost in a power cut)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._base.execute("pragma journal_mode = wal")
        self._base.execute("pragma synchronous = normal")
        self._base.execute(
            "create table if not exists said (key text primary key, text text, stop text, model text,"
            " prompt_tokens integer, completion_tokens integer, endpoint text) without rowid"
        )
        if "endpoint" not in [column for _, column, *_ in self._base.execute("pragma table_info(said)")]:
            self._base.execute("alter table said add column endpoint text")  # a file from before there were bills of each endpoint

    def get(self, key: str) -> Said | None:
        """The answer to a request that was answered before."""
        row = self._base.execute(f"select {COLUMNS} from said where key = ?", (key,)).fetchone()
        return Said(*row) if row else None

    def put(self, key: str, said: Said) -> None:
        """Keep an answer; when this returns it outlives the process."""
        self._base.execute(f"insert or replace into said (key, {COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)", (key, *vars(said).values()))

    def adopt(self, endpoint: str, model: str) -> None:
        """Put a model's answers that are on nobody's bill on this endpoint's."""
        self._base.execute("update said set endpoint = ? where endpoint is null and model = ?", (endpoint, model))

    def totals(self) -> Mapping[str, tuple[int, int, int]]:
        """Endpoint -> (answers, prompt tokens, completion tokens), of all runs."""
        rows = self._base.execute("select endpoint, count(*), sum(prompt_tokens), sum(completion_tokens) from said group by endpoint")
        return {endpoint: (count, prompt, completion) for endpoint, count, prompt, completion in rows}

    def close(self) -> None:
        """Fold the log into the file."""
        self._base.close()
