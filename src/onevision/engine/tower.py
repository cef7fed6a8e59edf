"""Qwen2.5-VL's picture tower, with nothing in it but the arithmetic, where every block sees the whole picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from onevision.engine.lean import Layer, through_layers
from onevision.engine.matrix import Linear, laid_out

# Of every norm; no config tells it.
_EPS = 1e-6


@dataclass(frozen=True)
class Tower:
    """The picture tower. patch: numbers in a patch; merge: patches a side that become one feature; theta: of the rotary angles."""

    patches: Linear
    blocks: tuple[Layer, ...]
    norm: Tensor
    merger: tuple[Linear, Linear]
    patch: int
    heads: int
    merge: int
    theta: float

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], config: Mapping[str, Any], int8: bool = False) -> "Tower":
        """tensors: named "visual.…"; config: vision_config of config.json; int8: see `laid_out`."""

        def linear(*names: str) -> Linear:
            weight, bias = (torch.cat([tensors[f"visual.{name}.{kind}"] for name in names]) for kind in ("weight", "bias"))
            return laid_out(weight, bias, int8)

        def block(at: str) -> Layer:
            return Layer(
                norm_attn=tensors[f"visual.{at}.norm1.weight"],
                qkv=linear(f"{at}.attn.qkv"),
                out=linear(f"{at}.attn.proj"),
                norm_mlp=tensors[f"visual.{at}.norm2.weight"],
                gate_up=linear(f"{at}.mlp.gate_proj", f"{at}.mlp.up_proj"),
                down=linear(f"{at}.mlp.down_proj"),
            )

        patches = tensors["visual.patch_embed.proj.weight"].flatten(1)
        return cls(
            patches=laid_out(patches, int8=int8),
            blocks=tuple(block(f"blocks.{number}") for number in range(config["depth"])),
            norm=tensors["visual.merger.ln_q.weight"],
            merger=(linear("merger.mlp.0"), linear("merger.mlp.2")),
            patch=patches.shape[1],
            heads=config["num_heads"],
            merge=config["spatial_merge_size"],
            theta=config.get("rope_parameters", {}).get("rope_theta", 10000.0),
        )

    def __call__(self, pixels: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """pixels: (patches, 1176), one picture's, merged ones together; cos, sin: as `turns` -> features (patches / merge², out)."""
        hidden = self.patches(pixels.to(self.norm.dtype))
        hidden = through_layers(self.blocks, hidden, cos, sin, _attend_to_all, self.heads, self.heads, _EPS)
        merged = F.rms_norm(hidden, hidden.shape[1:], self.norm, _EPS).view(hidden.shape[0] // self.merge**2, -1)
        first, second = self.merger
        return second(F.gelu(first(merged)))

    def turns(self, rows: int, columns: int) -> tuple[Tensor, Tensor]:
        """For a picture of so many patches: cosine and signed sine (patches, 1, head_dim) float32. A quarter of the dimensions
        turns with the row, a quarter with the column, and both again."""
        return _turns(rows, columns, self.merge, len(self.norm) // self.heads, self.theta)


def _attend_to_all(_: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    q, k, v = (part.transpose(0, 1)[None] for part in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v)[0].transpose(0, 1).flatten(1)


# Pictures of one size often come one after the other.
@lru_cache(maxsize=8)
def _turns(rows: int, columns: int, m: int, dim: int, theta: float) -> tuple[Tensor, Tensor]:
    turns = 1.0 / theta ** (torch.arange(0, dim // 2, 2, dtype=torch.float32) / (dim // 2))
    places = torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij"), -1)
    places = places.view(rows // m, m, columns // m, m, 2).transpose(1, 2).reshape(-1, 2)
    angles = (places[..., None].float() * turns).flatten(1)
    cos, sin = angles.cos(), angles.sin()
    return torch.cat((cos, cos), -1)[:, None], torch.cat((-sin, sin), -1)[:, None]
