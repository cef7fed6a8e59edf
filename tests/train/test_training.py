"""Both stages run, stop, and go on where they stopped."""

import json

import numpy as np
import pytest
import torch

from onevision.models.load import load_model
from onevision.train.command import run
from onevision.train.glyphs import GLYPHS, labelled_picture
from onevision.train.optim import MuonAdamW
from onevision.train.recipe import Recipe


def recipe(stage, folder, steps, model, **more):
    return Recipe(stage, str(folder), str(model), tasks={"scene": 1.0}, sizes=[[56, 84]], levels=[1], per_device_train_batch_size=4,
                  max_steps=steps, save_steps=2, logging_steps=1, dataloader_num_workers=0, **more)  # fmt: skip


@pytest.mark.parametrize("stage", ["see", "sft"])
def test_a_killed_run_goes_on(stage, tiny_model_dir, tmp_path):
    whole = run(recipe(stage, tmp_path / "whole", 4, tiny_model_dir, lr_scheduler_type="constant"))
    run(recipe(stage, tmp_path / "parts", 2, tiny_model_dir, lr_scheduler_type="constant"))
    parts = run(recipe(stage, tmp_path / "parts", 4, tiny_model_dir, lr_scheduler_type="constant"))
    a, b = (load_model(folder, device="cpu", dtype="float32")[0].state_dict() for folder in (whole, parts))
    for name, weight in a.items():
        torch.testing.assert_close(weight, b[name], atol=2e-3, rtol=2e-2, msg=lambda text, name=name: f"{name}: {text}")
    steps = [json.loads(line)["step"] for line in (parts / "losses.jsonl").read_text().splitlines()]
    assert steps == [1, 2, 3, 4]
    assert (parts / "loss.png").stat().st_size > 1000


def test_sft_learns(tiny_model_dir, tmp_path):
    folder = run(recipe("sft", tmp_path / "run", 40, tiny_model_dir, learning_rate=1e-2))
    losses = [json.loads(line)["loss"] for line in (folder / "losses.jsonl").read_text().splitlines()]
    assert np.mean([float(x) for x in losses[-5:]]) < 0.75 * float(losses[0])


def test_labels_lie_where_the_glyphs_are():
    """A glyph's patch differs from the page; a picture with labels of nothing but page would be no lesson."""
    found = total = 0
    for index in range(20):
        picture = labelled_picture(index)
        gray = picture.image.mean(-1)
        for row, column in zip(*np.nonzero(picture.glyph), strict=True):
            patch = gray[14 * row : 14 * row + 14, 14 * column : 14 * column + 14]
            total += 1
            found += patch.max() - patch.min() > 40
    assert total > 100
    assert found / total > 0.9
    assert picture.glyph.max() <= len(GLYPHS)


def test_labelled_pictures_repeat():
    a, b = labelled_picture(5), labelled_picture(5)
    assert np.array_equal(a.image, b.image)
    assert not np.array_equal(a.image.shape, labelled_picture(6).image.shape) or not np.array_equal(a.image, labelled_picture(6).image)


def test_one_learning_rate_moves_both_parts():
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.LayerNorm(4))
    optimizer = MuonAdamW(model, lr=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5)
    assert [group["lr"] for part in optimizer.parts for group in part.param_groups] == [0.05, 0.05]
    model(torch.ones(1, 4)).pow(2).sum().backward()
    optimizer.step()
    schedule.step()
    again = MuonAdamW(model, lr=0.1)
    again.load_state_dict(optimizer.state_dict())
    assert again.state_dict()["parts"][1]["state"][0]["step"] == 1
