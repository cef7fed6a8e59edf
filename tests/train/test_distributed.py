"""Two processes learn what one learns (gloo on the CPU)."""

import os
from dataclasses import replace

import pytest
import torch
from launch import finished
from safetensors.torch import load_file
from test_training import losses

from onevision.models.load import load_model
from onevision.train.data import Corpus, Draws, Share, Updates
from onevision.train.encode import supervised
from onevision.train.pack import use_packing

KEYS = {"tasks": {"scene": 1.0, "chain": 1.0, "clock": 1.0}, "max_steps": 3, "save_steps": 3, "pack_tokens": 400}


def test_losses_and_weights_are_those_of_one_process(recipe):
    one = finished(recipe(folder="one", per_device_train_batch_size=6, **KEYS))
    two = finished(recipe(folder="two", per_device_train_batch_size=3, **KEYS), processes=2)
    assert [row["loss"] for row in losses(two)] == pytest.approx([row["loss"] for row in losses(one)], rel=1e-4)
    mine, wanted = (load_file(folder / "model.safetensors") for folder in (two, one))
    for name, weight in wanted.items():
        torch.testing.assert_close(mine[name].float(), weight.float(), atol=2e-3, rtol=2e-2)


def test_two_processes_go_on_where_they_stopped(recipe):
    whole = finished(recipe(folder="whole", max_steps=4), processes=2)
    finished(recipe(folder="parts", max_steps=4), processes=2)
    parts = whole.with_name("parts")
    for file in (parts / "checkpoint-4").iterdir():
        file.unlink()
    (parts / "checkpoint-4").rmdir()
    finished(recipe(folder="parts", max_steps=4), processes=2)
    mine, wanted = (load_file(folder / "model.safetensors") for folder in (parts, whole))
    assert all(torch.equal(weight, mine[name]) for name, weight in wanted.items())


def _learn_sharded(recipe, environment):
    """A row with pictures on one process, one without on the other: loss and gradients are those of the whole model."""
    from torch.distributed import get_rank, init_process_group
    from torch.distributed.fsdp import fully_shard

    os.environ.update(environment)
    init_process_group("gloo")
    model, processor = load_model(recipe.model_name_or_path, device="cpu")
    use_packing(model)
    drawn = [Draws(replace(recipe, described=share), Corpus(recipe)) for share in (0.0, 1.0)]
    rows = [next(iter(Updates(draws, processor, Share(3), end=3))).rows[0] for draws in drawn]

    def loss_of(row):
        place, target = supervised(row["labels"])
        return -model(row, place, target).logprobs.mean()

    whole = [loss_of(row) for row in rows]
    (sum(whole) / 2).backward()
    wanted = {name: weight.grad.clone() for name, weight in model.named_parameters()}
    model.zero_grad()
    for part in (*model.model.language_model.layers, *model.model.visual.blocks, model):
        fully_shard(part)
    mine = loss_of(rows[get_rank()])
    mine.backward()
    torch.testing.assert_close(mine, whole[get_rank()])
    for name, weight in model.named_parameters():
        torch.testing.assert_close(weight.grad.full_tensor(), wanted[name])


def test_packed_rows_run_on_a_sharded_model(recipe):
    """FSDP2 itself, by the parts that accelerate would wrap. accelerate takes no FSDP on a CPU, so its own way there is not tested."""
    finished(recipe(), processes=2, work=_learn_sharded)
