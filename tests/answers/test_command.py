"""`onevision grade`: every file format it knows, and what it prints and writes."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from onevision.answers.command import main
from onevision.answers.formats import read_predictions
from onevision.errors import InputError

OURS = {"id": "1", "question": "?", "gold": "5", "score": 1.0, "text": "<answer>5</answer>"}
BENCH = {"id": "1", "question": "?", "choices": None, "gold": "5", "score": 1.0, "completions": [{"text": OURS["text"], "score": 1.0}]}
MATHVISION = {"id": "4", "question": "?", "options": [], "answer": "6", "response": "\\boxed{6}", "model_answer": "6", "correct": False}
MATHVISTA = {"7": {"pid": "7", "question": "?", "choices": ["half", "quarter"], "answer": "half", "response": "A", "true_false": True}}
VLMEVALKIT = {"index": 3, "question": "?", "A": "cat", "B": "dog", "answer": "B", "prediction": "The answer is B.", "hit": 1}
LMMS_EVAL = {"doc_id": 0, "doc": {"question": "?", "choices": ["3", "4"]}, "target": "B", "resps": [["\\boxed{4}"]], "exact_match": 0}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def tsv(path: Path, row: dict[str, Any]) -> Path:
    path.write_text("\t".join(row) + "\n" + "\t".join(map(str, row.values())) + "\n")
    return path


def xlsx(path: Path, row: dict[str, Any]) -> Path:
    book = pytest.importorskip("openpyxl").Workbook()
    book.active.append(list(row))
    book.active.append(list(row.values()))
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("OneVision", lambda folder: write(folder / "a.jsonl", OURS)),
        ("records of `onevision bench`", lambda folder: write(folder / "a.jsonl", BENCH)),
        ("MATH-V", lambda folder: write(folder / "a.jsonl", MATHVISION)),
        ("MathVista", lambda folder: write(folder / "a.json", MATHVISTA)),
        ("VLMEvalKit", lambda folder: tsv(folder / "a.tsv", VLMEVALKIT)),
        ("VLMEvalKit", lambda folder: xlsx(folder / "a.xlsx", VLMEVALKIT)),
        ("lmms-eval", lambda folder: write(folder / "a.jsonl", LMMS_EVAL)),
    ],
)
def test_every_format_is_recognised_and_right(name: str, file: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(file(tmp_path), out=tmp_path / "out.jsonl", as_json=True)
    summary = json.loads(capsys.readouterr().out)
    assert summary["format"].startswith(name)
    assert (summary["predictions"], summary["right"]) == (1, 1) and len(summary["labels"]) == 1


def test_confusion_table_and_disagreements(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "a.jsonl", MATHVISION, MATHVISION | {"id": "5", "correct": True})
    main(file, out=tmp_path / "out.jsonl")
    assert "MATH-V" in (printed := capsys.readouterr().out) and "labels against verdicts" in printed
    rows = list(csv.DictReader((tmp_path / "out.disagreements.csv").open()))
    assert [(row["id"], row["label"], row["score"], row["answer"]) for row in rows] == [("4", "False", "1.0", "6")]
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2


def test_golds_from_a_second_file(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", {"id": "4", "response": "so it is B"})
    with pytest.raises(InputError, match="--gold"):
        read_predictions(file)
    gold = write(tmp_path / "gold.jsonl", {"id": "4", "answer": "B", "options": ["1", "2"], "question": "?"})
    _, predictions = read_predictions(file, gold)
    assert (predictions[0].gold, predictions[0].choices) == ("B", ("1", "2"))
    with pytest.raises(InputError, match="no problem '4'"):
        read_predictions(file, write(tmp_path / "other.jsonl", {"id": "9", "answer": "B"}))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"foo": 1}', "known are OneVision JSONL"),
        ("a.jsonl", "{broken", "line 1: not JSON"),
        ("a.jsonl", "[1, 2]", "no list of records"),
        ("a.jsonl", "", "is empty"),
        ("a.xlsx", "no sheet", "xlsx"),
        ("a.jsonl", json.dumps(OURS) + '\n{"id": 1}', "record 2"),
    ],
)
def test_bad_files_are_named(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        read_predictions(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        read_predictions(tmp_path / "none.jsonl")


DATA = Path(os.environ.get("ONEVISION_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.mark.skipif(not (DATA / "mathvision").is_dir(), reason="no published outputs here")
def test_published_outputs_are_read() -> None:
    name, predictions = read_predictions(DATA / "mathvision" / "outputs" / "Gemini-Pro-CoT.jsonl")
    assert name.startswith("MATH-V") and len(predictions) == 1479
    name, predictions = read_predictions(DATA / "mathvista" / "outputs" / "output_bard.json")
    assert name.startswith("MathVista") and len(predictions) == 469


def test_line_separators_in_a_prediction_part_no_line(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps(OURS | {"text": "one\u2028two <answer>5</answer>"}, ensure_ascii=False) + "\n" + json.dumps(OURS) + "\n")
    assert len(read_predictions(file)[1]) == 2


def test_options_that_are_letters_are_texts_in_mathvista(tmp_path: Path) -> None:
    row = MATHVISTA["7"] | {"choices": ["B", "C", "A"], "answer": "B"}
    assert read_predictions(write(tmp_path / "a.jsonl", row))[1][0].gold == "A"


def test_a_completion_may_be_plain_text(tmp_path: Path) -> None:
    _, predictions = read_predictions(write(tmp_path / "a.jsonl", BENCH | {"completions": ["5"]}, BENCH | {"completions": []}))
    assert [prediction.text for prediction in predictions] == ["5", ""]
    with pytest.raises(InputError, match="no prediction file known"):
        read_predictions(write(tmp_path / "b.jsonl", BENCH | {"completions": {"x": 1}}))


def test_half_a_surrogate_pair_can_be_written_again(tmp_path: Path) -> None:
    row = OURS | {"text": "\ud800 <answer>5</answer>", "gold": ["5"], "choices": ["5", "\ud800"], "score": 0.0}
    main(write(tmp_path / "a.jsonl", row), out=tmp_path / "out.jsonl")
    assert json.loads((tmp_path / "out.jsonl").read_text())["text"] == "? <answer>5</answer>"


def test_a_folder_to_write_to_is_named_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        main(tmp_path / "none.jsonl", out=tmp_path)
