"""GRPO: answer each question several times, let the grader say which answers are better than their group, learn from that.

One update: prompts -> completions (`rollout`) -> rewards (`rewards`) -> advantages -> loss (`loss`) on rows in which
every picture and every prompt stands once (`prefix`). All randomness is keyed by (seed, step): a rerun from a
checkpoint does what the uninterrupted run would have done.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from onevision import tasks
from onevision.answers.worker import warm_up
from onevision.engine.base import SamplingParams
from onevision.errors import InputError
from onevision.tasks.base import keyed_seed
from onevision.train.adapt import adapt
from onevision.train.data import Corpus, Share
from onevision.train.loss import Clipping, advantages, completion_weights, overlong_penalty, policy_loss
from onevision.train.pack import picture_features, use_packing
from onevision.train.prefix import Group, collate_groups, rows_of_groups, tree
from onevision.train.prompts import Prompt, Prompts
from onevision.train.recipe import GRPORecipe
from onevision.train.rewards import Judged, RewardError, Rewards
from onevision.train.rollout import Answered, Rollouts, TorchRollouts, VLLMRollouts, write_rollout
from onevision.train.trainer import StreamTrainer, finish, starting_model, steps_done, training_arguments
from onevision.types import Completion

ROW_TOKENS = 8192
"""The longest row where the recipe's pack_tokens does not say otherwise."""


@dataclass
class Row:
    """Groups in one row, ready for the model. old: filled in at the first of several updates."""

    batch: dict[str, Any]
    layout: Any
    features: Tensor | None
    advantage: Tensor
    weight: Tensor
    reference: Tensor | None = None
    old: Tensor | None = None


