"""`onevision grade FILE`: grade an existing prediction file, and compare with the labels it has."""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from onevision.answers import grade_answer
from onevision.answers.formats import Prediction, read_predictions
from onevision.answers.judge import Judge, make_judge
from onevision.answers.worker import warm_up
from onevision.errors import InputError
from onevision.store import write_atomic
from onevision.types import Verdict

Graded = tuple[Prediction, Verdict]


def main(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="predictions: ours, MATH-V, MathVista, VLMEvalKit, lmms-eval")],
    gold: Annotated[
        Path | None, typer.Option(help="the problems, for predictions without gold answers, e.g. --gold testmini.jsonl")
    ] = None,
    judge: Annotated[str, typer.Option(help="a model for what the rules cannot judge, e.g. openai:qwen3@http://localhost:8000/v1")] = "",
    out: Annotated[
        Path | None, typer.Option(help="where the verdicts go, one JSON object a line; runs/grade/NAME.jsonl by default")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of tables")] = False,
) -> None:
    """Grade an existing prediction file; where it has labels of its own, show where the two differ.

    Example: onevision grade outputs/model.jsonl --gold testmini.jsonl
    """
    out = out or Path("runs/grade") / f"{file.stem}.jsonl"
    if out.is_dir():
        raise InputError(f"--out {out} is a folder; a file for the verdicts was expected, e.g. {out / file.stem}.jsonl")
    asked = make_judge(judge, out.with_suffix(".judge.jsonl")) if judge else None
    format_, predictions = read_predictions(file, gold)
    warm_up()
    graded = [(p, _verdict(p, asked)) for p in track(predictions, "grading", console=Console(stderr=True), transient=True)]
    differing = [(p, v) for p, v in graded if p.label is not None and v.score != float(p.label)]
    write_atomic(out, "".join(_line(p, v) for p, v in graded))
    read = out.with_suffix(".disagreements.csv")
    if any(p.label is not None for p, _ in graded):
        write_atomic(read, _table(differing))
    summary = _summary(format_, graded, asked)
    if as_json:
        print(json.dumps(summary | {"out": str(out)}, ensure_ascii=False))
    else:
        _show(file, summary, graded, out, read)


def _verdict(prediction: Prediction, judge: Judge | None) -> Verdict:
    verdict = grade_answer(prediction.text, prediction.gold, prediction.choices, prediction.question)
    return judge.settle(verdict, prediction.gold, prediction.question) if judge else verdict


def _line(prediction: Prediction, verdict: Verdict) -> str:
    p, v = prediction, verdict
    row = {"id": p.id, "gold": p.gold, "answer": v.answer, "score": v.score, "reason": v.reason, "label": p.label, "text": p.text}
    return json.dumps(row, ensure_ascii=False) + "\n"


def _table(differing: Sequence[Graded]) -> str:
    """The disagreements as CSV, with the end of each completion, to be read by a person."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(["id", "gold", "choices", "label", "score", "answer", "reason", "question", "end of text"])
    for p, v in differing:
        writer.writerow([p.id, p.gold, " | ".join(p.choices or ()), p.label, v.score, v.answer, v.reason, p.question, p.text[-600:]])
    return sheet.getvalue()


def _summary(format_: str, graded: Sequence[Graded], judge: Judge | None) -> dict[str, Any]:
    scores = Counter(v.score for _, v in graded)
    judged = len(graded) - scores[None]
    confusion = Counter((p.label, v.score) for p, v in graded if p.label is not None)
    return {
        "format": format_,
        "predictions": len(graded),
        "right": scores[1.0],
        "wrong": scores[0.0],
        "unjudged": scores[None],
        "accuracy": round(sum(v.score or 0.0 for _, v in graded) / judged, 4) if judged else None,
        "labels": [{"label": label, "score": score, "count": count} for (label, score), count in sorted(confusion.items(), key=str)],
        "judge": {"asked": judge.asked, "settled": judge.settled, "failed": judge.failed} if judge else None,
    }


def _show(file: Path, summary: dict[str, Any], graded: Sequence[Graded], out: Path, read: Path) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{file.name}: {summary['format']}, {summary['predictions']} predictions", markup=False)
    accuracy = "none could be judged" if summary["accuracy"] is None else f"accuracy {100 * summary['accuracy']:.1f} % of those judged"
    console.print(f"{summary['right']} right, {summary['wrong']} wrong, {summary['unjudged']} not judged: {accuracy}")
    if summary["judge"]:
        console.print("judge: asked {asked}, settled {settled}, failed {failed}".format(**summary["judge"]))
    if summary["labels"]:
        console.print(_confusion(summary["labels"]))
        console.print(f"disagreements, to read: {read}", markup=False)
    console.print(f"verdicts: {out}", markup=False)


def _confusion(labels: Sequence[dict[str, Any]]) -> Table:
    counts = {(row["label"], row["score"]): row["count"] for row in labels}
    table = Table("the file's label", *(f"graded {name}" for name in ("right", "wrong", "not judged")), title="labels against verdicts")
    for label in (True, False):
        table.add_row("right" if label else "wrong", *(str(counts.get((label, score), 0)) for score in (1.0, 0.0, None)))
    return table
