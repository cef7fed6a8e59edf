"""Our grader beside math-verify called plainly: the same rows, the same run, one after the other in one process.

    python benchmarks/grading.py --data ../shared/data [--every 1]

Rows: the published outputs under mathvision/ and mathvista/, and tests/answers/equivalences.jsonl. What is right comes from each
file's own labels, corrected by the tables in docs/grading/ (every row on which label and grader differ, read by hand).
Time is processor time of the calling process, math-verify's signals included; imports and the first call of each are left out.
"""

import argparse
import csv
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from onevision.answers import grade_answer
from onevision.answers.formats import Prediction, read_predictions
from onevision.answers.worker import warm_up

ROOT = Path(__file__).parents[1]
Grader = Callable[[Prediction], float | None]
TRUTH = {"right": True, "wrong": False}


@dataclass(frozen=True)
class Result:
    """How one grader did on one set of rows. unjudged counts as neither right nor wrong."""

    rows: int
    seconds: float
    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int
    unjudged: int

    @property
    def accuracy(self) -> float:
        return (self.true_positive + self.true_negative) / self.rows

    @property
    def precision(self) -> float:
        return self.true_positive / max(self.true_positive + self.false_positive, 1)


def ours(row: Prediction) -> float | None:
    return grade_answer(row.text, row.gold, row.choices, row.question).score


def math_verify_plain() -> Grader:
    """parse and verify as its README calls them, with the letters of options as strings."""
    from math_verify import ExprExtractionConfig, LatexExtractionConfig, StringExtractionConfig, parse, verify

    configs = (LatexExtractionConfig(), ExprExtractionConfig(), StringExtractionConfig())

    def grade(row: Prediction) -> float | None:
        letter = len(row.gold or "") == 1 and (row.gold or "").isalpha()
        gold = row.gold if letter else f"${row.gold}$"
        return float(verify(parse(gold, configs), parse(row.text, configs)))

    return grade


def truth(data: Path) -> list[tuple[str, Prediction, bool]]:
    """(set, row, whether the answer is right) for every published row whose truth is known."""
    rows = []
    for name, pattern in (("mathvision", "*.jsonl"), ("mathvista", "*.json")):
        read = adjudicated(ROOT / "docs" / "grading" / f"{name}.csv")
        for file in sorted((data / name / "outputs").glob(pattern)):
            for row in read_predictions(file)[1]:
                verdict = read.get((file.stem, row.id), row.label)
                if verdict is not None:
                    rows.append((name, row, bool(verdict)))
    return rows


def adjudicated(path: Path) -> dict[tuple[str, str], bool | None]:
    """(file, row id) -> what a reader found; None where the text contradicts itself and no reading is safe."""
    with path.open() as file:
        return {(row["file"], row["id"]): TRUTH.get(row["answer is"]) for row in csv.DictReader(file)}


def equivalences() -> list[tuple[str, Prediction, bool]]:
    rows: list[dict[str, Any]] = [json.loads(line) for line in (ROOT / "tests/answers/equivalences.jsonl").read_text().splitlines()]
    return [(f"equivalences, {row['part']} part", _stated(str(i), row), row["equal"]) for i, row in enumerate(rows)]


def _stated(number: str, row: dict[str, Any]) -> Prediction:
    return Prediction(number, f"\\boxed{{{row['answer']}}}", row["gold"], row.get("choices"), row.get("question", ""))


def measure(grade: Grader, rows: Sequence[tuple[str, Prediction, bool]], title: str) -> Result:
    grade(rows[0][1])
    counts = {(right, score): 0 for right in (True, False) for score in (1.0, 0.0, None)}
    start = time.process_time()
    for _, row, right in track(rows, title, transient=True):
        counts[right, grade(row)] += 1
    seconds = time.process_time() - start
    unjudged = counts[True, None] + counts[False, None]
    return Result(len(rows), seconds, counts[True, 1.0], counts[False, 1.0], counts[False, 0.0], counts[True, 0.0], unjudged)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--every", type=int, default=1, help="take every n-th published row")
    options = parser.parse_args()
    warm_up()
    table = Table("rows", "grader", "n", "ms a row", "accuracy", "precision", "recall", "specificity", "not judged")
    sets = [*truth(options.data)[:: options.every], *equivalences()]
    graders = {"ours": ours, "math-verify": math_verify_plain()}
    for name in dict.fromkeys(row[0] for row in sets):
        rows = [row for row in sets if row[0] == name]
        results = {grader: measure(grade, rows, f"{name}, {grader}") for grader, grade in graders.items()}
        for grader, r in results.items():
            recall = r.true_positive / max(sum(right for *_, right in rows), 1)
            specificity = 1 - r.false_positive / max(sum(not right for *_, right in rows), 1)
            figures = (f"{100 * figure:.1f} %" for figure in (r.accuracy, r.precision, recall, specificity))
            table.add_row(name, grader, str(r.rows), f"{1000 * r.seconds / r.rows:.2f}", *figures, str(r.unjudged))
        print(f"{name}: ours is {results['math-verify'].seconds / results['ours'].seconds:.1f} times as fast", flush=True)
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
