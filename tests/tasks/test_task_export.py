"""Mixes, their export to parquet, and the adapter to reasoning-gym's interface."""

import io
import sys
from pathlib import Path

import pytest
from PIL import Image

from onevision.cli import main
from onevision.errors import InputError
from onevision.tasks.gym import create_dataset
from onevision.tasks.mix import Mix, read_mix

SMALL = (112, 168)


def test_a_mix_keeps_its_weights_and_is_pure() -> None:
    mix = Mix({"chain": 3, "scene": 1}, size=SMALL)
    names = [mix.task(number).name for number in range(400)]
    assert 0.68 < names.count("chain") / 400 < 0.82
    assert [Mix({"scene": 1, "chain": 3}, size=SMALL).task(number).name for number in range(400)] == names
    assert mix.sample(5).problem.images[0].tobytes() == mix.sample(5).problem.images[0].tobytes()


def test_mixes_are_read() -> None:
    assert read_mix("chain:2, scene") == {"chain": 2.0, "scene": 1.0}
    assert len(read_mix("all,chain:5")) > 12 and read_mix("all,chain:5")["chain"] == 5


@pytest.mark.parametrize("text", ["chain:x", "chain:0", "", "nope", "chain:inf", "chain:nan", "chain:1e308,scene:1e308"])
def test_wrong_mixes_are_the_users_error(text: str) -> None:
    with pytest.raises(InputError):
        Mix(read_mix(text))


@pytest.mark.parametrize("form", ["onevision", "trl", "verl"])
def test_every_format_holds_the_same_problems(form: str, tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "mix.parquet"
    assert main(["tasks", "export", "chain,scene:2", "--format", form, "-n", "7", "--size", "112,168", "--out", str(out)]) == 0
    rows, mix = pq.read_table(out).to_pylist(), Mix({"chain": 1, "scene": 2}, size=SMALL)
    assert len(rows) == 7
    for number, row in enumerate(rows):
        problem = mix.sample(number).problem
        picture = row["images"][0] if form == "onevision" else row["images"][0]["bytes"]
        assert Image.open(io.BytesIO(picture)).tobytes() == problem.images[0].tobytes()
        answer = row["reward_model"]["ground_truth"] if form == "verl" else row["answer"]
        assert answer == problem.answer
        assert problem.question in str(row["messages"] if form == "onevision" else row["prompt"])
        if form == "verl":
            assert row["prompt"][0]["content"].startswith("<image>")


@pytest.mark.parametrize("form", ["onevision", "trl"])
def test_without_pyarrow_the_missing_part_is_named(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    out = tmp_path / "x.parquet"
    assert main(["tasks", "export", "chain", "--format", form, "-n", "1", "--size", "112,168", "--out", str(out)]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "onevision[tasks]" in err and not out.exists()


def test_our_own_readers_take_what_is_written(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    from onevision.sources import open_dataset

    for form in ("onevision", "trl"):
        out = tmp_path / f"{form}.parquet"
        assert main(["tasks", "export", "clock", "--format", form, "-n", "2", "--size", "112,168", "--out", str(out)]) == 0
        sample, own = open_dataset(str(out))[1], Mix({"clock": 1}, size=SMALL).sample(1)
        assert sample.problem.question == own.problem.question and sample.problem.answer == own.problem.answer
        assert sample.description.text == own.description.text
        assert sample.problem.images[0].tobytes() == own.problem.images[0].tobytes()


@pytest.mark.parametrize(
    "wrong",
    [["--format", "csv"], ["-n", "0"], ["--levels", "x"], ["--levels", "9"]]
    + [["--size", size] for size in ("big", "224", "0,0", "-5,10", "500,100", "1,2,3")],
)
def test_wrong_options_are_named(wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "export", "chain", *wrong, "--out", str(tmp_path / "x.parquet")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("command", [["export", "chain", "-n", "9", "--out"], ["gallery"], ["sheet"]])
def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onevision.tasks.base.Task._draw", lambda *_: pytest.fail("drawn before the file was looked at"))
    (tmp_path / "file").touch()
    for out in (tmp_path, tmp_path / "file" / "x.png"):
        assert main(["tasks", *command, str(out)]) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and str(out) in err


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "look" / "chain-train-0-0.png").mkdir(parents=True)
    assert main(["tasks", "show", "chain", "--out", str(tmp_path / "look")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_gym_interface() -> None:
    data = create_dataset("scene", size=6, seed=3, levels=(1,))
    entries = list(data)
    assert len(data) == len(entries) == 6
    for index, entry in enumerate(entries):
        assert {"question", "answer", "metadata", "images"} <= entry.keys()
        assert (entry["metadata"]["source_dataset"], entry["metadata"]["source_index"]) == ("scene", index)
        assert data.score_answer(entry["answer"], entry) == data.score_answer(f"<answer>{entry['answer']}</answer>", entry) == 1.0
        assert data.score_answer("17 elephants", entry) == data.score_answer(None, entry) == data.score_answer(" ", entry) == 0.0
    assert [entry["question"] for entry in create_dataset("scene", size=6, seed=3, levels=(1,))] == [entry["question"] for entry in entries]
    with pytest.raises(IndexError):
        data[6]
    with pytest.raises(InputError):
        create_dataset("scene", size=0)
