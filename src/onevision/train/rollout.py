"""Where GRPO's completions come from: the embedded engine on the very weights that learn, or a colocated vLLM."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from onevision.engine.base import SamplingParams
from onevision.engine.prefill import Prefill
from onevision.engine.torch import TorchEngine
from onevision.models.prompts import messages_for
from onevision.store import content_id, write_atomic
from onevision.train.encode import Encoded
from onevision.train.prompts import Prompt
from onevision.train.rewards import Judged
from onevision.types import Completion


class Rollouts(Protocol):
    """Completes prompts with the policy as it is now."""

    def __call__(
        self, prompts: Sequence[Prompt], features: Tensor | None, n: int, sampling: SamplingParams, seeds: Sequence[int]
    ) -> list[list[Completion]]:
        """n completions of each prompt, whose seed is given. features: (picture tokens, hidden) of all prompts' pictures in order."""
        ...

    def refresh(self, model: Any, weights: dict[str, Tensor] | None) -> None:
        """Take over the weights of a model that has learnt; the whole of them where the model is sharded."""
        ...


class TorchRollouts:
    """The embedded engine: every prompt run once, its cache shared out to its n completions, all decoded together."""

    def __init__(self, model: Any, processor: Any, compiled: bool = False) -> None:
        self.model = model
        self.engine = TorchEngine(model, processor, compiled)

    def __call__(
        self, prompts: Sequence[Prompt], features: Tensor | None, n: int, sampling: SamplingParams, seeds: Sequence[int]
    ) -> list[list[Completion]]:
        """As `Rollouts`."""
        completions = self.engine.complete(self._prefill([p.encoded for p in prompts], features), sampling, n, seeds=seeds)
        return [completions[first : first + n] for first in range(0, len(completions), n)]

    def refresh(self, model: Any, weights: dict[str, Tensor] | None) -> None:
        """Nothing to do: it is the same model, and the engine notices changed weights."""

    @torch.inference_mode()
    def _prefill(self, prompts: Sequence[Encoded], features: Tensor | None) -> Prefill:
        longest, device = max(len(p.input_ids) for p in prompts), self.model.device
        # Padded on the left, so that all rows end together.
        ids = torch.stack([_padded(p.input_ids, longest, self.engine.tokenizer.pad_token_id) for p in prompts]).to(device)
        mask = torch.stack([_padded(torch.ones_like(p.input_ids), longest, 0) for p in prompts]).to(device)
        positions = torch.stack([_padded(p.positions, longest, 0) for p in prompts], dim=1).to(device)
        embeds = self.model.get_input_embeddings()(ids)
        if features is not None:
            embeds = embeds.masked_scatter((ids == self.model.config.image_token_id)[..., None], features.to(embeds.dtype))
        out = self.model(inputs_embeds=embeds, attention_mask=mask, position_ids=positions, use_cache=True, logits_to_keep=1)
        return Prefill.of(out, mask, positions)


class VLLMRollouts:
    """A vLLM beside the learning model, which gets the weights before every rollout that follows an update."""

    def __init__(self, model_name_or_path: str | Path) -> None:
        from onevision.engine.vllm import VLLMEngine

        # A GPU is shared with weights, gradients and the optimizer.
        options: dict[str, Any] = {"gpu_memory_utilization": 0.3} if torch.cuda.is_available() else {}
        self.engine = VLLMEngine(str(model_name_or_path), **options)

    def __call__(
        self, prompts: Sequence[Prompt], features: Tensor | None, n: int, sampling: SamplingParams, seeds: Sequence[int]
    ) -> list[list[Completion]]:
        """As `Rollouts`; vLLM looks at the pictures itself."""
        chats = [messages_for(p.problem.images, p.problem.question, p.problem.choices) for p in prompts]

        async def all_of_them() -> list[list[Completion]]:
            own = [replace(sampling, seed=seed) for seed in seeds]
            return list(await asyncio.gather(*(self.engine.generate(chat, s, n) for chat, s in zip(chats, own, strict=True))))

        return asyncio.run(all_of_them())

    def refresh(self, model: Any, weights: dict[str, Tensor] | None) -> None:
        """Push the weights."""
        self.engine.update_weights(model, weights)


@dataclass(frozen=True)
class Answered:
    """A prompt with its picture features (None: not kept), completions and their rewards."""

    prompt: Prompt
    features: Tensor | None
    completions: Sequence[Completion]
    judged: Sequence[Judged]

    @property
    def uniform(self) -> bool:
        """Whether all known rewards are equal, so that there is nothing to learn."""
        return len({judged.total for judged in self.judged if judged.total is not None}) < 2


def write_rollout(answered: Sequence[Answered], folder: Path, name: str) -> None:
    """Write a rollout down whole, as `folder`/`name`.jsonl: a line for each group, its pictures once each as PNG."""
    lines = [json.dumps(_record(group, folder), ensure_ascii=False) for group in answered]
    write_atomic(folder / f"{name}.jsonl", "\n".join(lines) + "\n")


def _record(group: Answered, folder: Path) -> dict[str, Any]:
    problem = group.prompt.problem
    pictures = []
    for image in problem.images:
        name = f"pictures/{content_id(image.tobytes(), str(image.size))[:24]}.png"
        pictures.append(name)
        if not (folder / name).exists():
            (folder / "pictures").mkdir(parents=True, exist_ok=True)
            image.save(folder / name)
    answers = [
        {"text": c.text, "tokens": len(c.token_ids), "stop": c.stop, "reward": j.total, "parts": j.parts, "reason": j.reason}
        for c, j in zip(group.completions, group.judged, strict=True)
    ]
    return {"id": problem.id, "pictures": pictures, "question": problem.question, "answer": problem.answer, "completions": answers}


def _padded(row: Tensor, longest: int, value: int) -> Tensor:
    return torch.nn.functional.pad(row, (longest - row.shape[-1], 0), value=value)
