"""Every format: read back here, and by the peer's own loader where that is installed.

ONEVISION_TEST_PEERS="trl=/path/to/venv llamafactory=/path/to/venv" python -m pytest tests/forge/test_export.py
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from onevision import tasks
from onevision.cli import main
from onevision.errors import InputError
from onevision.forge.export import FORMATS
from onevision.forge.export.files import told
from onevision.models.prompts import parse
from onevision.sources import onevision, open_dataset

datasets = pytest.importorskip("datasets")
PEERS = dict(one.split("=") for one in os.environ.get("ONEVISION_TEST_PEERS", "").split())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three samples as our own parquet, and every format of them."""
    folder = tmp_path_factory.mktemp("made")
    samples = [tasks.make(name, size=(56, 84)).sample(0) for name in ("chain", "two_circles", "scene")]
    onevision.save(folder / "ours.parquet", samples)
    for name in FORMATS:
        assert main(["export", str(folder / "ours.parquet"), "--format", name, "--out", str(folder / name), "--name", "made"]) == 0
    return folder, samples


def same_chats(found, samples):
    assert [one.problem.images[0].tobytes() for one in found] == [one.problem.images[0].tobytes() for one in samples]
    assert [[told(m) for m in one.messages] for one in found] == [[told(m) for m in one.messages] for one in samples]


def test_hugging_face(made):
    folder, samples = made
    data = datasets.load_dataset(str(folder / "hf"), split="train", cache_dir=str(folder / "cache"))
    assert data.features["images"].feature == datasets.Image()
    assert [row["images"][0].tobytes() for row in data] == [one.problem.images[0].tobytes() for one in samples]
    assert data[1]["choices"] == list(samples[1].problem.choices or ()) and data[0]["description"] == samples[0].description.text
    card = (folder / "hf" / "README.md").read_text()
    assert "3 questions about pictures" in card
    chain = next(sample for sample in samples if sample.problem.source == "chain")
    texts = chain.problem.question, chain.description.text, parse(told(chain.messages[-1])).steps
    asked, described, steps = (len(text.split()) for text in texts)
    side = sum(chain.problem.images[0].size) / 2
    assert f"| chain | 1 | mermaid | 1 | 100.0 % | {asked} / {described} / {steps} | {side:.0f} |" in card


def test_llamafactory(made):
    folder, samples = made
    same_chats(list(open_dataset("made", folder / "llamafactory")), samples)
    info = folder / "llamafactory" / "dataset_info.json"
    info.write_text(json.dumps(json.loads(info.read_text()) | {"other": {"file_name": "x"}}))
    main(["export", str(folder / "ours.parquet"), "--format", "llamafactory", "--out", str(folder / "llamafactory"), "--name", "made"])
    assert set(json.loads(info.read_text())) == {"made", "other"}


def test_trl(made):
    folder, samples = made
    same_chats(list(open_dataset(str(folder / "trl"))), samples)


def test_ms_swift(made):
    folder, samples = made
    rows = [json.loads(line) for line in (folder / "ms-swift" / "made.jsonl").read_text().splitlines()]
    assert all(Path(row["images"][0]).is_absolute() and row["messages"][0]["content"].startswith("<image>") for row in rows)
    same_chats(list(open_dataset(str(folder / "ms-swift" / "made.jsonl"))), samples)


def test_verl(made):
    folder, samples = made
    row = datasets.Dataset.from_parquet(str(folder / "verl" / "train-00000.parquet"))[0]
    assert row["reward_model"] == {"style": "rule", "ground_truth": samples[0].problem.answer}
    assert row["prompt"][0]["content"].startswith("<image>") and row["images"][0]["bytes"].startswith(b"\x89PNG")


def test_mistakes(made, tmp_path, capsys):
    folder, _ = made
    assert main(["export", str(folder / "ours.parquet"), "--format", "axolotl", "--out", str(tmp_path)]) == 2
    assert "unknown format 'axolotl': one of hf, llamafactory" in capsys.readouterr().err
    with pytest.raises(InputError, match="unknown data set"):
        open_dataset(str(tmp_path / "gone"))


