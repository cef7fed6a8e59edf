"""Both stages run, are killed, and go on as if nothing had happened."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from launch import finished, start
from safetensors.torch import load_file

from onevision.errors import InputError, OneVisionError
from onevision.models.load import load_model
from onevision.store import alone
from onevision.train import lanes
from onevision.train.command import main, run
from onevision.train.sft import SFTTrainer
from onevision.train.trainer import steps_done, training_arguments

NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="FSDP runs on a GPU")


def weights(folder, checkpoint=None):
    return load_file(Path(folder) / (f"checkpoint-{checkpoint}" if checkpoint else "") / "model.safetensors")


def losses(folder):
    return [row for row in map(json.loads, (Path(folder) / "losses.jsonl").read_text().splitlines()) if "loss" in row]


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(("stage", "keys"), [("see", {"optim": "muon"}), ("sft", {"tasks": {"scene": 1.0, "chain": 2.0}})])
def test_a_run_in_two_parts_equals_one(recipe, stage, keys):
    whole = run(recipe(stage, "whole", **keys))
    run(recipe(stage, "parts", **keys))
    parts = Path(recipe(stage, "parts").output_dir)
    for name in ("checkpoint-4", "model.safetensors"):  # as if it had been killed after step 2 or 3
        path = parts / name
        path.unlink() if path.is_file() else [file.unlink() for file in path.iterdir()] and path.rmdir()
    assert steps_done(str(parts))[0] == 2
    run(recipe(stage, "parts", **keys))
    assert same(weights(whole, 4), weights(parts, 4))
    assert same(weights(whole), weights(parts))
    assert losses(whole) == losses(parts)
    assert (parts / "loss.png").stat().st_size > 1000


@pytest.mark.skipif(torch.cuda.is_available(), reason="lanes are a CPU's")
@pytest.mark.parametrize("bf16", [False, True])
def test_two_lanes_learn_what_one_does(recipe, monkeypatch, bf16):
    monkeypatch.setattr("onevision.train.precision.multiplies_bf16", lambda: True)
    keys = {"tasks": {"scene": 1.0, "chain": 2.0}, "bf16": bf16, "pack_tokens": 300, "dataloader_num_workers": 1}
    dealt, deal = [], lanes._dealt
    monkeypatch.setattr(lanes, "_dealt", lambda sizes: dealt.append(deal(sizes)) or dealt[-1])
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = run(recipe("sft", "one", **keys))
        assert not dealt
        torch.set_num_threads(2)
        two = run(recipe("sft", "two", **keys))
        assert len(dealt) == 4 and all(min(map(len, both)) for both in dealt)
        again = run(recipe("sft", "again", **keys))
    finally:
        torch.set_num_threads(before)
    assert same(weights(two), weights(again)), "whichever lane is the faster"
    assert [row["loss"] for row in losses(two)] == pytest.approx([row["loss"] for row in losses(one)], rel=1e-2 if bf16 else 1e-5)
    for name, weight in weights(one).items():
        torch.testing.assert_close(weights(two)[name], weight, rtol=1e-3, atol=2e-3 if bf16 else 2e-5)


def test_weights_alone_are_nothing_to_go_on_from(recipe):
    folder = run(recipe(save_only_model=True))
    assert run(recipe(save_only_model=True)) == folder, "what is done is only loaded"
    with pytest.raises(InputError, match=r"checkpoint-4 holds weights only: set model_name_or_path to it"):
        run(recipe(save_only_model=True, max_steps=6))
    run(recipe(folder="next", model_name_or_path=str(folder / "checkpoint-4"), max_steps=1))


def test_killed_at_any_moment_it_ends_bit_for_bit_the_same(recipe):
    keys = {"tasks": {"scene": 1.0, "clock": 1.0}, "max_steps": 12, "dataloader_num_workers": 1, "optim": "muon"}
    whole = finished(recipe(folder="whole", **keys))
    killed = recipe(folder="killed", **keys)
    random = np.random.default_rng()
    for _ in range(4):
        (process,) = start(killed)
        deadline = time.monotonic() + 120
        first = steps_done(killed.output_dir)[0]
        # Past its next checkpoint, or it would never come to an end; then at any moment.
        while steps_done(killed.output_dir)[0] == first and process.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(random.uniform(0, 0.4))
        os.kill(process.pid, signal.SIGKILL)
        process.join(10)
    finished(killed)
    assert same(weights(whole, 12), weights(killed.output_dir, 12))
    assert losses(whole) == losses(killed.output_dir)


LARGE = """
import os
from torch.utils.data import IterableDataset
from onevision.train.trainer import stream

