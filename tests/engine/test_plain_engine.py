"""The engine that reads a checkpoint without transformers, against the one that reads it with it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from onevision import tasks
from onevision.engine.base import SamplingParams
from onevision.engine.load import load_engine, load_local
from onevision.engine.plain import PlainEngine, can_run_plain
from onevision.engine.torch import TorchEngine
from onevision.errors import InputError
from onevision.models.load import load_model, nano_folder
from onevision.models.prompts import messages_for

GREEDY = SamplingParams(max_new_tokens=80)


@pytest.fixture(scope="module")
def engines() -> tuple[PlainEngine, TorchEngine]:
    return PlainEngine(nano_folder()), TorchEngine(*load_model("nano", device="cpu", dtype="float32"))


def chats() -> list[Any]:
    drawn = [tasks.make(name, levels=(level,)).problem(3) for name in ("chain", "scene", "circled_letter") for level in (1, 4)]
    several = [tasks.make("clock", levels=(1,)).problem(i).images[0] for i in (0, 1)]
    return [
        *(messages_for(p.images, p.question, p.choices) for p in drawn),
        messages_for(several, "Which clock is later?", ("the first", "the second")),
        messages_for([], "How many legs have two dogs?"),
    ]


def test_features_and_logits_are_those_of_transformers(engines):
    plain, whole = engines
    inputs = plain._inputs(chats())
    with torch.inference_mode():
        seen, wanted = (engine.look(inputs["pixel_values"], inputs["image_grid_thw"]) for engine in engines)
        for one, other in zip(seen, wanted, strict=True):
            torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
        ours, theirs = plain.run(inputs, seen), whole.run(inputs, wanted)
    torch.testing.assert_close(ours.logits, theirs.logits, atol=1e-3, rtol=1e-4)
    assert torch.equal(ours.next_position, theirs.next_position)
    real = inputs["attention_mask"].bool()
    for one, other in zip(ours.layers, theirs.layers, strict=True):
        for mine, wanted_part in zip(one, other, strict=True):
            torch.testing.assert_close(mine.transpose(1, 2)[real], wanted_part.transpose(1, 2)[real], atol=1e-3, rtol=1e-4)


def test_texts_are_those_of_transformers_alone_and_together(engines):
    plain, whole = engines
    expected = [c.text for c in whole.generate_batch(chats(), GREEDY)]
    assert [c.text for c in plain.generate_batch(chats(), GREEDY)] == expected
    assert [plain.generate_batch([chat], GREEDY)[0].text for chat in chats()] == expected


def test_bfloat16_is_near(engines):
    half = PlainEngine(nano_folder(), torch.bfloat16)
    inputs = half._inputs(chats()[:2])
    with torch.inference_mode():
        rough, exact = (engine.look(inputs["pixel_values"], inputs["image_grid_thw"]) for engine in (half, engines[0]))
    for one, other in zip(rough, exact, strict=True):
        assert (one.float() - other).norm() < 0.05 * other.norm()


def test_eight_bits_are_near_and_answer_alike(engines):
    eight = load_local("nano", device="cpu", dtype="int8")
    assert isinstance(eight, PlainEngine)
    inputs = eight._inputs(chats())
    with torch.inference_mode():
        rough, exact = (engine.look(inputs["pixel_values"], inputs["image_grid_thw"]) for engine in (eight, engines[0]))
    for one, other in zip(rough, exact, strict=True):
        assert (one - other).norm() < 0.15 * other.norm()  # 0.11 where rows have seven bits
    drawn = [tasks.make(name, levels=(1,), size=(112, 168)).problem(i) for name in ("chain", "clock", "grid_size") for i in (1, 2)]
    asked = [messages_for(p.images, p.question, p.choices) for p in drawn]
    expected, told = ([c.text for c in engine.generate_batch(asked, GREEDY)] for engine in (engines[0], eight))
    assert sum(one == other for one, other in zip(told, expected, strict=True)) >= len(expected) - 1


def test_eight_bits_are_refused_where_they_cannot_be_had(tmp_path, tiny_model_dir):
    folder = copied(tmp_path / "windows", vision_config__fullatt_block_indexes=[5])
    with pytest.raises(InputError, match="'int8' is for a small plain"):
        load_local(folder, device="cpu", dtype="int8")
    with pytest.raises(InputError, match="an endpoint computes in"):
        load_engine("openai:nano@http://localhost:1/v1", "int8")


def test_bad_prompts_are_input_errors(engines):
    with pytest.raises(InputError, match="question is empty"):
        engines[0].generate_batch([[{"role": "user", "content": " "}]], GREEDY)
    with pytest.raises(InputError, match="context holds 2048"):
        engines[0].generate_batch([messages_for([], "word " * 3000)], GREEDY)
    with pytest.raises(InputError, match="control token"):
        engines[0].generate_batch([messages_for([], "see <|image_pad|>")], GREEDY)


def copied(folder: Path, **changes: Any) -> Path:
    """nano elsewhere, its config changed: "text_config.hidden_act" reaches inside."""
    shutil.copytree(nano_folder(), folder)
    config = json.loads((folder / "config.json").read_text())
    for path, value in changes.items():
        *inner, last = path.split("__")
        at = config
        for key in inner:
            at = at[key]
        at[last] = value
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize(
    "changes",
    [
        {"text_config__hidden_act": "gelu"},
        {"vision_config__fullatt_block_indexes": [5]},
        {"quantization_config": {"bits": 4}},
        {"text_config__rope_parameters": {"rope_theta": 100.0, "rope_type": "yarn", "mrope_section": [8, 12, 12]}},
        {"text_config": None},
    ],
)
def test_what_it_does_not_compute_is_left_to_transformers(tmp_path, changes):
    assert can_run_plain(nano_folder())
    assert not can_run_plain(copied(tmp_path / "other", **changes))


def test_todays_names_of_tensors_are_read_too(tmp_path, engines):
    folder = copied(tmp_path / "named")
    names = {}
    for name, tensor in load_file(folder / "model.safetensors").items():
        names[f"model.{name}" if name.startswith("visual.") else name.replace("model.", "model.language_model.", 1)] = tensor
    save_file(names, folder / "model.safetensors")
    assert PlainEngine(folder).generate_batch(chats()[:1], GREEDY)[0].text == engines[0].generate_batch(chats()[:1], GREEDY)[0].text


def test_loading_chooses_it_where_it_can(tmp_path, tiny_model_dir):
    assert isinstance(load_engine("nano"), PlainEngine if not torch.cuda.is_available() else TorchEngine)
    assert isinstance(load_local("nano", device="cpu"), PlainEngine)
    assert isinstance(load_local(copied(tmp_path / "windows", vision_config__fullatt_block_indexes=[5]), device="cpu"), TorchEngine)


def test_a_damaged_checkpoint_is_one_line(tmp_path):
    folder = copied(tmp_path / "cut")
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(InputError, match="cannot load model"):
        load_local(folder, device="cpu")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tokenizer.json", "{garbage"),
        ("tokenizer.json", '{"a": 1}'),
        ("tokenizer_config.json", "[]"),
        ("preprocessor_config.json", '{"size": {}}'),
        ("chat_template.jinja", "{% for %}"),
    ],
)
def test_a_damaged_file_beside_the_weights_is_one_line_too(tmp_path, name, text):
    folder = copied(tmp_path / "damaged")
    (folder / name).write_text(text)
    with pytest.raises(InputError, match=r"cannot load model|chat template cannot be read") as said:
        load_local(folder, device="cpu")
    assert "\n" not in str(said.value)


def test_nano_answers_without_importing_transformers(tmp_path):
    code = (
        "import sys; from onevision.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'transformers' not in sys.modules"
    )
    image = tmp_path / "chain.png"
    tasks.make("chain", levels=(1,)).problem(0).images[0].save(image)
    subprocess.run([sys.executable, "-c", code, "ask", str(image), "What is it?", "--max-new-tokens", "4"], check=True)
