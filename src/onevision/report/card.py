"""The measured table of a model card or a README, written between two marks so that no figure there is typed by hand.

<!-- measured -->
…
<!-- /measured -->
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from onevision.errors import InputError
from onevision.report.intervals import Interval
from onevision.report.tables import Run, cell, line, majority
from onevision.store import write_atomic

_BLOCK = re.compile(r"(<!-- measured -->\n).*?(<!-- /measured -->)", re.DOTALL)
BLANK = "-blank"
"""Behind a benchmark's name: the same problems with an empty page for each picture."""


def write_table(path: Path, runs: Sequence[Run]) -> Path:
    """Put the runs' table between the marks of a Markdown file. Raises InputError where it has no such marks."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"card {path}: {error.strerror}") from None
    if not _BLOCK.search(text):
        raise InputError(f"card {path}: no place for the table; put <!-- measured --> and <!-- /measured --> on lines of their own")
    write_atomic(path, _BLOCK.sub(lambda found: found[1] + results(runs) + found[2], text, count=1))
    return path


def results(runs: Sequence[Run]) -> str:
    """A Markdown table: each run's score with its 95 % interval, the best constant answer, the score without pictures; means below."""
    blank = {run.about["benchmark"].removesuffix(BLANK): run for run in runs if run.about["benchmark"].endswith(BLANK)}
    seen = [run for run in runs if not run.about["benchmark"].endswith(BLANK)]
    rows = [(run.about["benchmark"], _score(run), majority(run.records), _score(blank.get(run.about["benchmark"]))) for run in seen]
    table = [["", "score, 95 % interval", "majority class", "blank picture"], ["---", "---:", "---:", "---:"]]
    table += [[name, cell(score), cell(constant), cell(unseen and unseen.value)] for name, score, constant, unseen in rows]
    if len(rows) > 1:
        _, scores, constants, blanks = zip(*rows, strict=True)
        means = [_mean(score and score.value for score in scores), _mean(constants), _mean(unseen and unseen.value for unseen in blanks)]
        table.append(["mean", *map(cell, means)])
    return "\n".join(f"| {' | '.join(one)} |" for one in table) + "\n"


def _score(run: Run | None) -> Interval | None:
    return line("", run.records).score if run else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
