from pathlib import Path

import pytest

from onevision.errors import InputError
from onevision.train.recipe import load_recipe

RECIPES = sorted(path for path in Path(__file__).parents[2].glob("recipes/*.yaml") if not path.name.startswith("forge-"))


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("stage: sft\noutput_dir: out\nlearning_rate: 1e-5\nmax_steps: 10\nbf16: true\n")
    return path


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.name)
def test_shipped_recipes_are_read(path):
    assert load_recipe(path).output_dir


def test_yaml_numbers_without_a_dot_are_numbers(recipe):
    assert load_recipe(recipe).learning_rate == 1e-5


def test_weights_of_tasks_are_numbers_of_any_kind(recipe):
    assert load_recipe(recipe, ["tasks={chain: 2, scene: 1e-1}"]).tasks == {"chain": 2.0, "scene": 0.1}
    assert load_recipe(recipe, ["lr_scheduler_kwargs={num_cycles: 1}"]).lr_scheduler_kwargs == {"num_cycles": 1}


def test_overrides_win(recipe):
    changed = load_recipe(recipe, ["max_steps=7", "tasks={chain: 2.0}", "bf16=false"])
    assert (changed.max_steps, changed.tasks, changed.bf16) == (7, {"chain": 2.0}, False)


@pytest.mark.parametrize(
    ("share", "steps", "rate"), [("20%", 2, 2e-6), ("1%", 1, 1e-7), ("12.5%", 2, 1.25e-6), ("70%", 7, 7e-6), ("250%", 25, 2.5e-5)]
)
def test_a_share_is_of_the_recipes_own_number(recipe, share, steps, rate):
    """Whole numbers stay whole, and never become none."""
    changed = load_recipe(recipe, [f"max_steps={share}", f"learning_rate={share}"])
    assert changed.max_steps == steps and isinstance(changed.max_steps, int)
    assert changed.learning_rate == pytest.approx(rate)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("max_steps=0%", ["max_steps=0%", "10"]),
        ("max_samples=20%", ["max_samples=20%", "None"]),
        ("bf16=20%", ["bf16=20%", "True"]),
        ("learning_rat=1", ["learning_rat", "learning_rate"]),
        ("max_steps=many", ["max_steps", "many", "int"]),
        ("bf16=3", ["bf16", "bool"]),
        ("stage=grop", ["stage", "grop", "sft"]),
        ("nonsense", ["nonsense", "key=value"]),
        ("tasks={chain: heavy}", ["tasks.chain", "heavy", "float"]),
        ("tasks={1: 1.0}", ["tasks", "1", "str"]),
        ("levels=[1, two]", ["levels[1]", "two", "int"]),
        ("sizes=[[112, big]]", ["sizes[0][1]", "big", "int"]),
        ("dataset=[3]", ["dataset[0]", "3", "str"]),
        ("per_device_train_batch_size=0", ["per_device_train_batch_size", "0", "1 or more"]),
        ("pack_tokens=-1", ["pack_tokens", "-1", "1 or more"]),
        ("learning_rate=-1e-5", ["learning_rate", "-1e-05", "0 or more"]),
    ],
)
def test_mistakes_are_named(recipe, override, words):
    with pytest.raises(InputError) as error:
        load_recipe(recipe, [override])
    assert all(word in str(error.value) for word in words)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "stage: [", "stage: sft\n"])
def test_broken_files_are_refused_in_one_line(tmp_path, text):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        load_recipe(path)
    assert "broken.yaml" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml"):
        load_recipe(tmp_path / "none.yaml")


def test_r1_onevisions_own_configuration_is_read_as_it_is(tmp_path, capsys):
    path = tmp_path / "full_sft.yaml"
    path.write_text(
        "stage: sft\ndo_train: true\nmodel_name_or_path: Qwen/Qwen2.5-VL-7B-Instruct\ndataset: r1-onevision\ntemplate: qwen2_vl\n"
        "finetuning_type: full\nfreeze_vision_tower: false\nimage_resolution: 512\ncutoff_len: 8192\nper_device_train_batch_size: 1\n"
        "gradient_accumulation_steps: 16\nlearning_rate: 1.0e-5\nnum_train_epochs: 1.0\nlr_scheduler_type: cosine\nwarmup_ratio: 0.05\n"
        "bf16: true\nflash_attn: fa2\ndeepspeed: examples/ds_z3_config.json\nplot_loss: true\nreport_to: wandb\noutput_dir: out\n"
    )
    recipe = load_recipe(path)
    assert (recipe.dataset, recipe.image_resolution, recipe.cutoff_len) == (["r1-onevision"], 512, 8192)
    assert capsys.readouterr().err == f"recipe {path}: do_train, template: without effect here\n"


def test_what_is_left_unsaid_is_frozen_as_in_llama_factory(recipe):
    read = load_recipe(recipe)
    assert (read.freeze_vision_tower, read.freeze_multi_modal_projector, read.freeze_language_model) == (True, True, False)
