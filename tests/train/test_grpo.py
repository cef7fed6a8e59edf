"""GRPO end to end on the tiny random model: what it learns from, what it keeps, how it goes on."""

import json
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
import torch
from launch import finished, start
from safetensors.torch import load_file

from onevision.engine.lean import LeanDecoder
from onevision.errors import InputError
from onevision.train import grpo
from onevision.train.data import Corpus, Share
from onevision.train.grpo import GRPOTrainer, _planned, reinforce
from onevision.train.loss import LossType
from onevision.train.pack import use_packing
from onevision.train.prompts import Prompts
from onevision.train.recipe import GRPORecipe
from onevision.train.rewards import RewardError, Rewards
from onevision.train.rollout import TorchRollouts
from onevision.train.trainer import starting_model

DIGITS = "def digits(completions, **_):\n    return [sum(c.isdigit() for c in chat[0]['content']) / 10 for chat in completions]\n"


@pytest.fixture
def recipe(tiny_model_dir, tmp_path):
    """Two prompts an update, four answers each, paid for digits: something a random model can learn."""
    path = tmp_path / "digits.py"
    path.write_text(DIGITS)
    return GRPORecipe(
        **{"stage": "grpo", "output_dir": str(tmp_path / "run"), "model_name_or_path": str(tiny_model_dir), "tasks": {"scene": 1.0}},
        **{"levels": [1], "sizes": [[56, 84]], "per_device_train_batch_size": 2, "num_generations": 4, "max_completion_length": 8},
        **{"max_steps": 4, "learning_rate": 1e-3, "save_steps": 2, "logging_steps": 1, "dataloader_num_workers": 0},
        **{"reward_funcs": [f"{path}:digits"], "plot_loss": False},
    )


def trainer_of(recipe):
    model, processor = starting_model(recipe)
    use_packing(model)
    data = Prompts(recipe, Corpus(recipe), processor, Share(recipe.per_device_train_batch_size))
    return GRPOTrainer(recipe, model, data, TorchRollouts(model, processor), Rewards(recipe.reward_funcs)), data


def final(recipe):
    return load_file(f"{recipe.output_dir}/model.safetensors")


def logged(recipe):
    return [json.loads(line) for line in Path(recipe.output_dir, "losses.jsonl").read_text().splitlines()]


def test_it_learns_what_is_paid_for(recipe):
    reinforce(replace(recipe, max_steps=16, learning_rate=5e-3, num_generations=8, save_steps=100))
    rewards = [line["reward"] for line in logged(recipe)]
    assert sum(rewards[-4:]) > 2 * sum(rewards[:4])


def test_everything_is_written_down(recipe):
    reinforce(recipe)
    figures = {"reward", "reward_std", "completion_length", "truncated", "zero_variance", "entropy", "clip_fraction"}
    assert figures <= logged(recipe)[0].keys()
    files = sorted(p.name for p in (Path(recipe.output_dir) / "rollouts").glob("*.jsonl"))
    assert files == [f"{step:06d}.jsonl" for step in range(4)]
    groups = [json.loads(line) for line in (Path(recipe.output_dir) / "rollouts" / files[0]).read_text().splitlines()]
    assert len(groups) == 2
    assert all(len(group["completions"]) == 4 for group in groups)
    assert (Path(recipe.output_dir) / "rollouts" / groups[0]["pictures"][0]).exists()
    assert groups[0]["completions"][0].keys() >= {"text", "reward", "reason", "stop"}


def test_compiled_rollouts_see_what_others_see(recipe, monkeypatch):
    """The steps themselves are tested where they are made (tests/engine/test_compiled.py); here plain ones take their place."""

    class Plain:
        decoder = staticmethod(LeanDecoder)

    monkeypatch.setattr("onevision.engine.torch.compiled_steps", lambda weights: Plain)
    for kind in ("torch", "compiled"):
        reinforce(replace(recipe, rollout=kind, output_dir=f"{recipe.output_dir}-{kind}"))
    plain, compiled = (load_file(f"{recipe.output_dir}-{kind}/model.safetensors") for kind in ("torch", "compiled"))
    assert all(torch.equal(plain[name], compiled[name]) for name in plain)


