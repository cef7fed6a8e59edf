"""How far a run is and when it will be done: a bar on a terminal, a line now and then in a log."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

SECONDS_A_LINE = 30


class Progress:
    """title: said in front; total: all there is; done: what was there before."""

    def __init__(self, title: str, total: int, done: int = 0) -> None:
        self.title, self.total, self.done, self.before = title, total, done, done
        self.start = self.said = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self.console = Console(stderr=True)
        self.bar = Bar(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)
        self.task = self.bar.add_task(title, total=total, completed=done)

    def advance(self, count: int) -> None:
        """So many more are done."""
        self.done += count
        self.bar.advance(self.task, count)
        if self.done > self.before and not self.console.is_terminal and time.monotonic() - self.said >= SECONDS_A_LINE:
            self.said = time.monotonic()
            left = (self.said - self.start) / (self.done - self.before) * (self.total - self.done)
            print(f"{self.title}: {self.done} of {self.total}, about {left / 60:.0f} min left", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        if self.before:
            print(f"{self.title}: {self.before} of {self.total} were answered before", file=sys.stderr, flush=True)
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.bar.stop()
