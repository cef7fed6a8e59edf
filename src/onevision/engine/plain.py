"""The embedded engine for a small, plain checkpoint that only answers: its files are read without transformers, which takes
longer to import than nano takes to answer. `engine.lean` gives the decode steps; the picture tower and the prompt are here."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from onevision.engine.batch import Decoder
from onevision.engine.lean import LEAN_MAX_BYTES, LeanDecoder, LeanWeights, fuse, rotated
from onevision.engine.matrix import Linear, laid_out
from onevision.engine.prefill import Prefill
from onevision.engine.torch import LocalEngine, compiled_steps
from onevision.models.plain import PlainProcessor
from onevision.models.positions import mrope_positions


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
    little less exact and about twice as fast. compiled: with compiled steps, for float32 (`engine.compiled`).
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
        self.weights = fuse(text, head, config["text_config"], self.context, int8)
        self.steps = compiled_steps(self.weights) if compiled else None
        self.tower = Tower.of(tensors, config["vision_config"], int8)
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
        return [self.tower(part, rows, columns) for part, (_, rows, columns) in zip(parts, grids.tolist(), strict=True)]

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
            runs.append(run_prompt(self.weights, ids, seen[:own], self.image_token, positions, self.axes))
            following.append(positions.amax() + 1)
            seen, rest = seen[own:], rest[own:]
        return _joined(runs, mask, torch.stack(following))


Keys = list[tuple[Tensor, Tensor]]


def run_prompt(
    w: LeanWeights, ids: Tensor, features: Sequence[Tensor], image_token: int, positions: Tensor, axes: Tensor
) -> tuple[Tensor, Keys]:
    """One prompt through the text tower: the logits (vocab,) after it, and each layer's keys and values (kv_heads, length, head_dim).

    ids: (length,); positions: (3, length), M-RoPE's; axes: (head_dim,), the axis whose position turns a dimension.
    """
    hidden = F.embedding(ids, w.embed)
    if features:
        hidden[ids == image_token] = torch.cat(list(features)).to(hidden)
    # (axis, length, 2, 1, dim) -> for each dimension that of its axis.
    turned = w.rope[positions].movedim(-1, 0)[torch.arange(w.head_dim), axes].movedim(0, -1)
    cos, sin = turned.unbind(1)
    kept: Keys = []
    for layer in w.layers:
        qkv = layer.qkv(F.rms_norm(hidden, hidden.shape[1:], layer.norm_attn, w.eps)).view(len(ids), -1, w.head_dim)
        qk, v = rotated(qkv[:, : -w.kv_heads], cos, sin), qkv[:, -w.kv_heads :].transpose(0, 1)
        q, k = (part.transpose(0, 1) for part in (qk[:, : w.heads], qk[:, w.heads :]))
        mixed = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True, enable_gqa=True)
        kept.append((k, v))
        hidden = layer.out.add_to(hidden, mixed[0].transpose(0, 1).flatten(1))
        gate, up = layer.gate_up(F.rms_norm(hidden, hidden.shape[1:], layer.norm_mlp, w.eps)).chunk(2, -1)
        hidden = layer.down.add_to(hidden, F.silu(gate).mul_(up))
    return w.head(F.rms_norm(hidden[-1:], hidden.shape[1:], w.norm, w.eps))[0].float(), kept


def _joined(runs: Sequence[tuple[Tensor, Keys]], mask: Tensor, following: Tensor) -> Prefill:
    def padded(part: Tensor) -> Tensor:
        return F.pad(part, (0, 0, mask.shape[1] - part.shape[1], 0))

    layers = [
        (torch.stack([padded(keys) for keys, _ in layer]), torch.stack([padded(values) for _, values in layer]))
        for layer in zip(*(kept for _, kept in runs), strict=True)
    ]
    return Prefill(torch.stack([logits for logits, _ in runs]), layers, mask, following)


@dataclass(frozen=True)
class Block:
    """One block of the picture tower."""

    norm_attn: Tensor
    qkv: Linear
    out: Linear
    norm_mlp: Tensor
    gate_up: Linear
    down: Linear


@dataclass(frozen=True)
class Tower:
    """The picture tower where every block sees the whole picture."""

    patches: Linear
    blocks: tuple[Block, ...]
    norm: Tensor
    merger: tuple[Linear, Linear]
    heads: int
    merge: int
    theta: float

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], config: Mapping[str, Any], int8: bool = False) -> "Tower":
        """tensors: named "visual.…"; config: vision_config of config.json; int8: see `laid_out`."""

        def linear(*names: str) -> Linear:
            weight, bias = (torch.cat([tensors[f"visual.{name}.{kind}"] for name in names]) for kind in ("weight", "bias"))
            return laid_out(weight, bias, int8)

        def block(at: str) -> Block:
            return Block(
                norm_attn=tensors[f"visual.{at}.norm1.weight"],
                qkv=linear(f"{at}.attn.qkv"),
                out=linear(f"{at}.attn.proj"),
                norm_mlp=tensors[f"visual.{at}.norm2.weight"],
                gate_up=linear(f"{at}.mlp.gate_proj", f"{at}.mlp.up_proj"),
                down=linear(f"{at}.mlp.down_proj"),
            )

        return cls(
            patches=laid_out(tensors["visual.patch_embed.proj.weight"].flatten(1), int8=int8),
            blocks=tuple(block(f"blocks.{number}") for number in range(config["depth"])),
            norm=tensors["visual.merger.ln_q.weight"],
            merger=(linear("merger.mlp.0"), linear("merger.mlp.2")),
            heads=config["num_heads"],
            merge=config["spatial_merge_size"],
            theta=config.get("rope_parameters", {}).get("rope_theta", 10000.0),
        )

    def __call__(self, pixels: Tensor, rows: int, columns: int) -> Tensor:
        """pixels: (rows * columns, 1176), one picture's patches, merged ones together -> (rows * columns / merge², out)."""
        hidden = self.patches(pixels.to(self.norm.dtype))
        count, width = hidden.shape
        cos, sin = self._turns(rows, columns, width // self.heads)
        for block in self.blocks:
            qkv = block.qkv(F.rms_norm(hidden, (width,), block.norm_attn, 1e-6)).view(count, 3, self.heads, -1)
            q, k = rotated(qkv[:, :2].float(), cos, sin).to(qkv.dtype).transpose(0, 2).unbind(1)
            mixed = F.scaled_dot_product_attention(q[None], k[None], qkv[:, 2].transpose(0, 1)[None])
            hidden = block.out.add_to(hidden, mixed[0].transpose(0, 1).reshape(count, width))
            gate, up = block.gate_up(F.rms_norm(hidden, (width,), block.norm_mlp, 1e-6)).chunk(2, -1)
            hidden = block.down.add_to(hidden, F.silu(gate).mul_(up))
        merged = F.rms_norm(hidden, (width,), self.norm, 1e-6).view(count // self.merge**2, -1)
        first, second = self.merger
        return second(F.gelu(first(merged)))

    def _turns(self, rows: int, columns: int, dim: int) -> tuple[Tensor, Tensor]:
        """Cosine and signed sine (patches, 1, 1, dim): a quarter of the dimensions turns with the row, a quarter with the
        column, and both again."""
        turns = 1.0 / self.theta ** (torch.arange(0, dim // 2, 2, dtype=torch.float32) / (dim // 2))
        places = torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij"), -1)
        m = self.merge
        places = places.view(rows // m, m, columns // m, m, 2).transpose(1, 2).reshape(-1, 2)
        angles = (places[..., None].float() * turns).flatten(1)
        cos, sin = angles.cos(), angles.sin()
        return torch.cat((cos, cos), -1)[:, None, None], torch.cat((-sin, sin), -1)[:, None, None]


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