class GRPOTrainer(StreamTrainer):
    """transformers' Trainer whose step answers, judges and learns; its inputs are lists of `Prompt`."""

    def __init__(self, recipe: GRPORecipe, model: Any, data: Prompts, rollouts: Rollouts, rewards: Rewards, reference: Any = None) -> None:
        super().__init__(recipe, model, train_dataset=data)
        self.recipe, self.data, self.rollouts, self.rewards, self.reference = recipe, data, rollouts, rewards, reference
        self.clipping = Clipping(recipe.loss_type, recipe.epsilon, recipe.epsilon_high, recipe.beta)
        self.end = data.processor.tokenizer.convert_tokens_to_ids("<|im_end|>")
        self.rows: list[Row] = []
        self.figures: dict[str, list[float]] = defaultdict(list)

    def training_step(self, model: Any, inputs: list[Prompt], num_items_in_batch: Any = None) -> Tensor:
        """One update's gradients; a new rollout at every num_iterations-th."""
        if self.state.global_step % self.recipe.num_iterations == 0:
            # In training mode adapters drop out, and checkpointed layers keep no cache to decode from.
            model.eval()
            try:
                self.rows = self.experience(inputs)
            except RewardError:
                if self.state.global_step and self.accelerator.num_processes == 1:
                    self._save_checkpoint(self.model, None)  # a mended function goes on from here
                raise
        model.train()
        return self.learn(model)

    def experience(self, prompts: Sequence[Prompt]) -> list[Row]:
        """Answer the prompts, judge the answers, lay them out in rows, and note what happened."""
        rollout = self.state.global_step // self.recipe.num_iterations
        self.learning = f"rollout {rollout} (rollouts/{rollout:06d}.jsonl)"
        if self.state.global_step:
            sharded = self.is_fsdp_enabled or self.is_deepspeed_enabled
            self.rollouts.refresh(self.policy, self.accelerator.get_state_dict(self.model_wrapped) if sharded else None)
        answered = self._answer(dict(enumerate(prompts)), rollout)
        for again in range(1, self.recipe.dynamic_sampling + 1):
            dull = [slot for slot, group in enumerate(answered) if group.uniform]
            if not dull:
                break
            others = {slot: self.data.draw(rollout, slot, again) for slot in dull}
            for slot, group in zip(dull, self._answer(others, rollout, again), strict=True):
                answered[slot] = group
        self._keep(answered, rollout)
        return self._rows(answered)

    def _answer(self, by_slot: Mapping[int, Prompt], rollout: int, again: int = 0) -> list[Answered]:
        recipe, prompts = self.recipe, list(by_slot.values())
        # vLLM looks by itself, and a sharded tower can be run inside the whole model's forward alone.
        features = [] if recipe.rollout == "vllm" else self._look(prompts)
        whole = torch.cat(features) if any(len(part) for part in features) else None
        # Keyed by the prompt's place in the rollout: any number of processes samples the same answers.
        seeds = [keyed_seed("rollout", recipe.seed, self.data.place(rollout, slot), again) % 2**63 for slot in by_slot]
        sampling = SamplingParams(recipe.max_completion_length, recipe.temperature, recipe.top_p)
        completions = self.rollouts(prompts, whole, recipe.num_generations, sampling, seeds)
        judged = self.rewards(
            [p.problem for p in prompts],
            [[c.text for c in group] for group in completions],
            [[c.token_ids for c in group] for group in completions],
        )
        learning = any(weight.requires_grad for weight in self.policy.model.visual.parameters())
        kept = features if features and not learning else [None] * len(prompts)
        return [Answered(p, f, c, self._shaped(c, j)) for p, f, c, j in zip(prompts, kept, completions, judged, strict=True)]

    def _look(self, prompts: Sequence[Prompt]) -> list[Tensor]:
        """Each prompt's picture features (tokens, hidden), all pictures in one run of the tower."""
        seen = [p.encoded for p in prompts if len(p.encoded.grid)]
        sizes = [int((p.encoded.input_ids == self.policy.config.image_token_id).sum()) for p in prompts]
        if not seen:
            return [torch.zeros(0, 0) for _ in prompts]
        device = self.policy.device
        with torch.no_grad(), self.autocast_smart_context():
            pixels, grid = torch.cat([e.pixel_values for e in seen]).to(device), torch.cat([e.grid for e in seen]).to(device)
            return list(picture_features(self.policy.model.visual, self.data.processor.normalised(pixels), grid).split(sizes))

    def _shaped(self, completions: Sequence[Completion], judged: Sequence[Judged]) -> list[Judged]:
        """Rewards after what the recipe says of long answers: a growing penalty, or none at all for a cut one."""
        recipe = self.recipe
        penalties = overlong_penalty([len(c.token_ids) for c in completions], recipe.max_completion_length, recipe.overlong_buffer)
        cut = [recipe.mask_truncated_completions and c.stop == "length" for c in completions]
        return [
            replace(j, total=None if is_cut or j.total is None else j.total + penalty)
            for j, penalty, is_cut in zip(judged, penalties, cut, strict=True)
        ]

    def _rows(self, answered: Sequence[Answered]) -> list[Row]:
        recipe, device = self.recipe, self.policy.device
        rewards = torch.tensor([[float("nan") if j.total is None else j.total for j in group.judged] for group in answered])
        every = self.accelerator.gather(rewards.to(device)).cpu() if recipe.scale_rewards == "batch" else None
        gains = advantages(rewards, recipe.scale_rewards, every)
        tokens = [[self._tokens(c) for c in a.completions] for a in answered]
        lengths = torch.tensor([[len(completion) for completion in group] for group in tokens])
        counted = ~rewards.isnan()
        whole = self.accelerator.reduce(torch.stack((counted.sum(), (lengths * counted).sum())).to(device))
        # Gradients are averaged over processes, and this loss is already a mean over them all.
        shares = (
            completion_weights(lengths, recipe.loss_type, recipe.max_completion_length, *whole.tolist())
            * counted
            * self.accelerator.num_processes
        )
        # A group without variance has no gradient unless the reference pulls: it need not be run.
        live = [g for g in range(len(answered)) if gains[g].any() or (recipe.beta and counted[g].any())] or [0]
        merged = {g: distinct(tokens[g], rewards[g].tolist()) for g in live}
        groups = {g: Group(answered[g].prompt.encoded, [tokens[g][first] for first in merged[g]]) for g in live}
        rows = []
        for numbers in rows_of_groups(list(groups.values()), recipe.pack_tokens or ROW_TOKENS):
            chosen = [live[number] for number in numbers]
            gain = torch.cat([gains[g, list(merged[g])] for g in chosen])
            weight = torch.cat([shares[g, list(merged[g])] * torch.tensor(list(merged[g].values())) for g in chosen])
            rows.append(self._row([groups[g] for g in chosen], [answered[g].features for g in chosen], gain, weight))
        # Where the model is sharded, all processes must run as many rows.
        most = int(self.accelerator.gather(torch.tensor([len(rows)], device=device)).max())
        return rows + [replace(rows[-1], weight=torch.zeros_like(rows[-1].weight))] * (most - len(rows))

    def _row(self, groups: list[Group], features: list[Tensor | None], advantage: Tensor, weight: Tensor) -> Row:
        device = self.policy.device
        batch: dict[str, Any] = collate_groups(groups)
        layout = tree(batch["prompts"], batch["completions"], device)
        batch = {name: part.to(device) for name, part in batch.items() if isinstance(part, Tensor)}
        known = [part for part in features if part is not None and len(part)]
        if known:
            del batch["pixel_values"]
        row = Row(batch, layout, torch.cat(known) if known else None, advantage.to(device), weight.to(device))
        if self.recipe.beta:
            with torch.no_grad(), self._as_reference() as reference, self.autocast_smart_context():
                row.reference = self._score(reference, row).logprobs
        return row

    def learn(self, model: Any) -> Tensor:
        """Gradients of the loss over all rows; returns the loss."""
        total, sums = torch.zeros((), device=self.policy.device), Counter[str]()
        for number, row in enumerate(self.rows):
            with self.accumulating(model, last=number == len(self.rows) - 1):
                scored = self._score(model, row)
                old = scored.logprobs.detach() if row.old is None else row.old
                loss, parts = policy_loss(scored.logprobs, old, row.reference, row.advantage, row.weight, row.batch["owner"], self.clipping)
                self.check_finite(loss)
                self.accelerator.backward(loss)
            row.old = old
            total += loss.detach()
            self.tokens += len(row.batch["input_ids"])
            parts["entropy"] = (scored.entropy * row.weight[row.batch["owner"]]).sum()
            sums.update({name: float(part) for name, part in parts.items()})
        whole = sums.pop("weight") or 1.0
        self._note(**{name: part / whole for name, part in sums.items()})
        return total

    def _score(self, model: Any, row: Row) -> Any:
        batch = row.batch
        if "pixel_values" in batch:
            batch = batch | {"pixel_values": self.data.processor.normalised(batch["pixel_values"])}
        return model(batch, batch["score"], batch["targets"], self.recipe.temperature, packing=row.layout, features=row.features)

    @property
    def policy(self) -> Any:
        """The Qwen2.5-VL itself, out of whatever wraps it."""
        inner = self.accelerator.unwrap_model(self.model)
        return inner.get_base_model() if hasattr(inner, "get_base_model") else inner

    @contextmanager
    def _as_reference(self) -> Iterator[Any]:
        """The policy before it learnt: a model of its own, or the one under a LoRA adapter."""
        if self.reference is not None:
            yield self.reference
            return
        adapted = self.accelerator.unwrap_model(self.model)
        with adapted.disable_adapter():
            yield adapted.get_base_model()

    def _tokens(self, completion: Completion) -> list[int]:
        """A completion as it was sampled: the end of the turn is a token the policy chose too."""
        return [*completion.token_ids, *([self.end] if completion.stop == "stop" or not completion.token_ids else [])]

    def _keep(self, answered: Sequence[Answered], rollout: int) -> None:
        """Note the rollout's figures, and write it down whole: pictures once each, one line a group."""
        totals = [j.total for group in answered for j in group.judged if j.total is not None]
        lengths = [len(c.token_ids) for group in answered for c in group.completions]
        cut = [c.stop == "length" for group in answered for c in group.completions]
        self._note(
            reward=_mean(totals), completion_length=_mean(lengths), truncated=_mean(cut), zero_variance=_mean([g.uniform for g in answered])
        )
        self._note(reward_std=float(torch.tensor(totals).std()) if len(totals) > 1 else 0.0)
        for name in answered[0].judged[0].parts:
            self._note(**{f"reward/{name}": _mean([v for g in answered for j in g.judged if (v := j.parts[name]) is not None])})
        suffix = f"-{self.data.share.process}" if self.accelerator.num_processes > 1 else ""
        write_rollout(answered, Path(self.recipe.output_dir) / "rollouts", f"{rollout:06d}{suffix}")

    def _note(self, **figures: float) -> None:
        for name, value in figures.items():
            self.figures[name].append(value)

    def keep(self, folder: Path) -> None:
        """The processor, so that a checkpoint loads as a model."""
        self.data.processor.save_pretrained(folder)

    def log(self, logs: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        """Adds the means since the last log."""
        if "loss" in logs:
            logs = logs | {name: _mean(values) for name, values in self.figures.items()}
            self.figures.clear()
        super().log(logs, *args, **kwargs)


def distinct(completions: Sequence[Sequence[int]], rewards: Sequence[float]) -> dict[int, int]:
    """The completions of a group that stand in its row, as {number: how many it stands for}. Those of the same tokens and the same
    reward have one and the same loss, and a sure model often says the same again."""
    first: dict[Any, int] = {}
    return Counter(
        first.setdefault((tuple(tokens), reward), number) for number, (tokens, reward) in enumerate(zip(completions, rewards, strict=True))
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def reinforce(recipe: GRPORecipe) -> Path:
    """Run a "grpo" recipe, going on from its last checkpoint; returns the folder of the finished model.

    Raises InputError for data that are not there and for settings that cannot go together.
    """
    arguments = training_arguments(recipe)
    if recipe.dataset:
        warm_up()  # of formulas the tasks have none
    rewards, corpus = Rewards(recipe.reward_funcs, recipe.reward_weights), Corpus(recipe)
    share = Share(recipe.per_device_train_batch_size * recipe.gradient_accumulation_steps, arguments.process_index, arguments.world_size)
    recipe = _planned(recipe, corpus, share.size * share.processes)
    base, processor = starting_model(recipe)
    use_packing(base)
    model = adapt(base, recipe)
    done, checkpoint = steps_done(recipe.output_dir)
    rollouts: Rollouts
    if recipe.rollout == "vllm":
        rollouts = VLLMRollouts(recipe.model_name_or_path)
    else:
        rollouts = TorchRollouts(base, processor, compiled=recipe.rollout == "compiled")
    prompts = Prompts(recipe, corpus, processor, share, done, base.config.text_config.max_position_embeddings)
    trainer = GRPOTrainer(recipe, model, prompts, rollouts, rewards, _reference(recipe))
    trainer.run(done, checkpoint)
    return finish(trainer, model, processor, recipe)


def _planned(recipe: GRPORecipe, corpus: Corpus, prompts: int) -> GRPORecipe:
    """The recipe with its number of steps, checked; prompts: of one update on all processes."""
    for name in recipe.tasks:
        tasks.make(name, levels=tuple(recipe.levels))
    if bool(recipe.tasks) == bool(len(corpus)):
        raise InputError("give dataset or tasks to learn from, one of the two")
    if recipe.max_steps < 1:
        if recipe.tasks:
            raise InputError("tasks have no end: give max_steps")
        recipe = replace(recipe, max_steps=math.ceil(len(corpus) * recipe.num_train_epochs / prompts) * recipe.num_iterations)
    for key in ("save_steps", "max_steps"):
        if getattr(recipe, key) % recipe.num_iterations:
            raise InputError(
                f"{key} is {getattr(recipe, key)}; a multiple of num_iterations, {recipe.num_iterations}, keeps a rollout whole"
            )
    if recipe.num_generations < 2 and not recipe.beta:
        raise InputError("num_generations is 1: a group of one has no advantage; give 2 or more")
    if recipe.rollout != "vllm" and (recipe.fsdp or _shards_weights(recipe.deepspeed)):
        raise InputError(f"rollout: {recipe.rollout} needs whole weights on every device; with fsdp or ZeRO-3 use rollout: vllm")
    if recipe.rollout != "torch" and recipe.finetuning_type == "lora":
        raise InputError(f"rollout: {recipe.rollout} takes whole weights; with finetuning_type: lora use rollout: torch")
    return recipe


def _shards_weights(deepspeed: str | None) -> bool:
    return bool(deepspeed) and json.loads(Path(str(deepspeed)).read_text()).get("zero_optimization", {}).get("stage", 0) == 3


def _reference(recipe: GRPORecipe) -> Any:
    """A frozen copy of the starting model; None where there is no KL term, or an adapter can be switched off instead."""
    if not recipe.beta or recipe.finetuning_type == "lora":
        return None
    reference, _ = starting_model(recipe)
    use_packing(reference)
    return reference.requires_grad_(False).eval()
