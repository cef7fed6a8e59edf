"""The plan against what is known otherwise: published sizes, the ZeRO paper's figure, a real model's saved tensors."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import Qwen2_5_VLForConditionalGeneration

from onevision import tasks
from onevision.cli import main
from onevision.errors import InputError
from onevision.models.load import load_processor, nano_folder
from onevision.train.adapt import adapt
from onevision.train.encode import collate, encode, supervised
from onevision.train.pack import use_packing
from onevision.train.plan.architecture import Architecture, Precision, count, find_config, saved_bytes
from onevision.train.plan.data import Stated, survey
from onevision.train.plan.memory import Row, Sharding, activations, memory, sharding_of, zero
from onevision.train.plan.plan import Setting, make_plan
from onevision.train.plan.work import DEVICES, Text, decode_seconds, forward_flops, step_flops
from onevision.train.recipe import GRPORecipe, SFTRecipe, load_recipe

RECIPES = Path(__file__).parents[2] / "recipes"
QWEN_7B = "Qwen/Qwen2.5-VL-7B-Instruct"
SFT = SFTRecipe(stage="sft", output_dir="o", model_name_or_path=QWEN_7B, bf16=True, dataset=["r1-onevision"], cutoff_len=8192,
                freeze_vision_tower=False, freeze_multi_modal_projector=False)  # fmt: skip
GRPO = GRPORecipe(
    stage="grpo", output_dir="o", model_name_or_path=QWEN_7B, bf16=True, dataset=["rl"], beta=0.04, gradient_checkpointing=True
)


@pytest.fixture(scope="module")
def nano() -> Architecture:
    return count(find_config("nano", RECIPES))


@pytest.fixture(scope="module")
def seven() -> Architecture:
    return count(find_config(QWEN_7B, RECIPES))


@pytest.mark.parametrize(
    ("size", "published"), [("3B", 3_754_622_976), ("7B", 8_292_166_656), ("32B", 33_452_718_336), ("72B", 73_410_777_344)]
)
def test_parameters_are_those_of_the_published_checkpoints(size, published):
    assert count(find_config(f"Qwen/Qwen2.5-VL-{size}-Instruct", RECIPES)).total == published


def test_nano_has_what_its_weights_file_has(nano):
    from safetensors import safe_open

    with safe_open(nano_folder() / "model.safetensors", "pt") as weights:
        assert nano.total == sum(weights.get_tensor(name).numel() for name in weights.keys())  # noqa: SIM118


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_zero_stages_are_those_of_the_zero_paper(nano, stage, gigabytes):
    # Rajbhandari et al. 2020, figure 1: 7.5 G parameters on 64 devices.
    parts = dict.fromkeys(nano.parts, 0) | {"language": 7_500_000_000}
    needed = memory(replace(nano, parts=parts), SFT, Sharding("zero", stage), 64, Row(8, 0, 8, 1), flash=True)
    assert (needed.weights + needed.gradients + needed.optimizer) / 1e9 == pytest.approx(gigabytes, abs=0.05)


def test_activations_are_what_autograd_saves(nano):
    processor = load_processor(nano_folder())
    samples = [encode(tasks.make(name, size=(112, 168), levels=(1,)).sample(0), processor) for name in ("chain", "clock", "scene")]
    model = Qwen2_5_VLForConditionalGeneration(nano.config).train()
    use_packing(model)
    batch = collate(samples)
    places, targets = supervised(batch["labels"])
    saved = saved_bytes(model, lambda: model(batch, places, targets).logprobs.mean())
    lengths, pictures = [len(s.input_ids) for s in samples], [int(s.grid.prod(1).sum()) // 4 for s in samples]
    row = Row(sum(lengths), sum(pictures), max(lengths), max(pictures))
    # The plan adds one layer's workspace to what is saved, and takes all samples for as long as the longest.
    assert 0.95 < activations(nano, SFT, Precision(torch.float32, False), row, flash=False) / saved < 1.3


def test_checkpointing_and_a_frozen_tower_keep_less(seven):
    row, precision = Row(8192, 2048, 8192, 334), Precision(torch.bfloat16, False)
    full = activations(seven, SFT, precision, row, flash=True)
    frozen = activations(seven, replace(SFT, freeze_vision_tower=True, freeze_multi_modal_projector=True), precision, row, flash=True)
    again = activations(seven, replace(SFT, gradient_checkpointing=True), precision, row, flash=True)
    assert again < frozen / 4 < full / 4


@settings(max_examples=30, deadline=None)
@given(stage=st.integers(0, 3), devices=st.integers(1, 512), tokens=st.integers(64, 32768), lora=st.booleans())
def test_more_devices_and_higher_stages_never_take_more(seven, stage, devices, tokens, lora):
    recipe = replace(SFT, finetuning_type="lora" if lora else "full")

    def state(stage, devices):
        needed = memory(seven, recipe, Sharding("zero", stage), devices, Row(tokens, 0, tokens, 1), flash=True)
        return needed.weights + needed.gradients + needed.optimizer

    assert state(stage, 2 * devices) <= state(stage, devices)
    assert state(min(3, stage + 1), devices) <= state(stage, devices)


def test_one_cpu_holds_two_rows_and_two_sets_of_gradients(nano):
    recipe = replace(load_recipe(RECIPES / "nano-sft.yaml"), bf16=True)
    row, plain = Row(2048, 100, 400, 100), Sharding()
    one, two = (memory(nano, recipe, plain, devices, row, flash=False) for devices in (2, 1))
    assert two.activations == 2 * one.activations and two.gradients == 2 * one.gradients
    gpu = memory(nano, recipe, plain, 1, row, flash=True)
    alone = memory(nano, replace(recipe, bf16=False, dataloader_num_workers=0), plain, 1, row, flash=False)
    assert gpu.gradients == alone.gradients == one.gradients


@pytest.mark.parametrize("keys", [{}, {"freeze_vision_tower": True}, {"lora_target": "q_proj,down_proj"}])
def test_lora_is_counted_as_it_is_made(nano, keys):
    pytest.importorskip("peft")
    recipe = replace(GRPO, finetuning_type="lora", lora_rank=4, **keys)
    model = adapt(Qwen2_5_VLForConditionalGeneration(nano.config), recipe)
    assert sum(nano.learning(recipe).values()) == sum(weight.numel() for weight in model.parameters() if weight.requires_grad)


def test_lora_beside_the_tower_is_learnt_through_it(seven):
    row, precision = Row(8192, 2048, 8192, 334), Precision(torch.bfloat16, False)
    both = replace(SFT, finetuning_type="lora")
    text = replace(both, freeze_vision_tower=True, freeze_multi_modal_projector=True)
    assert set(seven.learning(both)) - set(seven.learning(text)) == {"lora vision", "lora projector"}
    assert activations(seven, both, precision, row, flash=True) > activations(seven, text, precision, row, flash=True)
    seen = forward_flops(seven, Text(1000, 500, 100))["vision"]
    assert step_flops(seven, both, Text(1000, 500, 100))[0] - step_flops(seven, text, Text(1000, 500, 100))[0] == pytest.approx(seen)


def test_kv_cache_of_a_token(seven):
    assert seven.kv_per_token(2) == 2 * 28 * 4 * 128 * 2  # layers, kv heads, head width, bytes


def test_flops_are_six_a_parameter_and_token(seven):
    learn, _ = step_flops(seven, SFT, Text(0, 0, 100))
    assert learn / (6 * (seven.parts["language"] + seven.output) * 100) == pytest.approx(1, rel=0.01)


def test_flops_are_those_pytorch_counts(nano, monkeypatch):
    from torch.utils.flop_counter import FlopCounterMode

    monkeypatch.setattr("onevision.models.products.by_onednn", lambda: False)  # those are not counted
    processor = load_processor(nano_folder())
    sample = encode(tasks.make("chain", size=(140, 168), levels=(2,)).sample(0), processor)
    model = Qwen2_5_VLForConditionalGeneration(nano.config)
    use_packing(model)
    batch = collate([sample])
    places, targets = supervised(batch["labels"])
    with FlopCounterMode(display=False) as counter:
        model(batch, places, targets)
    picture = int(sample.grid.prod(1).sum()) // 4
    expected = forward_flops(nano, Text(len(sample.input_ids) - len(targets), picture, len(targets)))
    # Packed attention on a CPU multiplies the masked half as well.
    assert sum(expected.values()) == pytest.approx(counter.get_total_flops(), rel=0.05)


@settings(deadline=None)
@given(prompt=st.integers(1, 4000), answer=st.integers(1, 4000), group=st.integers(1, 16))
def test_a_shared_prompt_costs_less_than_as_many_prompts(seven, prompt, answer, group):
    shared = forward_flops(seven, Text(prompt, 0, answer, group))["language"]
    alone = forward_flops(seven, Text(prompt, 0, answer))["language"]
    assert alone <= shared <= group * alone * (1 + 1e-9)


def test_decoding_reads_the_weights_once_a_step(seven):
    # 7 G weights of 2 bytes at 60 % of 2.039 TB/s: 11.6 ms a step; two batches take twice as long.
    recipe = replace(GRPO, max_completion_length=100, num_generations=8)
    once = decode_seconds(seven, recipe, DEVICES["a800"], Text(10, 0, 50), prompts=1, room=8)
    assert once == pytest.approx(100 * 2 * (6_525_621_760 + 544_997_376) / (0.6 * 2.039e12), rel=0.01)
    assert decode_seconds(seven, recipe, DEVICES["a800"], Text(10, 0, 50), prompts=1, room=4) == pytest.approx(2 * once, rel=0.01)


def test_a_remedy_that_is_named_helps():
    sft = replace(SFT, deepspeed="zero3", gradient_accumulation_steps=16)
    on_a800 = Setting(DEVICES["a800"], 8)
    plan = make_plan(sft, RECIPES, on_a800)
    assert not plan.fits and plan.remedies[0].startswith("gradient_checkpointing: true")
    better = make_plan(replace(sft, gradient_checkpointing=True), RECIPES, on_a800)
    assert better.fits and not better.remedies and (better.samples, better.updates) == (155_000, 1211)
    assert better.flops == plan.flops and better.learn_seconds > plan.learn_seconds


def test_what_fits_nowhere_says_so():
    giant = replace(GRPO, model_name_or_path="Qwen/Qwen2.5-VL-72B-Instruct", deepspeed="zero3", rollout="vllm")
    plan = make_plan(giant, RECIPES, Setting(DEVICES["a800"], 1024, stated=Stated(10_000)))
    assert not plan.fits and "more memory" in plan.remedies[-1]


def test_72b_learns_on_many_devices():
    giant = replace(SFT, model_name_or_path="Qwen/Qwen2.5-VL-72B-Instruct", deepspeed="zero3", gradient_checkpointing=True)
    some, many = (make_plan(giant, RECIPES, Setting(DEVICES["h100"], devices)) for devices in (64, 1024))
    assert some.fits and many.fits and many.seconds == pytest.approx(some.seconds / 16)


@pytest.mark.parametrize("size", ["3b", "7b"])
def test_shipped_grpo_recipes_fit_eight_a800(size):
    path = RECIPES / f"r1-onevision-{size}-grpo.yaml"
    recipe = load_recipe(path, [f"model_name_or_path=Qwen/Qwen2.5-VL-{size.upper()}-Instruct"])
    plan = make_plan(recipe, RECIPES, Setting(DEVICES["a800"], 8))
    assert plan.fits and plan.together == 16 and plan.rollout_seconds > 0


def test_deepspeed_files_are_read(seven, tmp_path):
    section = {"stage": 2, "reduce_bucket_size": "auto", "allgather_bucket_size": 1000, "offload_optimizer": {"device": "cpu"}}
    (tmp_path / "ds.json").write_text(json.dumps({"zero_optimization": section}))
    found = sharding_of(replace(SFT, deepspeed="ds.json"), seven, tmp_path)
    assert (found.stage, found.gathered, found.offloaded) == (2, 1000 + 3584**2, True)
    assert memory(seven, SFT, found, 1, Row(8, 0, 8, 1), flash=True).optimizer == 0
    assert sharding_of(replace(SFT, deepspeed="examples/deepspeed/ds_z3_config.json"), seven, tmp_path) == zero(3, seven)
    (tmp_path / "ds.json").write_text("[]")
    with pytest.raises(InputError, match="zero_optimization"):
        sharding_of(replace(SFT, deepspeed="ds.json"), seven, tmp_path)
    with pytest.raises(InputError, match=r"'mine\.json'"):
        sharding_of(replace(SFT, deepspeed="mine.json"), seven, tmp_path)


def test_fsdp_divides_all_and_gathers_a_little_or_all(seven):
    full, grads = (sharding_of(replace(SFT, fsdp=kind), seven, RECIPES) for kind in ("full_shard", "shard_grad_op"))
    assert full.gathered < seven.total / 4 and grads.gathered == seven.total
    needed = memory(seven, SFT, full, 8, Row(8, 0, 8, 1), flash=True)
    assert needed.weights + needed.gradients + needed.optimizer == pytest.approx(16 * seven.total / 8)


def test_samples_are_counted_in_local_files(nano, tmp_path):
    rows = [{"id": n} for n in range(5)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "b.json").write_text(json.dumps(rows[:3]))
    (tmp_path / "dataset_info.json").write_text(json.dumps({"named": {"file_name": "b.json"}}))
    recipe = replace(SFT, dataset_dir=str(tmp_path), dataset=["a.jsonl", "named"], num_train_epochs=2.0)
    assert survey(recipe, nano.config, 1, Stated()).samples == 2 * (5 + 3)
    assert survey(replace(recipe, max_samples=4), nano.config, 1, Stated()).samples == 2 * (4 + 3)
    assert survey(replace(recipe, dataset=[str(tmp_path)]), nano.config, 1, Stated()).samples == 16
    assert survey(replace(recipe, max_steps=7), nano.config, 3, Stated()).samples == 21
    assert survey(replace(recipe, dataset=["nowhere"]), nano.config, 1, Stated(10)).samples == 20
    with pytest.raises(InputError, match=r"'nowhere'.*--samples"):
        survey(replace(recipe, dataset=["nowhere"]), nano.config, 1, Stated())
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(InputError, match=r"broken\.json"):
        survey(replace(recipe, dataset=["broken.json"]), nano.config, 1, Stated())


def test_parquet_rows_are_counted_from_the_footer(nano, tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(arrow.table({"id": list(range(9))}), tmp_path / "c.parquet")
    assert survey(replace(SFT, dataset=[str(tmp_path / "c.parquet")]), nano.config, 1, Stated()).samples == 9


def test_a_model_another_recipe_will_make(tmp_path):
    (tmp_path / "one.yaml").write_text(f"stage: sft\nmodel_name_or_path: {QWEN_7B}\noutput_dir: runs/planned-one\n")
    (tmp_path / "two.yaml").write_text("stage: sft\nmodel_name_or_path: runs/planned-one\noutput_dir: runs/planned-two\n")
    assert find_config("runs/planned-two", tmp_path).text_config.hidden_size == 3584
    (tmp_path / "one.yaml").write_text("stage: sft\nmodel_name_or_path: runs/planned-two\noutput_dir: runs/planned-one\n")
    with pytest.raises(InputError, match="runs/planned-one"):
        find_config("runs/planned-two", tmp_path)


def test_the_command_plans_for_people_and_programs(capsys):
    line = ["plan", str(RECIPES / "nano-sft.yaml"), "model_name_or_path=nano", "max_steps=10", "--device", "h100", "--price", "2"]
    assert main([*line, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["fits"] and found["updates"] == 10 and found["cost"] == pytest.approx(2 * found["device_hours"])
    assert main(line) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("activations", "FLOPs", "updates", "note: samples: max_steps × batch", "\nfits"))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["model_name_or_path=Some/Model-9B"], "Some/Model-9B"),
        (["model_name_or_path=nano", "--device", "abacus"], "abacus"),
        (["model_name_or_path=nano", "--device", "h100", "--mfu", "2"], "mfu 2"),
        (["model_name_or_path=nano", "--device", "h100", "--devices", "0"], "devices is 0"),
        (["model_name_or_path=nano", "--device", "h100", "--samples", "-1"], "--samples is -1"),
        (["model_name_or_path=nano", "--device", "h100", "max_steps=-1"], "--samples"),
    ],
)
def test_bad_input_is_named_in_one_line(args, words, capsys):
    assert main(["plan", str(RECIPES / "nano-sft.yaml"), *args]) == 2
    err = [line for line in capsys.readouterr().err.splitlines() if "without effect here" not in line]
    assert len(err) == 1
    assert words in err[0]
