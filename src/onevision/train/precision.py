"""What this machine computes in."""

from dataclasses import replace

import torch

from onevision.train.recipe import Recipe


def multiplies_bf16() -> bool:
    """Whether the machine multiplies bfloat16 faster than float32. An x86 CPU without AVX512-BF16 or AMX needs about eight times as
    long for it, an Intel Xeon with AVX512-BF16 whose AMX is not to be had twice as long."""
    if torch.cuda.is_available():
        return True
    able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    if able.get("architecture") != "x86_64" or able.get("amx_bf16"):
        return True
    return bool(able.get("avx512_bf16")) and "Intel" not in able.get("cpu_name", "")


def suited(recipe: Recipe) -> Recipe:
    """The recipe as this machine runs it best: in float32 where bfloat16 would be slower."""
    return replace(recipe, bf16=recipe.bf16 and multiplies_bf16())
