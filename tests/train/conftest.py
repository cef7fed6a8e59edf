"""Recipes small enough to run in a second or two."""

import pytest

from onevision.train.recipe import SeeRecipe, SFTRecipe


@pytest.fixture
def recipe(tiny_model_dir, tmp_path):
    """A function that makes a recipe of a stage from a few of its keys."""

    def make(stage="sft", folder="run", **keys):
        common = {"output_dir": str(tmp_path / folder), "model_name_or_path": str(tiny_model_dir), "max_steps": 4, "save_steps": 2,
                  "logging_steps": 1, "dataloader_num_workers": 0, "per_device_train_batch_size": 4, "learning_rate": 1e-3}  # fmt: skip
        if stage == "see":
            return SeeRecipe(stage=stage, **common | keys)
        drawn = {"sizes": [[56, 84]], "levels": [1]} | ({} if "dataset" in keys else {"tasks": {"scene": 1.0}})
        thawed = {"freeze_vision_tower": False, "freeze_multi_modal_projector": False}
        return SFTRecipe(stage=stage, **common | drawn | thawed | keys)

    return make


@pytest.fixture
def rows(tmp_path):
    """A function that writes samples of a task as one of our parquet sets and returns its path."""
    from onevision import tasks
    from onevision.sources.onevision import save

    def make(count=12, task="scene", name="rows"):
        drawn = tasks.make(task, levels=(1,), size=(56, 84))
        save(tmp_path / f"{name}.parquet", (drawn.sample(index) for index in range(count)))
        return str(tmp_path / f"{name}.parquet")

    return make
