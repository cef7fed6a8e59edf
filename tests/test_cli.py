"""The command line: exit codes, one line for each kind of bad input, plain and JSON output."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import onevision
from onevision.cli import COMMANDS, main
from tests.models.test_pictures import noisy_jpeg, png_header


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "picture.png"
    Image.effect_noise((120, 90), 80).save(path)
    return str(path)


def refused(args: list[str], capsys: pytest.CaptureFixture[str], words: str) -> None:
    assert main(args) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("onevision: ") and err.count("\n") == 1 and words in err


def test_help_names_all_commands_and_imports_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0 and main([]) == 0
    out = capsys.readouterr().out
    assert all(out.count(f"\n  {name} ") == 2 for name in COMMANDS)
    code = "import sys, onevision.cli as c; c.main(['--help']); sys.exit(bool({'torch', 'PIL'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_python_m_and_version() -> None:
    run = subprocess.run([sys.executable, "-m", "onevision", "--version"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.strip()) == (0, f"onevision {onevision.__version__}")


@pytest.mark.parametrize("command", ["ask", "tasks"])
def test_every_option_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "Example:" in text or command == "tasks"
    assert text.count("e.g.") + text.count("onevision ask a.png") >= (5 if command == "ask" else 0)


def test_usage_errors(capsys: pytest.CaptureFixture[str], picture: str) -> None:
    refused(["nope"], capsys, "nope")
    refused(["ask"], capsys, "Missing argument")
    refused(["ask", picture, "?", "--seed", "x"], capsys, "--seed")
    refused(["ask", picture, "?", "--temperature", "-1"], capsys, "temperature is -1")
    refused(["ask", "what?"], capsys, "at least one picture")
    refused(["ask", picture], capsys, "must be the question")


BAD_PICTURES = {
    "text.png": (b"words", "not a picture"),
    "cut.jpg": (noisy_jpeg()[:3000], "cut short"),
    "empty.png": (b"", "0 bytes"),
    "bomb.png": (png_header(40_000, 40_000), "megapixels"),
}


@pytest.mark.parametrize("name", BAD_PICTURES)
def test_bad_pictures(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, words = BAD_PICTURES[name]
    (tmp_path / name).write_bytes(data)
    refused(["ask", str(tmp_path / name), "What?"], capsys, words)


def test_bad_questions_and_models(picture: str, tmp_path: Path, tiny_model_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(["ask", str(tmp_path / "none.png"), "What?"], capsys, "no such file")
    refused(["ask", str(tmp_path), "What?"], capsys, "is a directory")
    refused(["ask", picture, ""], capsys, "question is empty")
    refused(["ask", picture, "What?", "--model", "nanoo"], capsys, "unknown model 'nanoo'")
    refused(["ask", picture, "What?", "--model", str(tmp_path)], capsys, "is no model")
    main(["ask", picture, "word " * 700, "--model", str(tiny_model_dir)])
    assert "context holds 512" in capsys.readouterr().err.splitlines()[-1]


def odd_pictures(folder: Path) -> list[str]:
    frames = [Image.new("RGB", (60, 60), colour) for colour in ("red", "blue")]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:])
    Image.new("CMYK", (60, 60)).save(folder / "cmyk.jpg")
    Image.new("I;16", (60, 60), 40_000).save(folder / "deep.png")
    Image.new("RGBA", (60, 60), (0, 0, 0, 0)).save(folder / "clear.png")
    return [str(folder / name) for name in ("moving.gif", "cmyk.jpg", "deep.png", "clear.png")]


def test_json_is_one_object_with_the_contracts_keys(tmp_path: Path, tiny_model_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["ask", *odd_pictures(tmp_path), "What?", "--model", str(tiny_model_dir), "--json", "--max-new-tokens", "5"]
    assert main(args) == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["answer", "reasoning", "description", "model", "tokens", "seconds"]
    assert answer["tokens"] <= 5 and answer["model"] == str(tiny_model_dir)


class Scripted:
    """An engine that says one text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def deltas(self, messages: Any, sampling: Any) -> Any:
        from onevision.engine.base import Delta
        from onevision.types import Completion

        yield from (Delta(piece) for piece in self.text)
        yield Delta("", Completion(self.text, (1, 2), (0.0, 0.0), "stop"))


def test_plain_output_has_reasoning_and_answer(picture: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    text = "<think>\n```csv\na,b\n1,2\n```\n1 + 2 = 3\n</think>\n<answer>3</answer>"
    model = onevision.Model("scripted", Scripted(text))  # type: ignore[arg-type]
    monkeypatch.setattr("onevision.ask.load", lambda name, dtype: model)
    assert main(["ask", picture, "Sum?"]) == 0
    assert capsys.readouterr().out == "```csv\na,b\n1,2\n```\n1 + 2 = 3\nAnswer: 3\n"
    answer = model.ask(picture, "Sum?")
    assert answer.answer == "3" and answer.description is not None and answer.description.text == "a,b\n1,2"


def test_ask_computes_in_the_type_that_is_asked_for(picture: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", picture, "How many?", "--dtype", "int3"]) == 2
    assert "unknown dtype 'int3': give auto, float32, bfloat16, float16 or int8" in capsys.readouterr().err
    assert main(["ask", picture, "How many?", "--dtype", "int8", "--max-new-tokens", "4"]) == 0


def test_interrupt_is_quiet(picture: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(name: str, dtype: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("onevision.ask.load", interrupted)
    assert main(["ask", picture, "Sum?"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_tasks_show_writes_picture_and_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "show", "two_circles", "--seed", "7", "-n", "2", "--out", str(tmp_path / "look")]) == 0
    records = [json.loads(path.read_text()) for path in sorted((tmp_path / "look").glob("*.json"))]
    assert len(records) == 2 == len(list((tmp_path / "look").glob("*.png")))
    assert {"question", "answer", "choices", "description", "steps", "level"} <= set(records[0])
    capsys.readouterr()
    refused(["tasks", "show", "nope"], capsys, "unknown task")
    refused(["tasks", "show", "clock", "-n", "0"], capsys, "-n is 0")


def test_tasks_list_names_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in onevision.tasks())


def test_the_python_names() -> None:
    assert onevision.grade("<answer>61</answer>", "61").score == 1.0
    assert onevision.task("chain", split="train", seed=0)[1].question
    assert all(getattr(onevision, name) for name in onevision.__all__)
    with pytest.raises(AttributeError):
        onevision.nothing  # noqa: B018


def test_a_file_where_a_folder_is_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "data.jsonl").write_text('{"question": "?", "answer": "3"}\n')
    for out in ("file", "file/below"):
        line = ["export", str(tmp_path / "data.jsonl"), "--format", "ms-swift", "--out", str(tmp_path / out)]
        refused(line, capsys, str(tmp_path / "file"))
