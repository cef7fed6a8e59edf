"""What every benchmark's reader promises, on a small set in its own format, and on the real one where it is at hand."""

import base64
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from onevision.answers import grade
from onevision.bench import BENCHMARKS, load
from onevision.bench.records import guess_of
from onevision.bench.rows import read_file
from onevision.errors import InputError, OneVisionError
from onevision.types import Problem

REAL = Path(os.environ.get("ONEVISION_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


def png(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), (shade, 80, 160)).save(buffer, "PNG")
    return buffer.getvalue()


def write(path: Path, data: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def mathvision(folder: Path) -> None:
    rows = [
        {
            "id": "5",
            "question": "Which number?\n<image1>",
            "options": [],
            "answer": "61",
            "level": 2,
            "subject": "arithmetic",
            "image": "images/5.jpg",
        },
        {
            "id": "6",
            "question": "Which?",
            "options": ["A", "B", "C"],
            "answer": "B",
            "level": 3,
            "subject": "logic",
            "image": "images/5.jpg",
        },
    ]
    write(folder / "images" / "5.jpg", png(5))
    write(folder / "testmini.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def mathvista(folder: Path) -> None:
    metadata = {"task": "geometry", "grade": "high school", "category": "math", "context": "diagram", "skills": ["algebra"]}
    common = {"image": "images/5.jpg", "unit": None, "precision": None, "metadata": metadata}
    rows = {
        "5": {**common, "pid": "5", "question": "Find it", "choices": ["97", "102"], "answer": "102", "answer_type": "text"},
        "6": {
            **common,
            "pid": "6",
            "question": "How long?",
            "choices": None,
            "answer": "1.2",
            "answer_type": "float",
            "precision": 1.0,
            "unit": "cm",
        },
    }
    write(folder / "images" / "5.jpg", png(5))
    write(folder / "testmini.json", json.dumps(rows))


def mathverse(folder: Path) -> None:
    common = {"problem_index": "9", "image": "images_version_1-4/image_9.png", "answer": "B", "question_type": "multi-choice"}
    common |= {"metadata": {"subject": "Plane Geometry"}, "query_cot": "According to the question shown in the image, reason and answer."}
    rows = [
        {**common, "sample_index": "1", "problem_version": "Text Lite", "question": "The angle is ()\nChoices:\nA:50°\nB:60°"},
        {**common, "sample_index": "2", "problem_version": "Vision Only", "question": ""},
    ]
    write(folder / "images" / "images_version_1-4" / "image_9.png", png(9))
    write(folder / "testmini.json", json.dumps(rows))


def wemath(folder: Path) -> None:
    common = {"ID": "2steps_1", "knowledge concept": "Length", "question": "OA = ( ) m", "image_path": "2steps/image/1.png"}
    common |= {"option": "A. 300;B. 400; C. No correct answer", "answer": "B"}
    rows = [{**common, "key": key} for key in ("2steps_1", "2steps_2", "2steps_multi")]
    write(folder / "data" / "2steps" / "image" / "1.png", png(1))
    write(folder / "testmini.json", json.dumps(rows))


def r1_onevision(folder: Path) -> None:
    picture = base64.b64encode(png(3)).decode()
    question = '"Hint: answer with a letter.\nQuestion: Which ""one""?\nChoices:\n(A) a cat\n(B) a dog"'
    lines = ["index\tquestion\tchoices\tanswer\tlevel\tcategory\timage", f"0\t{question}\t\tB\tCollege\tMath\t{picture}"]
    lines.append(f"1\tHow much?\t['4 N', '5 N']\tA\tHigh School\tPhysics\t{picture}")
    write(folder / "r1-onevision.tsv", "\n".join(lines) + "\n")


def blindtest(folder: Path) -> None:
    for name in ("nested_squares_depth_4_image_1", "nested_squares_depth_5_image_2"):
        write(
            folder / "src" / "NestedSquares" / "images" / "prompt" / "correct" / f"{name}_thickness_4.png", png(len(name) + int(name[-1]))
        )


def easy_vqa(folder: Path) -> None:
    rows = [["what color is the shape?", "red", 0], ["is there a circle?", "no", 0], ["what shape is it?", "triangle", 1]]
    write(folder / "test" / "questions.json", json.dumps(rows))
    for number in (0, 1):
        write(folder / "test" / "images" / f"{number}.png", png(number))


SMALL: dict[str, Callable[[Path], None]] = {
    "r1-onevision": r1_onevision,
    "mathvision": mathvision,
    "mathverse": mathverse,
    "mathvista": mathvista,
    "we-math": wemath,
    "blindtest": blindtest,
    "easy-vqa": easy_vqa,
}
"""Benchmark -> writes a small set in its format."""

AT_HAND = [
    ("mathvision", "mathvision", "testmini", 304),
    ("we-math", "wemath/testmini_sample.json", "testmini", 48),
    ("mathverse", "mathverse/testmini_text_only_sample.json", "testmini_text_only", 100),
    ("blindtest", "blindtest", "valid", 35),
]
"""(benchmark, real files, split, problems): whole sets, or parts that have all their pictures."""


def test_every_benchmark_is_checked() -> None:
    assert SMALL.keys() == BENCHMARKS.keys()


@pytest.fixture
def problems(name: str, tmp_path: Path) -> list[Problem]:
    SMALL[name](tmp_path)
    return load(name, tmp_path)


def check(name: str, problems: list[Problem], split: str = "") -> None:
    assert len({problem.id for problem in problems}) == len(problems) > 0
    for problem in problems:
        assert problem.question.strip() and (problem.source, problem.split) == (name, split or BENCHMARKS[name].splits[0])
        assert all(image.mode == "RGB" for image in problem.images)
        assert set(BENCHMARKS[name].groups) <= problem.meta.keys()
        assert 0 <= guess_of(problem) <= 0.5
        json.dumps(dict(problem.meta))
        if problem.choices and problem.answer:
            assert grade(f"<answer>{problem.answer}</answer>", problem).score == 1.0, problem
            assert all(choice.strip() for choice in problem.choices), problem


@pytest.mark.parametrize("name", SMALL)
def test_problems_are_whole_and_a_right_answer_is_right(name: str, problems: list[Problem]) -> None:
    check(name, problems)
    for problem in problems:
        assert problem.images and problem.answer
        assert grade(f"<answer>{problem.answer}</answer>", problem).score == 1.0, problem
        wrong = "Z9" if problem.answer not in ("yes", "no") else {"yes": "no", "no": "yes"}[problem.answer]
        assert grade(f"<answer>{wrong}</answer>", problem).score == 0.0, problem


@pytest.mark.parametrize("name", SMALL)
def test_a_missing_set_says_what_to_fetch(name: str, tmp_path: Path) -> None:
    with pytest.raises(OneVisionError, match=r"hf download \S+/\S+ --repo-type dataset|questions\.json"):
        load(name, tmp_path)


@pytest.mark.parametrize("content", ["", "{", "null", "[]", '["a"]', "[{}]"])
@pytest.mark.parametrize("name", SMALL)
def test_a_file_of_something_else_is_the_users_error(name: str, content: str, tmp_path: Path) -> None:
    SMALL[name](tmp_path)
    for path in [path for path in tmp_path.rglob("*") if path.suffix in (".json", ".jsonl", ".tsv")] or [tmp_path / "samples.json"]:
        path.write_text(content)
    with pytest.raises(InputError):
        load(name, tmp_path)


@pytest.mark.parametrize("name", sorted(SMALL.keys() - {"blindtest", "easy-vqa"}))
def test_a_missing_column_is_named(name: str, tmp_path: Path) -> None:
    SMALL[name](tmp_path)
    (path,) = (path for path in tmp_path.rglob("*") if path.suffix in (".json", ".jsonl", ".tsv"))
    (row, *_), missed = read_file(path), {}
    for column in row:
        write(tmp_path / "one.json", json.dumps([{key: value for key, value in row.items() if key != column}]))
        try:
            load(name, tmp_path / "one.json")
        except InputError as error:
            missed[column] = str(error)
    assert missed.keys() > {"question", "answer"}
    assert all(column in said for column, said in missed.items()), missed


@pytest.mark.parametrize(("name", "files", "split", "count"), AT_HAND)
def test_real_sets_are_read(name: str, files: str, split: str, count: int) -> None:
    if not (REAL / files).exists():
        pytest.skip(f"{REAL / files} is not here")
    problems = load(name, REAL / files, split)
    assert len(problems) == count
    check(name, problems, split)


def test_mathverse_versions_share_a_cluster_and_keep_their_chance(tmp_path: Path) -> None:
    mathverse(tmp_path)
    lite, only = load("mathverse", tmp_path)
    assert lite.meta["cluster"] == only.meta["cluster"]
    assert lite.choices == ("50°", "60°") and lite.question == "The angle is ()"
    assert only.choices is None and only.question.startswith("According to") and guess_of(only) == 0.25


def test_details_that_the_official_prompts_have(tmp_path: Path) -> None:
    mathvista(tmp_path)
    assert load("mathvista", tmp_path)[1].question == "How long? (Unit: cm) (Give a number with 1 decimal place.)"


def test_the_packaged_easy_vqa_is_whole() -> None:
    pytest.importorskip("easy_vqa")
    problems: Any = load("easy-vqa")
    check("easy-vqa", problems)
    assert len({problem.meta["cluster"] for problem in problems}) == 1000


def test_hub_files_are_read_from_their_folder(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = [{"task": "Nested Squares", "prompt": "How many?", "groundtruth": "4", "image": {"bytes": png(1), "path": "a.png"}}]
    (tmp_path / "data").mkdir()
    datasets.Dataset.from_list(rows * 2).to_parquet(tmp_path / "data" / "valid-00000-of-00001.parquet")
    problems = load("blindtest", tmp_path)
    assert [problem.answer for problem in problems] == ["4", "4"]
    assert problems[0].meta["cluster"] == problems[1].meta["cluster"]