@pytest.mark.parametrize("after", [1, 3])
def test_killed_and_rerun_is_as_if_nothing_happened(recipe, tmp_path, after):
    """kill -9 once some rollouts are written; the weights are then those of a run that nobody disturbed, bit for bit."""
    recipe = replace(recipe, num_iterations=2, max_steps=8, dynamic_sampling=1, beta=0.04)
    whole = final(replace(recipe, output_dir=str(finished(replace(recipe, output_dir=str(tmp_path / "whole"))))))
    (process,) = start(recipe)
    wanted = Path(recipe.output_dir) / "rollouts" / f"{after:06d}.jsonl"
    while not wanted.exists() and process.is_alive():
        time.sleep(0.01)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL, "it was over before it could be killed"
    finished(recipe)
    assert all(torch.equal(weight, whole[name]) for name, weight in final(recipe).items())


@pytest.mark.parametrize("scale", ["group", "batch"])
def test_two_processes_learn_what_one_learns(recipe, tmp_path, scale):
    """Under DDP, with gloo: the same prompts, the same answers, the same losses."""
    recipe = replace(recipe, dynamic_sampling=1, scale_rewards=scale)
    finished(recipe)
    two = replace(recipe, output_dir=str(tmp_path / "two"), per_device_train_batch_size=1)
    finished(two, processes=2)
    assert [line["loss"] for line in logged(two)] == pytest.approx([line["loss"] for line in logged(recipe)], abs=1e-4)
    whole = final(recipe)
    for name, weight in final(two).items():
        torch.testing.assert_close(weight.float(), whole[name].float(), atol=2e-3, rtol=2e-2)


def test_a_failing_reward_keeps_what_was_learnt(recipe, tmp_path):
    path = tmp_path / "fails.py"
    body = (
        "CALLS = []\ndef f(completions, **_):\n    CALLS.append(1)\n    assert len(CALLS) < 4, 'the third time'\n"
        "    return [0.1 * len(c[0]['content']) for c in completions]\n"
    )
    path.write_text(body)
    broken = replace(recipe, reward_funcs=[f"{path}:f"], save_steps=100)
    with pytest.raises(RewardError, match="AssertionError: the third time"):
        reinforce(broken)
    assert (Path(recipe.output_dir) / "checkpoint-3").exists()
    path.write_text(body.replace("< 4", "< 400"))
    reinforce(broken)
    assert logged(recipe)[-1]["step"] == 4


def test_dull_groups_are_replaced(recipe, tmp_path):
    path = tmp_path / "sometimes.py"
    # Only some prompts have answers that differ.
    path.write_text("def f(completions, question, **_):\n    return [i % 2 * (len(q) % 2) for i, q in enumerate(question)]\n")
    trainer, data = trainer_of(replace(recipe, reward_funcs=[f"{path}:f"], dynamic_sampling=8, per_device_train_batch_size=4))
    trainer.experience(next(iter(data)))
    trainer_of(recipe)
    assert trainer.figures["zero_variance"] == [0.0]


def test_groups_without_variance_change_nothing(recipe):
    """They are left out of the rows; the gradient is what it would be with them."""
    trainer, data = trainer_of(replace(recipe, num_generations=2))
    prompts = next(iter(data))
    answered = trainer._answer(dict(enumerate(prompts)), 0)
    one, two = (
        [replace(judged, total=total) for judged, total in zip(group.judged, totals, strict=True)]
        for group, totals in zip(answered, ([1.0, 0.0], [0.5, 0.5]), strict=True)
    )
    both = [replace(answered[0], judged=one), replace(answered[1], judged=two)]
    (row,) = trainer._rows(both)
    assert len(row.layout.unfolding.lengths) == 1
    tokens = sum(len(trainer._tokens(c)) for group in both for c in group.completions)
    assert torch.allclose(row.weight, torch.full((2,), 1 / tokens)), "but they count in the mean"


