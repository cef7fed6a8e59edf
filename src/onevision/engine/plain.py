"""The embedded engine for a small, plain checkpoint that only answers: its files are read without transformers, which takes
longer to import than nano takes to answer. `engine.tower` sees, `engine.lean` reads and gives the decode steps."""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from onevision.engine.batch import Decoder
from onevision.engine.lean import LEAN_MAX_BYTES, LeanDecoder, LeanWeights, after_prompt, fuse
from onevision.engine.prefill import Prefill
from onevision.engine.torch import LocalEngine
from onevision.engine.tower import Tower
from onevision.models.plain import PlainProcessor
from onevision.models.positions import mrope_positions

if TYPE_CHECKING:
    from onevision.engine.compiled import CompiledSteps

See = Callable[[Tensor, Tensor, Tensor], Tensor]
Read = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, list[Tensor], list[Tensor]]]
"""As `Tower` and `after_prompt`."""


def can_run_plain(folder: Path) -> bool:
    """Whether a folder holds what this engine computes: a small Qwen2.5-VL as transformers saves it today, without windows,
    adapters or quantisation. Whatever it leaves open is for transformers."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        text, vision = config["text_config"], config["vision_config"]
        rope = text["rope_parameters"]
        usual = (text["hidden_act"], vision["hidden_act"], rope["rope_type"]) == ("silu", "silu", "default")
        whole = set(vision["fullatt_block_indexes"]) >= set(range(vision["depth"]))
        other = text.get("use_sliding_window") or "quantization_config" in config or (folder / "adapter_config.json").exists()
        pictures = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
        steps = [pictures.get(f"do_{step}", True) for step in ("resize", "rescale", "normalize")]
        files = [folder / name for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")]
        small = sum(part.stat().st_size for part in folder.glob("*.safetensors")) <= LEAN_MAX_BYTES
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return (
        usual
        and whole
        and all(steps)
        and pictures.get("resample", 3) == 3
        and not other
        and small
        and all(file.is_file() for file in files)
    )


class PlainEngine(LocalEngine):
    """Generates with the checkpoint in a folder for which `can_run_plain`, on the CPU in the given type.

    The same texts as `TorchEngine`'s, but for near ties. torch.int8: the matrices in eight bits, all else in float32; a
    little less exact and about twice as fast. compiled: see `engine.compiled`, for float32, and for int8, where pictures and prompts are
    computed in eight bits and steps, which gain nothing by them, in float32.
    """

    def __init__(self, folder: Path, dtype: torch.dtype = torch.float32, compiled: bool = False) -> None:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        generation = folder / "generation_config.json"
        ends = json.loads(generation.read_text(encoding="utf-8")).get("eos_token_id") if generation.is_file() else None
        template = (folder / "chat_template.jinja").read_text(encoding="utf-8")
        super().__init__(PlainProcessor(folder, template, config["image_token_id"]), config, ends, torch.device("cpu"))
        int8 = dtype == torch.int8
        tensors = {name: tensor.to(torch.float32 if int8 else dtype) for name, tensor in _read(folder).items()}
        text = {name.removeprefix("text."): tensor for name, tensor in tensors.items() if name.startswith("text.")}
        head = tensors.get("lm_head.weight", text["embed_tokens.weight"])
        # What is compiled has eight bits of its own, and few rows it multiplies as fast without.
        eager = int8 and not compiled
        self.weights = fuse(text, head, config["text_config"], self.context, eager)
        self.tower = Tower.of(tensors, config["vision_config"], eager)
        self.steps: CompiledSteps | None = None
        self.see: See = self.tower
        self.read: Read = partial(after_prompt, self.weights)
        self.releases_lock = compiled
        if compiled:
            self.steps, self.see, self.read = _compiled(self.weights, self.tower, int8)
        self.image_token, self.merge = config["image_token_id"], config["vision_config"]["spatial_merge_size"]
        sections = config["text_config"]["rope_parameters"]["mrope_section"]
        self.axes = torch.tensor([axis for axis, size in enumerate(sections) for _ in range(size)] * 2)

    def learning(self) -> Iterable[Tensor]:
        """As `LocalEngine`: none."""
        return ()

    def decoder(self) -> Decoder:
        """As `LocalEngine`."""
        return LeanDecoder(self.weights) if self.steps is None else self.steps.decoder(self.weights)

    def look(self, pixel_values: Tensor, grids: Tensor) -> Sequence[Tensor]:
        """As `LocalEngine`."""
        parts = pixel_values.split(grids.prod(-1).tolist())
        return [self.see(part, *self.tower.turns(rows, columns)) for part, (_, rows, columns) in zip(parts, grids.tolist(), strict=True)]

    def run(self, inputs: dict[str, Tensor], features: Sequence[Tensor]) -> Prefill:
        """As `LocalEngine`; prompt by prompt, without their padding."""
        mask, grids, seen = inputs["attention_mask"], inputs.get("image_grid_thw"), list(features)
        rest: list[list[int]] = grids.tolist() if grids is not None else []
        runs, following = [], []
        for row, real in zip(inputs["input_ids"], mask.bool(), strict=True):
            ids = row[real]
            count = int((ids == self.image_token).sum())
            own = 0
            while count:
                count -= len(seen[own])
                own += 1
            positions = mrope_positions(ids, rest[:own], self.image_token, self.merge)
            runs.append(self.read(self._embedded(ids, seen[:own]), *self._turns(positions)))
            following.append(positions.amax() + 1)
            seen, rest = seen[own:], rest[own:]
        return _joined(runs, mask, torch.stack(following))

    def _embedded(self, ids: Tensor, features: Sequence[Tensor]) -> Tensor:
        """(length, hidden): a prompt's tokens, pictures in their places."""
        hidden = F.embedding(ids, self.weights.embed)
        if features:
            hidden[ids == self.image_token] = torch.cat(list(features)).to(hidden)
        return hidden

    def _turns(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """positions: (3, length), M-RoPE's -> cosine and signed sine (length, 1, head_dim): every dimension's by its axis."""
        turned = self.weights.rope[positions].movedim(-1, 0)[torch.arange(self.weights.head_dim), self.axes]
        cos, sin = turned.movedim(0, -1).unbind(1)
        return cos.contiguous(), sin.contiguous()


def _compiled(weights: LeanWeights, tower: Tower, int8: bool) -> "tuple[CompiledSteps, See, Read]":
    """Imported where it is wanted: the compiler takes longer to import than nano to answer."""
    from onevision.engine.compiled import CompiledPrompt, CompiledSteps, CompiledTower

    return CompiledSteps(weights), CompiledTower(tower, int8), CompiledPrompt(weights, int8)


def _joined(runs: Sequence[tuple[Tensor, list[Tensor], list[Tensor]]], mask: Tensor, following: Tensor) -> Prefill:
    def stacked(prompts: Sequence[Tensor]) -> Tensor:
        return torch.stack([F.pad(part, (0, 0, mask.shape[1] - part.shape[1], 0)) for part in prompts])

    logits, keys, values = zip(*runs, strict=True)
    by_layer = (map(stacked, zip(*kept, strict=True)) for kept in (keys, values))
    return Prefill(torch.stack(logits), list(zip(*by_layer, strict=True)), mask, following)


def _read(folder: Path) -> dict[str, Tensor]:
    """All tensors, as "visual.…", "text.…" and "lm_head.weight", whichever of transformers' namings they are saved under."""
    tensors: dict[str, Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        tensors |= load_file(path)
    names = {name: name.removeprefix("model.") if name.startswith("model.visual.") else name for name in tensors}
    for name, short in names.items():
        if short.startswith("model."):
            names[name] = "text." + short.removeprefix("model.").removeprefix("language_model.")
    return {names[name]: tensor for name, tensor in tensors.items()}
