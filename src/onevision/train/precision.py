"""What this machine computes in."""

from dataclasses import replace

import torch

from onevision.train.recipe import Recipe


def multiplies_bf16() -> bool:
    """Whether the machine multiplies bfloat16 in hardware. An x86 CPU without AVX512-BF16 or AMX needs about eight times as long for it
    as for float32."""
    if torch.cuda.is_available():
        return True
    able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return able.get("architecture") != "x86_64" or bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def suited(recipe: Recipe) -> Recipe:
    """The recipe as this machine runs it best: in float32 where bfloat16 would be several times slower."""
    return replace(recipe, bf16=recipe.bf16 and multiplies_bf16())