@pytest.mark.parametrize("loss_type", get_args(LossType))
def test_equal_answers_run_once(recipe, loss_type, monkeypatch):
    """The loss, its gradient and the figures are what they would be with all of them in the row."""
    reference, _ = starting_model(recipe)
    use_packing(reference)
    trainer, data = trainer_of(replace(recipe, loss_type=loss_type, beta=0.1))
    trainer.reference = reference
    answered = trainer._answer(dict(enumerate(next(iter(data)))), 0)
    again = [(0, 1, 0, 0), (2, 3, 2, 2)]
    repeated = [
        replace(group, completions=[group.completions[i] for i in order], judged=[replace(group.judged[i], total=float(i)) for i in order])
        for group, order in zip(answered, again, strict=True)
    ]
    # The same answer to the same question, otherwise rewarded, is another one.
    repeated[1] = replace(repeated[1], judged=[*repeated[1].judged[:3], replace(repeated[1].judged[3], total=7.0)])
    found = []
    for merge in (grpo.distinct, lambda completions, _: dict.fromkeys(range(len(completions)), 1)):
        monkeypatch.setattr(grpo, "distinct", merge)
        trainer.figures.clear()
        trainer.model.zero_grad()
        trainer.rows = trainer._rows(repeated)
        loss = trainer.learn(trainer.model)
        found.append((loss, {name: weight.grad for name, weight in trainer.model.named_parameters()}, dict(trainer.figures)))
        found[-1][2]["completions"] = [sum(len(row.advantage) for row in trainer.rows)]
    (loss, gradient, figures), (whole_loss, whole_gradient, whole_figures) = found
    assert (figures.pop("completions"), whole_figures.pop("completions")) == ([5], [8])
    torch.testing.assert_close(loss, whole_loss)
    torch.testing.assert_close(gradient, whole_gradient, rtol=1e-4, atol=1e-6)
    assert figures == {name: pytest.approx(values) for name, values in whole_figures.items()}


def test_cut_answers_teach_nothing_where_asked(recipe):
    trainer, data = trainer_of(replace(recipe, mask_truncated_completions=True, max_completion_length=1))
    answered = trainer._answer(dict(enumerate(next(iter(data)))), 0)
    for group in answered:
        for completion, judged in zip(group.completions, group.judged, strict=True):
            assert (judged.total is None) == (completion.stop == "length")


def test_layers_that_are_run_again_still_answer(recipe, monkeypatch):
    """gradient_checkpointing and the embedded engine, as in recipes/r1-onevision-3b-grpo.yaml."""
    modes, learn = [], GRPOTrainer.learn
    monkeypatch.setattr(GRPOTrainer, "learn", lambda self, model: (modes.append(self.policy.training), learn(self, model))[1])
    plain, again = (replace(recipe, output_dir=f"{recipe.output_dir}{n}", gradient_checkpointing=n) for n in (False, True))
    reinforce(plain)
    reinforce(again)
    assert modes == [True] * 8
    assert [line["loss"] for line in logged(again)] == pytest.approx([line["loss"] for line in logged(plain)], abs=1e-5)


def test_adapters_do_not_drop_out_of_rollouts(recipe, monkeypatch):
    pytest.importorskip("peft")
    modes, answer = [], TorchRollouts.__call__
    monkeypatch.setattr(TorchRollouts, "__call__", lambda self, *args: (modes.append(self.model.training), answer(self, *args))[1])
    reinforce(replace(recipe, finetuning_type="lora", lora_dropout=0.5, max_steps=2))
    assert modes == [False, False]


