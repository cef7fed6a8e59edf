"""Two processes learn what one learns (gloo on the CPU)."""

import pytest
import torch
from launch import finished
from safetensors.torch import load_file
from test_training import losses

KEYS = {"tasks": {"scene": 1.0, "chain": 1.0, "clock": 1.0}, "max_steps": 3, "save_steps": 3, "pack_tokens": 400}


@pytest.fixture(scope="module")
def found():
    return {}


@pytest.mark.parametrize("kind", ["one", "ddp", "fsdp"])
def test_losses_and_weights_are_those_of_one_process(recipe, found, kind):
    if kind == "one":
        folder = finished(recipe(folder=kind, per_device_train_batch_size=6, **KEYS))
    else:
        keys = KEYS | ({"fsdp": "full_shard"} if kind == "fsdp" else {})
        folder = finished(recipe(folder=kind, per_device_train_batch_size=3, **keys), processes=2)
    found[kind] = [row["loss"] for row in losses(folder)], load_file(folder / "model.safetensors")
    mine, wanted = found[kind], found["one"]
    assert mine[0] == pytest.approx(wanted[0], rel=1e-4)
    for name, weight in wanted[1].items():
        torch.testing.assert_close(mine[1][name].float(), weight.float(), atol=2e-3, rtol=2e-2)


def test_two_processes_go_on_where_they_stopped(recipe):
    whole = finished(recipe(folder="whole", max_steps=4, fsdp="full_shard"), processes=2)
    finished(recipe(folder="parts", max_steps=4, fsdp="full_shard"), processes=2)
    parts = whole.with_name("parts")
    for file in (parts / "checkpoint-4").iterdir():
        file.unlink()
    (parts / "checkpoint-4").rmdir()
    finished(recipe(folder="parts", max_steps=4, fsdp="full_shard"), processes=2)
    mine, wanted = (load_file(folder / "model.safetensors") for folder in (parts, whole))
    assert all(torch.equal(weight, mine[name]) for name, weight in wanted.items())
