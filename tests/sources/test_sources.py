import base64
import io
import json

import pytest
from PIL import Image

from onevision import tasks
from onevision.errors import InputError
from onevision.sources import onevision, open_dataset

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
