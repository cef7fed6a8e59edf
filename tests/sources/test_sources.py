import base64
import io
import json
import os
from pathlib import Path

import pytest
from PIL import Image

from onevision import tasks
from onevision.errors import InputError
from onevision.sources import onevision, open_dataset
from onevision.sources.chat import encoded
from onevision.sources.options import with_options
from onevision.types import Problem

DATA = Path(os.environ.get("ONEVISION_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
ANSWER = "<think>\n```csv\nfruit,count\napple,3\n```\nThere are 3.\n</think>\n<answer>3</answer>"


def png(colour="red", size=(30, 20)):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def folder(tmp_path):
    for colour in ("red", "blue"):
        (tmp_path / f"{colour}.png").write_bytes(png(colour))
    return tmp_path


def write(folder, rows, name="data.jsonl"):
    path = folder / name
    path.write_text(json.dumps(rows) if name.endswith(".json") else "".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def shown(sample):
    """The user's turns with "[colour]" for each picture."""
    names = {(255, 0, 0): "[red]", (0, 0, 255): "[blue]"}
    said = []
    for message in sample.messages:
        content = message["content"]
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        said.append("".join(names[part["image"].getpixel((0, 0))] if part["type"] == "image" else part["text"] for part in parts))
    return said


SHAREGPT = {"conversations": [{"from": "human", "value": "<image>\nHow many? <image>"}, {"from": "gpt", "value": ANSWER}],
            "images": ["red.png", "blue.png"], "system": "Count."}  # fmt: skip
TRL = {"messages": [{"role": "system", "content": "Count."}, {"role": "assistant", "content": [{"type": "text", "text": ANSWER}]}]}
TRL["messages"].insert(1, {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "How many? "}, {"type": "image"}]})
TRL["images"] = [{"bytes": base64.b64encode(png()).decode(), "path": None}, "blue.png"]
R1 = {"id": "r1", "image": base64.b64encode(png(size=(90, 60)) + b"\0" * 900).decode(), "conversations": SHAREGPT["conversations"]}


@pytest.mark.parametrize("name", ["data.jsonl", "data.json"])
def test_sharegpt(folder, name):
    (sample,) = open_dataset(write(folder, [SHAREGPT], name))
    assert shown(sample) == ["Count.", "[red]How many? [blue]", ANSWER]
    assert sample.problem.answer == "3"
    assert (sample.description.formalism, sample.description.text) == ("csv", "fruit,count\napple,3")


def test_trl(folder):
    TRL["images"][0] = "red.png"
    (sample,) = open_dataset(write(folder, [TRL]))
    assert shown(sample) == ["Count.", "[red]How many? [blue]", ANSWER]
    split = {"prompt": "How many?", "completion": [{"role": "assistant", "content": ANSWER}], "image": "blue.png"}
    (sample,) = open_dataset(write(folder, [split]))
    assert shown(sample) == ["[blue]How many?", ANSWER]


def test_r1_onevision_has_its_picture_in_base64(folder):
    row = R1 | {"conversations": [{"from": "human", "value": "How many?"}, {"from": "gpt", "value": ANSWER}]}
    (sample,) = open_dataset(write(folder, [row]))
    assert shown(sample) == ["[red]How many?", ANSWER]
    assert sample.problem.id == "r1"


def test_r1_onevision_as_parquet(folder):
    import pyarrow as pa
    import pyarrow.parquet as pq

    row = R1 | {"conversations": [{"from": "human", "value": "<image>How many?"}, {"from": "gpt", "value": ANSWER}]}
    pq.write_table(pa.Table.from_pylist([row] * 3), folder / "r1.parquet")
    data = open_dataset(str(folder / "r1.parquet"))
    assert len(data) == 3
    assert shown(data[2]) == ["[red]How many?", ANSWER]


def test_our_own_sets_come_back_as_they_were(folder):
    made = [tasks.make(name, size=(56, 84)).sample(index) for index, name in enumerate(("scene", "two_circles", "chain"))]
    onevision.save(folder / "ours.parquet", made)
    for wanted, found in zip(made, open_dataset(str(folder / "ours.parquet")), strict=True):
        assert found.problem.images[0].tobytes() == wanted.problem.images[0].tobytes()
        assert [m["role"] for m in found.messages] == [m["role"] for m in wanted.messages]
        assert shown_text(found) == shown_text(wanted)
        for field in ("id", "question", "choices", "answer", "source", "split"):
            assert getattr(found.problem, field) == getattr(wanted.problem, field)
        assert dict(found.problem.meta) == json.loads(json.dumps(dict(wanted.problem.meta)))
        assert (found.description, found.made_by) == (wanted.description, wanted.made_by)


def shown_text(sample):
    return [message["content"] if isinstance(message["content"], str) else [part.get("text") for part in message["content"]]
            for message in sample.messages]  # fmt: skip


def test_a_folder_is_all_its_files(folder):
    write(folder, [SHAREGPT] * 2, "a.jsonl")
    write(folder, [SHAREGPT] * 3, "b.json")
    data = open_dataset(str(folder))
    assert len(data) == 5 and shown(data[4])[-1] == ANSWER


def test_dataset_info_names_files_columns_and_tags(folder):
    told = {"said": [{"who": "u", "what": "<image>?"}, {"who": "a", "what": "yes"}], "pics": ["blue.png"]}
    write(folder, [told], "told.jsonl")
    entry = {"file_name": "told.jsonl", "formatting": "sharegpt", "columns": {"messages": "said", "images": "pics"},
             "tags": {"role_tag": "who", "content_tag": "what", "user_tag": "u", "assistant_tag": "a"}}  # fmt: skip
    (folder / "dataset_info.json").write_text(json.dumps({"told": entry, "old": {"file_name": "told.jsonl"}}))
    (sample,) = open_dataset("told", folder)
    assert shown(sample) == ["[blue]?", "yes"]
    with pytest.raises(InputError, match="formatting 'alpaca'; only 'sharegpt'"):
        open_dataset("old", folder)
    with pytest.raises(InputError, match="did you mean 'told'"):
        open_dataset("tolt", folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"images": ["gone.png", "blue.png"]}, "gone.png: no such file"),
        ({"images": ["red.png"]}, "1 pictures, but 2 places"),
        ({"images": ["http://x.org/a.png", "red.png"]}, "on the web"),
        ({"images": [None, "red.png"]}, "picture 0 is missing"),
        ({"images": ["data:image/png;base64,!!", "red.png"]}, "neither a path nor base64"),
        ({"conversations": "hello"}, "holds str, where a list"),
        ({"conversations": [{"from": "alien", "value": "x"}]}, "'from' is 'alien'; one of human, gpt, system"),
        ({"conversations": [{"from": "human"}]}, "needs 'from' and 'value'"),
        ({"conversations": [], "images": []}, "the roles are system"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(folder, change, words):
    data = open_dataset(write(folder, [SHAREGPT | {"id": "x1"} | change]))
    with pytest.raises(InputError, match="row x1") as error:
        data[0]
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.jsonl", "{\n", "row 0: not JSON"),
        ("a.jsonl", "[1]\n", "an object was expected, not list"),
        ("a.jsonl", '{"x": 1}\n', "columns x are of no known form"),
        ("a.json", "[{}, 3]", "it holds int"),
        ("a.txt", "x\n", "a data set is a .jsonl, .json, .csv, .tsv, .parquet file"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=words):
        open_dataset(str(tmp_path / name))[0]


def test_an_unknown_name_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"unknown data set 'nothing\.jsonl'"):
        open_dataset("nothing.jsonl", tmp_path)
    with pytest.raises(InputError, match=r"no \.jsonl, \.json, \.csv, \.tsv, \.parquet file in this folder"):
        open_dataset(str(tmp_path))


LLAVA = {
    "id": "l1",
    "image": "red.png",
    "data_source": "ai2d",
    "conversations": [
        {"from": "human", "value": "<image>\nWhich?\nA. a cat\nB. a dog\nAnswer with the option's letter from the given choices directly."},
        {"from": "gpt", "value": "B"},
        {"from": "human", "value": "How many?"},
        {"from": "gpt", "value": "3"},
    ],
}
CAULDRON = {
    "images": ["blue.png"],
    "texts": [
        {"user": "Question: Which?\nChoices:\nA. a cat\nB. a dog\nAnswer with the letter.", "assistant": "Answer: A", "source": "AI2D"},
        {"user": "What is it?", "assistant": "A cat.", "source": "VQA"},
    ],
}


@pytest.mark.parametrize(
    ("row", "sources", "ids"), [(LLAVA, ("ai2d", "ai2d"), ("l1.0", "l1.1")), (CAULDRON, ("AI2D", "VQA"), (".0", ".1"))]
)
def test_several_questions_of_a_row(folder, row, sources, ids):
    data = open_dataset(write(folder, [row]))
    first, second = data.questions(0)
    assert (first.problem.id, second.problem.id) == ids
    assert (first.problem.question, first.problem.choices, first.problem.answer) == (
        "Which?",
        ("a cat", "a dog"),
        "B" if row is LLAVA else "A",
    )
    assert second.problem.choices is None and shown(second)[0].startswith("[")
    assert [m["role"] for m in data[0].messages] == ["user", "assistant"] * 2
    assert (first.problem.source, second.problem.source)[-1] == sources[-1]


@pytest.mark.parametrize(
    ("question", "said", "stem", "choices", "answer"),
    [
        ("Find x. Choices: A. 30° B. 60°", "As AB = 2, so the answer is B", "Find x.", ("30°", "60°"), "B"),
        ("Hint: give the letter, e.g., A, B.\nQuestion: Find x.\nChoices:\n(A) 3\n(B) 4", "(B) 4", "Find x.", ("3", "4"), "B"),
        ("Which?\nA. red\nB. blue", "blue", "Which?", ("red", "blue"), "B"),
        ("How many?\nAnswer the question using a single word or phrase.", "5", "How many?", None, "5"),
        ("Summarise the chart.", "It shows this and that. " * 20, "Summarise the chart.", None, None),
    ],
)
def test_options_are_kept(question, said, stem, choices, answer):
    problem = with_options(Problem("p", (), question), said)
    assert (problem.question, problem.choices, problem.answer) == (stem, choices, answer)


def test_tabmwp(folder):
    (folder / "tables").mkdir()
    (folder / "tables" / "7.png").write_bytes(png())
    problem = {
        "question": "More?",
        "choices": ["yes", "no"],
        "answer": "no",
        "table": "Day | n\nMon | 1,250\nTue",
        "solution": "No.\n",
        "grade": 3,
    }
    (folder / "problems.json").write_text(json.dumps({"7": problem}))
    (sample,) = open_dataset(str(folder / "problems.json"))
    assert (sample.problem.id, sample.problem.answer, sample.problem.meta) == ("tabmwp-7", "B", {"grade": 3})
    assert sample.description.text == 'Day,n\nMon,"1,250"\nTue,'
    assert "No." in sample.messages[-1]["content"]


@pytest.mark.skipif(not (DATA / "tabmwp").is_dir(), reason="the tables are not here")
def test_tabmwps_real_tables():
    data = open_dataset(str(DATA / "tabmwp"))
    assert len(data) == 250
    for sample in (data[i] for i in range(0, 250, 10)):
        assert sample.problem.images and sample.description.text and sample.problem.answer


def test_clevr_and_tables_beside_pictures(folder):
    clevr = {"image": "red.png", "problem": "How many?", "solution": "<answer> 3 </answer>"}
    (sample,) = open_dataset(write(folder, [clevr]))
    assert (sample.problem.question, sample.problem.answer) == ("How many?", "3")
    (folder / "metadata.csv").write_text("file_name,question,answer,choices\nred.png,Which?,B,a cat | a dog\nblue.png,How many?,3,\n")
    first, second = open_dataset(str(folder / "metadata.csv"))
    assert first.problem.choices == ("a cat", "a dog") and second.problem.choices is None
    assert shown(second)[0] == "[blue]How many?"
    (folder / "bad.csv").write_text("image,question,answer\nred.png,Which?\n")
    with pytest.raises(InputError, match="line 2 has another number of cells"):
        open_dataset(str(folder / "bad.csv"))


def test_a_picture_stays_the_file_it_was(folder):
    photo = io.BytesIO()
    Image.effect_noise((60, 40), 60).convert("RGB").save(photo, "JPEG", quality=80)
    (folder / "photo.jpg").write_bytes(photo.getvalue())
    turned = Image.new("RGB", (60, 40), "red").getexif()
    turned[0x0112] = 6
    Image.new("RGB", (60, 40), "red").save(folder / "turned.jpg", exif=turned)
    Image.new("RGBA", (60, 40), (0, 0, 0, 0)).save(folder / "clear.png")
    rows = [{"image": name, "question": "?", "answer": "1"} for name in ("photo.jpg", "turned.jpg", "clear.png")]
    photo, turned, clear = (sample.problem.images[0] for sample in open_dataset(write(folder, rows)))
    assert encoded(photo) == (folder / "photo.jpg").read_bytes()
    assert turned.size == (40, 60) and encoded(turned).startswith(b"\x89PNG") and encoded(clear).startswith(b"\x89PNG")
    assert encoded(photo.resize((30, 20))) != encoded(photo)


def test_a_row_that_is_wrong_in_an_unforeseen_way_is_named(folder):
    ours = {"question": "a", "description": "b", "messages": []}
    with pytest.raises(InputError, match="row 0"):
        open_dataset(write(folder, [ours]))[0]
    with pytest.raises(InputError, match="row x: column 'meta' holds dict"):
        open_dataset(write(folder, [onevision.row(tasks.make("chain", size=(56, 84)).sample(0), []) | {"id": "x", "meta": {}}]))[0]


def test_a_small_picture_in_base64_is_no_path(folder):
    small = base64.b64encode(png()).decode()
    assert len(small) < 1024
    (sample,) = open_dataset(write(folder, [{"image": small, "question": "?", "answer": "1"}]))
    assert sample.problem.images[0].size == (30, 20)
    for long in (small[5:], "x" * 300, "a" * 60 + "/b.png"):
        with pytest.raises(InputError, match="no such file") as error:
            open_dataset(write(folder, [{"image": long, "question": "?", "answer": "1"}]))[0]
        assert len(str(error.value)) < len(str(folder)) * 2 + 160


def test_questions_and_replies_alternate(folder):
    asked, replied = {"from": "human", "value": "How many?"}, {"from": "gpt", "value": "3"}
    for turns in ([asked, asked, replied], [replied, asked, replied]):
        data = open_dataset(write(folder, [LLAVA | {"conversations": turns}]))
        with pytest.raises(InputError, match="row l1: questions and replies by turns were expected"):
            data.questions(0)


def test_what_is_no_parquet_is_said(folder, monkeypatch):
    (folder / "bad.parquet").write_bytes(b"PAR1xxxx")
    with pytest.raises(InputError, match=r"bad\.parquet: not parquet"):
        open_dataset(str(folder / "bad.parquet"))
    monkeypatch.setattr("datasets.load_dataset", lambda *_, **__: (_ for _ in ()).throw(ConnectionError()))
    with pytest.raises(InputError, match="cannot load data set 'a/b': ConnectionError"):
        open_dataset("a/b")
