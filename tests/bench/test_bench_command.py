"""`onevision bench` and `onevision report` from the command line."""

import json
from pathlib import Path

import pytest
from PIL import Image

from onevision.cli import main


def refused(args: list[str], capsys: pytest.CaptureFixture[str], words: str) -> None:
    assert main(args) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and words in err, err


def test_bad_input_is_refused_before_a_model_is_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(["bench", "nope"], capsys, "unknown benchmark 'nope'")
    refused(["bench", "chain", "--levels", "1,x"], capsys, "--levels is '1,x'")
    refused(["bench", "chain", "--levels", "9"], capsys, "unknown level [9]")
    refused(["bench", "chain", "--size", "9,20"], capsys, "--size is '9,20'")
    refused(["bench", "chain", "--split", "testmini"], capsys, "unknown split 'testmini'; did you mean 'test'? If not, one of train")
    refused(["bench", "chain", "-n", "4"], capsys, "give --temperature")
    refused(["bench", "chain", "--temperature", "-1"], capsys, "temperature is -1")
    refused(["bench", "mathvision", "--data", str(tmp_path / "none")], capsys, "hf download MathLLMs/MathVision")
    refused(["bench", "mathvision", "--data", str(tmp_path)], capsys, "holds none of testmini.jsonl")
    refused(["bench", "mathvision", "--split", "dev", "--data", str(tmp_path)], capsys, "unknown split 'dev'")
    refused(["bench", "chain", "--limit", "1", "--model", "openai:gpt"], capsys, "openai:NAME@URL was expected")
    refused(["bench", "chain", "--limit", "1", "--model", "nanoo"], capsys, "unknown model 'nanoo'")
    refused(["report", str(tmp_path / "none")], capsys, "no such folder")
    refused(["report", str(tmp_path)], capsys, "holds no run")


def test_the_table_says_what_was_asked(tmp_path: Path, tiny_model_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["bench", "chain", "--model", str(tiny_model_dir), "--limit", "1", "--max-new-tokens", "2", "--out", str(tmp_path / "out")]
    assert main([*line, "--levels", "1,2", "--size", "84,112", "--split", "validation", "--renderer", "svg"]) == 0
    said = capsys.readouterr().out
    assert "1 held-out problems a task, levels 1-2, size 84-112" in said and "split validation" in said and "renderer svg" in said


def write_mathvision(folder: Path, count: int) -> None:
    (folder / "images").mkdir(parents=True)
    rows = []
    for i in range(count):
        Image.new("RGB", (56, 56), (i, 9, 9)).save(folder / "images" / f"{i}.jpg")
        choice = {"options": ["1", "2"], "answer": "B"} if i % 2 else {"options": [], "answer": "6"}
        rows.append(
            {"id": str(i), "question": "How many?\n<image1>", **choice, "level": 1, "subject": "counting", "image": f"images/{i}.jpg"}
        )
    (folder / "testmini.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_benchmark_then_the_same_line_again_then_a_report(
    tmp_path: Path, tiny_model_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_mathvision(tmp_path / "mathvision", 6)
    line = ["bench", "mathvision", "--data", str(tmp_path), "--model", str(tiny_model_dir), "--max-new-tokens", "4", "--limit", "4"]
    monkeypatch.setattr("onevision.bench.measure.find_spec", lambda name: None)  # the inspect log has its own test
    assert main([*line, "--out", str(tmp_path / "a")]) == 0
    first = capsys.readouterr()
    assert "| all |" in first.out and "guessing at random | 25.0 %" in first.out
    assert "R1-Onevision-7B | all | 29.9 % | arXiv:2503.10615v2" in first.out
    answers = (tmp_path / "a" / "mathvision" / "answers.jsonl").read_bytes()
    assert main([*line, "--out", str(tmp_path / "a")]) == 0
    assert "4 of 4 were answered before" in capsys.readouterr().err
    assert (tmp_path / "a" / "mathvision" / "answers.jsonl").read_bytes() == answers
    assert main([*line, "--max-new-tokens", "5", "--out", str(tmp_path / "b")]) == 0
    capsys.readouterr()
    assert main(["report", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    out = capsys.readouterr().out
    assert "paired; p of McNemar" in out and "report.html" in out
    page = (tmp_path / "a" / "report.html").read_text()
    picture = json.loads((tmp_path / "a" / "mathvision" / "records.jsonl").read_text().splitlines()[0])["pictures"][0]
    assert picture in page and (tmp_path / "a" / "mathvision" / "pictures" / picture).is_file()