class Large(IterableDataset):
    def __iter__(self):
        while True:
            yield os.getpid(), b"." * 2**20

updates = iter(stream(Large(), workers=1))
print(next(updates)[0], flush=True)
input()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers are not forked")
def test_a_worker_ends_with_the_run_that_was_killed():
    process = subprocess.Popen([sys.executable, "-c", LARGE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    stat = Path("/proc") / process.stdout.readline().decode().strip() / "stat"
    assert stat.exists()
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while stat.exists() and ") Z " not in stat.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_two_runs_never_write_into_one_folder(recipe):
    with alone(Path(recipe().output_dir)), pytest.raises(InputError, match="another run is at work in this folder"):
        run(recipe())


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU's allocator needs no such order")
def test_gradients_have_their_place_before_the_first_row(recipe, monkeypatch):
    there, row = [], SFTTrainer._row

    def watched(self, model, *given):
        there.append(all(weight.grad is not None for weight in model.parameters() if weight.requires_grad))
        return row(self, model, *given)

    monkeypatch.setattr(SFTTrainer, "_row", watched)
    run(recipe())
    assert len(there) >= 4 and all(there)


def test_sft_learns(recipe):
    folder = run(recipe(max_steps=40, learning_rate=1e-2, save_steps=40))
    found = [row["loss"] for row in losses(folder)]
    assert np.mean(found[-5:]) < 0.75 * found[0]


@pytest.mark.parametrize("able", [True, False])
def test_bf16_gives_way_where_the_processor_has_no_such_products(recipe, monkeypatch, capsys, able):
    for module in ("precision", "optim"):
        monkeypatch.setattr(f"onevision.train.{module}.multiplies_bf16", lambda: able)
    seen = []
    monkeypatch.setattr("onevision.train.sft.training_arguments", lambda *given: seen.append(given[0].bf16) or training_arguments(*given))
    # LoRA keeps its base in bfloat16 where the recipe says so: it must give way with the rest.
    folder = run(recipe(bf16=True, max_steps=1, optim="muon", finetuning_type="lora"))
    assert seen and set(seen) == {able} and (folder / "adapter_model.safetensors").is_file()
    assert ("bf16: this CPU multiplies float32 faster than bfloat16" in capsys.readouterr().err) is not able


def test_recipes_are_run_one_after_the_other(tmp_path, tiny_model_dir, capsys):
    keys = {"stage": "sft", "tasks": {"scene": 1.0}, "levels": [1], "sizes": [[56, 84]], "logging_steps": 1}
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, model in ((first, tiny_model_dir), (second, first)):
        Path(f"{folder}.yaml").write_text(yaml.safe_dump(keys | {"model_name_or_path": str(model), "output_dir": str(folder)}))
    line = [f"{first}.yaml", f"{second}.yaml", "max_steps=1"]
    main(line)
    assert capsys.readouterr().out.splitlines() == [f"done: {first}", f"done: {second}"]
    curves = [(folder / "losses.jsonl").stat().st_mtime_ns for folder in (first, second)]
    main(line)
    assert [(folder / "losses.jsonl").stat().st_mtime_ns for folder in (first, second)] == curves, "what is done is not done again"
    with pytest.raises(InputError, match="no recipe"):
        main(["max_steps=1"])


def test_a_data_set_is_learnt_from_epoch_by_epoch(recipe, rows):
    folder = run(recipe(dataset=[rows(10)], max_steps=-1, num_train_epochs=2.0, val_size=0.2))
    lines = [json.loads(line) for line in (folder / "losses.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == [1, 2, 3, 4], "8 rows twice, 4 an update"
    held_out = [line for line in lines if "eval_loss" in line]
    assert [(line["step"], line["eval_samples"]) for line in held_out] == [(2, 2), (4, 2)]
    assert held_out[-1]["eval_loss"] < 10


def test_a_share_of_few_rows_may_be_none(recipe, rows):
    folder = run(recipe(dataset=[rows(8)], max_steps=1, val_size=0.05))
    assert "eval_loss" not in (folder / "losses.jsonl").read_text()


def test_tasks_may_join_a_run_on_data_sets(recipe, rows):
    run(recipe(dataset=[rows(8)], max_steps=2))
    run(recipe(dataset=[rows(8)], tasks={"scene": 1.0}, max_steps=4))
    assert steps_done(recipe().output_dir)[0] == 4


def test_held_out_loss_is_the_mean_over_tokens(recipe, rows, tiny_model_dir):
    """With a learning rate of zero evaluation must find the loss of the model as it came, however it is packed."""
    found = []
    for number, tokens in enumerate((4096, 300)):
        folder = run(
            recipe(folder=str(number), dataset=[rows(9)], max_steps=1, val_size=5, learning_rate=0.0, pack_tokens=tokens, save_steps=1)
        )
        found += [json.loads(line)["eval_loss"] for line in (folder / "losses.jsonl").read_text().splitlines() if "eval_loss" in line]
    assert found[0] == pytest.approx(found[1], rel=1e-5)
    assert found[0] > 3, "an untrained model knows nothing"


def test_lora_leaves_the_base_alone_and_loads_as_one_model(recipe, tiny_model_dir):
    keys = {"finetuning_type": "lora", "freeze_vision_tower": True, "freeze_multi_modal_projector": True, "lora_dropout": 0.1}
    whole = run(recipe(folder="whole", learning_rate=1e-2, **keys))
    assert not (whole / "model.safetensors").exists()
    adapter = load_file(whole / "adapter_model.safetensors")
    assert adapter and all("language_model" in name for name in adapter)
    assert any(weight.any() for name, weight in adapter.items() if "lora_B" in name)
    merged, _ = load_model(whole, device="cpu", dtype="float32")
    base, _ = load_model(tiny_model_dir, device="cpu", dtype="float32")
    changed = [name for name, weight in base.state_dict().items() if not torch.equal(weight, merged.state_dict()[name])]
    assert changed and all("language_model" in name for name in changed)


@pytest.mark.parametrize("optim", ["adamw_torch", "muon"])
def test_lora_goes_on_where_it_stopped(recipe, optim):
    keys = {"finetuning_type": "lora", "lora_dropout": 0.1, "lora_target": "q_proj,v_proj", "optim": optim}
    whole, parts = run(recipe(folder="whole", **keys)), run(recipe(folder="parts", **keys))
    for file in (parts / "checkpoint-4").iterdir():
        file.unlink()
    (parts / "checkpoint-4").rmdir()
    run(recipe(folder="parts", **keys))
    assert same(load_file(whole / "adapter_model.safetensors"), load_file(parts / "adapter_model.safetensors"))


def test_what_is_frozen_stays(recipe, tiny_model_dir):
    folder = run(recipe(freeze_vision_tower=True, max_steps=2, gradient_checkpointing=True))
    before = load_model(tiny_model_dir, device="cpu", dtype="bfloat16")[0].state_dict()
    after = load_model(folder, device="cpu", dtype="bfloat16")[0].state_dict()
    changed = {name for name, weight in before.items() if not torch.equal(weight, after[name])}
    assert any("visual.merger" in name for name in changed)
    assert any("language_model" in name for name in changed)
    assert not any("visual.blocks" in name or "patch_embed" in name for name in changed)


def test_an_update_without_finite_gradient_is_dropped_and_named(recipe, monkeypatch, capfd):
    honest = SFTTrainer._row

    def broken(self, model, row, tokens):
        loss, results = honest(self, model, row, tokens)
        return (loss * float("nan") if self.state.global_step == 1 else loss), results

    monkeypatch.setattr(SFTTrainer, "_row", broken)
    folder = run(recipe(save_steps=1, save_total_limit=None))
    assert same(weights(folder, 1), weights(folder, 2)), "the update was dropped"
    assert not same(weights(folder, 2), weights(folder, 3)), "and the next one learns again"
    assert all(weight.isfinite().all() for weight in weights(folder).values())
    assert "step 2: the loss of samples 4 to 7 is nan" in capfd.readouterr().err


def test_a_run_that_only_drops_updates_is_given_up(recipe):
    with pytest.raises(OneVisionError, match=r"5 updates in a row up to step \d+ had no finite gradient"):
        run(recipe(learning_rate=1e30, max_steps=12, save_steps=1))
    assert steps_done(recipe().output_dir)[0] > 0


def test_a_full_disk_costs_a_checkpoint_but_not_the_run(recipe, monkeypatch, capfd):
    save, calls = torch.save, []

    def full(*args, **kwargs):
        calls.append(1)
        if len(calls) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return save(*args, **kwargs)

    reference = run(recipe(folder="reference"))
    monkeypatch.setattr(torch, "save", full)
    folder = run(recipe())
    assert "checkpoint-2 not saved, the disk is full" in capfd.readouterr().err
    assert sorted(path.name for path in folder.glob("checkpoint-*")) == ["checkpoint-4"]
    assert not (folder / "saving").exists()
    assert same(weights(reference), weights(folder))


def test_rows_that_cannot_be_used_are_named_and_passed_over(recipe, tmp_path, rows, capfd):
    said = [{"role": "user", "content": "<image>Which?"}, {"role": "assistant", "content": "<answer>B</answer>"}]
    gone = {"messages": said, "images": ["gone.png"], "id": "r7"}
    (tmp_path / "broken.jsonl").write_text(json.dumps(gone) + "\n{\n")
    folder = run(recipe(dataset=[rows(6), str(tmp_path / "broken.jsonl")], max_steps=2))
    skipped = [json.loads(line)["reason"] for line in (folder / "skipped.jsonl").read_text().splitlines()]
    assert len(skipped) == 2
    assert any("row r7" in reason and "gone.png: no such file" in reason for reason in skipped)
    assert any("row 1: not JSON" in reason for reason in skipped)
    assert "samples that did not fit: 2 skipped" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"tasks": {}}, "give dataset or tasks"),
        ({"max_steps": -1}, "give max_steps"),
        ({"tasks": {"sudoku": 1.0}}, "sudoku"),
        ({"dataset": ["nowhere.jsonl"]}, "nowhere.jsonl"),
        ({"optim": "muon", "fsdp": "full_shard"}, "adamw_torch"),
        pytest.param({"fsdp": "full_shard"}, "fsdp needs CUDA", marks=NO_GPU),
        ({"deepspeed": "gone.json"}, "gone.json"),
        ({"finetuning_type": "lora", "lora_target": "q_porj"}, "q_porj"),
        ({"freeze_vision_tower": True, "freeze_multi_modal_projector": True, "freeze_language_model": True}, "nothing to learn"),
        ({"val_size": 0.1}, "give a number of samples"),
        ({"optim": "adamw_tourch"}, "adamw_tourch is not a valid"),
        ({"lr_scheduler_type": "cosinus"}, "cosinus is not a valid"),
        ({"report_to": "wandbb"}, "wandbb is not supported"),
    ],
)
def test_settings_that_cannot_work_are_refused(recipe, keys, words):
    with pytest.raises(InputError, match=words):
        run(recipe(**keys))