def test_a_reference_holds_back(recipe):
    """With a huge beta and nothing to gain the policy stays where it is."""
    strong = replace(recipe, beta=0.5, max_steps=2, logging_steps=1, num_generations=16)  # so many that their pay differs
    reinforce(strong)
    assert logged(strong)[0]["kl"] == pytest.approx(0.0, abs=1e-6)
    assert logged(strong)[1]["kl"] > 0


def test_frozen_tower_looks_once(recipe):
    trainer, data = trainer_of(recipe)
    trainer.policy.model.visual.requires_grad_(False)
    looks = []
    trainer.policy.model.visual.register_forward_hook(lambda *_: looks.append(1))
    trainer.rows = trainer.experience(next(iter(data)))
    trainer.learn(trainer.model)
    assert looks == [1]


def test_nobody_looks_ahead_for_vllm(recipe):
    """It looks itself, and outside the model's own forward a sharded tower could not be run."""
    trainer, data = trainer_of(recipe)
    trainer.recipe = replace(recipe, rollout="vllm")
    looks = []
    trainer.policy.model.visual.register_forward_hook(lambda *_: looks.append(1))
    own = trainer.rollouts

    def rollouts(prompts, features, *how):
        assert features is None
        seen = trainer._look(prompts)
        looks.clear()
        return own(prompts, torch.cat(seen), *how)

    trainer.rollouts = rollouts
    trainer.rows = trainer.experience(next(iter(data)))
    assert looks == []
    assert all(row.features is None and "pixel_values" in row.batch for row in trainer.rows)


def test_prompts_beyond_the_context_are_passed_over(recipe, tmp_path, capfd):
    rows = [{"id": "long", "problem": "word " * 600, "solution": "<answer>1</answer>"}]
    rows += [{"id": "short", "problem": "What is 1 + 1?", "solution": "<answer>2</answer>"}]
    path = tmp_path / "sums.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    reinforce(replace(recipe, tasks={}, dataset=[str(path)], max_steps=2))
    assert "but the model's context holds 512" in capfd.readouterr().err


def test_lora(recipe):
    pytest.importorskip("peft")
    reinforce(replace(recipe, finetuning_type="lora", beta=0.1, max_steps=2, learning_rate=1e-2, num_generations=16))
    assert (Path(recipe.output_dir) / "adapter_model.safetensors").exists()
    assert logged(recipe)[1]["kl"] > 0


def test_a_data_set(recipe, tmp_path):
    """Rows that cannot be used are named and others taken."""
    rows = [{"id": i, "problem": f"What is {i} + 1?", "solution": f"<answer>{i + 1}</answer>"} for i in range(3)]
    rows += [{"id": "torn", "problem": "What is shown?", "solution": "4", "image": "gone.png"}]
    path = tmp_path / "sums.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    own = replace(recipe, tasks={}, dataset=[str(path)], num_train_epochs=2.0, max_steps=-1)
    reinforce(own)
    asked = [json.loads(line) for file in sorted((tmp_path / "run/rollouts").glob("*.jsonl")) for line in file.read_text().splitlines()]
    assert len(asked) == 8
    assert {one["answer"] for one in asked} == {"1", "2", "3"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_iterations": 3}, "save_steps is 2"),
        ({"num_generations": 1}, "num_generations is 1"),
        ({"tasks": {}}, "give dataset or tasks"),
        ({"max_steps": -1}, "give max_steps"),
        ({"tasks": {"scne": 1.0}}, "scne"),
        ({"reward_funcs": ["gone"]}, "gone"),
        ({"rollout": "vllm", "finetuning_type": "lora"}, "rollout: torch"),
        ({"rollout": "compiled", "finetuning_type": "lora"}, "rollout: torch"),
    ],
)
def test_what_cannot_be(recipe, change, message):
    with pytest.raises(InputError, match=message):
        reinforce(replace(recipe, **change))


def test_sharded_weights_need_vllm(recipe):
    with pytest.raises(InputError, match="rollout: vllm"):
        _planned(replace(recipe, fsdp="full_shard"), Corpus(recipe), 2)