SCRIPTS = {
    "trl": """
from datasets import load_dataset
from transformers import AutoTokenizer
from trl import SFTConfig, SFTTrainer
from trl.data_utils import prepare_multimodal_messages
data = load_dataset("parquet", data_dir=FOLDER, split="train")
row = data[0]
messages = prepare_multimodal_messages(row["prompt"] + row["completion"], images=row["images"])
kinds = [part["type"] for part in messages[0]["content"]]
assert kinds == ["image", "text"], kinds
print(len(data), row["images"][0].size)
""",
    "llamafactory": """
from llamafactory.data.loader import _load_single_dataset
from llamafactory.data.parser import get_dataset_list
from llamafactory.hparams import DataArguments, ModelArguments
from transformers import Seq2SeqTrainingArguments
arguments = DataArguments(template="qwen2_vl", dataset="made", dataset_dir=FOLDER, media_dir=FOLDER)
(attr,) = get_dataset_list(["made"], FOLDER)
data = _load_single_dataset(attr, ModelArguments(model_name_or_path="x"), arguments, Seq2SeqTrainingArguments(output_dir=FOLDER + "/t"))
row = data[0]
import os
assert os.path.isfile(row["_images"][0]), row["_images"]
assert row["_prompt"][0]["content"].count("<image>") == 1 and row["_response"][0]["content"], row
print(len(data), row["_prompt"][0]["role"])
""",
    "ms-swift": """
from swift.dataset import load_dataset
data, _ = load_dataset([FOLDER + "/made.jsonl"], split_dataset_ratio=0.0)
row = data[0]
assert row["messages"][0]["content"].count("<image>") == 1 and row["images"][0]["path"].endswith(".png"), row
print(len(data), row["messages"][0]["role"])
""",
    "verl": """
from omegaconf import OmegaConf
from transformers import AutoTokenizer
from verl.utils.dataset.rl_dataset import RLHFDataset
config = OmegaConf.create({"max_prompt_length": 512, "filter_overlong_prompts": False, "image_key": "images", "cache_dir": FOLDER + "/c"})
data = RLHFDataset(FOLDER + "/train-00000.parquet", AutoTokenizer.from_pretrained(NANO), config, processor=object())
row = data[0]
assert row["data_source"] == "made/chain" and row["reward_model"]["ground_truth"], row.keys()
assert [part["type"] for part in row["raw_prompt"][0]["content"]][0] == "image", row["raw_prompt"]
print(len(data), row["ability"])
""",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_peer_loads_it(made, name):
    if name not in PEERS:
        pytest.skip(f"set ONEVISION_TEST_PEERS={name}=VENV")
    from onevision.models.load import nano_folder

    folder, _ = made
    script = f"FOLDER, NANO = {str(folder / name)!r}, {str(nano_folder())!r}\n" + SCRIPTS[name]
    done = subprocess.run(
        [f"{PEERS[name]}/bin/python", "-c", script], capture_output=True, text=True, check=False, env=os.environ | {"HF_HUB_OFFLINE": "1"}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1].startswith("3 ")


@pytest.mark.parametrize("name", ["hf", "trl", "verl"])
def test_exporting_less_again_leaves_no_rows_of_before(made, tmp_path, monkeypatch, name):
    folder, _ = made
    monkeypatch.setattr("onevision.forge.export.files.ROWS_A_FILE", 1)
    onevision.save(tmp_path / "one.parquet", [tasks.make("clock", size=(56, 84)).sample(0)])
    for data in (folder / "ours.parquet", tmp_path / "one.parquet"):
        main(["export", str(data), "--format", name, "--out", str(tmp_path / "out")])
    assert [path.name for path in tmp_path.rglob("train-*")] == ["train-00000.parquet"]


def test_a_forge_run_is_its_samples_however_far_it_came(made, tmp_path, capsys):
    _, samples = made
    run = tmp_path / "killed"
    onevision.save(run / "data" / "shard-00000.parquet", samples[:1])
    onevision.save(run / "dropped" / "shard-00000.parquet", samples[1:])
    (run / "done").mkdir()
    (run / "recipe.json").write_text('{"signature": "x", "items": 9}')
    assert [one.problem.id for one in open_dataset(str(run))] == [samples[0].problem.id]
    shutil.rmtree(run / "data")
    (run / "forge.json").write_text("{}")
    assert main(["export", str(run), "--format", "trl", "--out", str(tmp_path / "out")]) == 2
    assert "killed: no samples" in capsys.readouterr().err


def test_llamafactory_is_told_of_the_system_prompt(tmp_path, capsys):
    said = [{"role": "system", "content": "Count."}, {"role": "user", "content": "?"}, {"role": "assistant", "content": "3"}]
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps({"messages": said[start:]}) + "\n" for start in (0, 1)))
    line = ["export", str(tmp_path / "chats.jsonl"), "--format", "llamafactory", "--out", str(tmp_path), "--name", "told"]
    assert main(line) == 0
    assert [json.loads(row)["system"] for row in (tmp_path / "told.jsonl").read_text().splitlines()] == ["Count.", ""]
    assert json.loads((tmp_path / "dataset_info.json").read_text())["told"]["columns"]["system"] == "system"
    assert [len(one.messages) for one in open_dataset("told", tmp_path)] == [3, 2]
    (tmp_path / "dataset_info.json").write_text("[]")
    assert main(line) == 2 and "an object of data sets by name was expected" in capsys.readouterr().err
