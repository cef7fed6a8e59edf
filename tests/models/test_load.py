"""Models load from folders; anything else is one clear line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from onevision.errors import InputError
from onevision.models.load import load_model, nano_folder, resolve


def test_loads_a_folder_in_evaluation_mode_and_float32(tiny: tuple[Any, Any]) -> None:
    model, processor = tiny
    assert not model.training and model.dtype == torch.float32
    inputs = processor(images=[Image.new("RGB", (60, 60))], text=["<|image_pad|>?"], return_tensors="pt")
    assert inputs["pixel_values"].shape[0] == int(inputs["image_grid_thw"].prod())


def test_the_checkpoint_dtype_can_be_asked_for(tiny_model_dir: Path) -> None:
    assert load_model(tiny_model_dir, device="cpu", dtype="bfloat16")[0].dtype == torch.bfloat16


def test_the_saved_processor_names_the_class_everybody_has(tiny: tuple[Any, Any], tmp_path: Path) -> None:
    tiny[1].save_pretrained(tmp_path)
    saved = json.loads((tmp_path / "preprocessor_config.json").read_text())
    assert saved["processor_class"] == "Qwen2_5_VLProcessor"
    assert saved["image_processor_type"] == "Qwen2VLImageProcessor"


def test_nano_is_a_folder_of_the_package() -> None:
    assert nano_folder().name == "nano_weights" and nano_folder().parent.name == "models"


def test_unknown_names_are_input_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="unknown model 'nanoo': give nano, a local folder or a hub id"):
        resolve("nanoo")

    def offline(*_: Any, **__: Any) -> str:
        raise OSError("offline\nwith details")

    monkeypatch.setattr("huggingface_hub.snapshot_download", offline)
    with pytest.raises(InputError, match=r"unknown model 'Org/Name'.*\(offline\)$"):
        resolve("Org/Name")


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no readable config\.json"):
        load_model(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(InputError, match="type llama; OneVision runs qwen2_5_vl"):
        load_model(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "qwen2_5_vl"}')
    with pytest.raises(InputError, match=r"no \*\.safetensors"):
        load_model(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(InputError, match="cannot load model"):
        load_model(tmp_path)


def test_bad_device_and_dtype(tiny_model_dir: Path) -> None:
    with pytest.raises(InputError, match="unknown dtype 'int3'"):
        load_model(tiny_model_dir, device="cpu", dtype="int3")
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="no CUDA device"):
            load_model(tiny_model_dir, device="cuda")
    with pytest.raises(InputError, match="unknown device 'warp'"):
        load_model(tiny_model_dir, device="warp")


@pytest.fixture
def adapter(tiny_model_dir: Path, tmp_path: Path) -> Callable[..., Path]:
    """A function that makes the folder of an adapter of the tiny model, its adapter_config.json changed."""
    peft = pytest.importorskip("peft")
    base = load_model(tiny_model_dir, device="cpu")[0]
    good = peft.get_peft_model(base, peft.LoraConfig(r=2, target_modules=["q_proj"]))
    good.peft_config["default"].base_model_name_or_path = str(tiny_model_dir)

    def make(name: str, **changed: Any) -> Path:
        good.save_pretrained(tmp_path / name)
        path = tmp_path / name / "adapter_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changed))
        return path.parent

    return make


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"r": 3}, "cannot load adapter .*size"),
        ({"peft_type": "LORRA"}, "cannot load adapter .*LORRA"),
        ({"target_modules": ["nope"]}, "cannot load adapter .*nope"),
        ({"base_model_name_or_path": "~nosuchuser/m"}, "cannot load adapter .*home directory"),
        ({"base_model_name_or_path": "nanoo"}, "cannot load adapter .*unknown model 'nanoo'"),
    ],
)
def test_adapters_that_cannot_be_loaded(adapter: Callable[..., Path], changed: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        load_model(adapter("bad", **changed), device="cpu")


def test_an_adapter_may_stand_on_another_but_not_on_itself(adapter: Callable[..., Path], tmp_path: Path) -> None:
    load_model(adapter("second", base_model_name_or_path=str(adapter("first"))), device="cpu")
    one = adapter("one", base_model_name_or_path=str(tmp_path / "two"))
    for two in (adapter("two", base_model_name_or_path=str(one)), adapter("two", base_model_name_or_path=str(tmp_path / "two"))):
        with pytest.raises(InputError, match="round in a circle"):
            load_model(two, device="cpu")


def test_only_safetensors_are_read_of_an_adapter_too(adapter: Callable[..., Path]) -> None:
    folder = adapter("pickled")
    (folder / "adapter_model.safetensors").unlink()
    torch.save({}, folder / "adapter_model.bin")
    with pytest.raises(InputError, match=r"no adapter_model\.safetensors"):
        load_model(folder, device="cpu")
