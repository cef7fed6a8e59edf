"""float32 products on a CPU whose own BLAS is the slower way.

PyTorch multiplies float32 by Intel's MKL, which does not use AVX-512 on AMD's processors; oneDNN, which comes with PyTorch too, does,
and is more than twice as fast there. The products are the same up to the order of their sums.
"""

import os
import platform
from functools import cache
from pathlib import Path
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FEWEST = 16
"""Rows from which oneDNN is the faster: 16 by 256 × 768 take it 54 µs and MKL 74, 8 of them 41 and 47, 4 of them 35 and 32."""


def processor() -> str:
    """Its maker and the instructions that it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return " ".join(next((line for line in lines if line.startswith(names)), "") for names in ("vendor_id", ("flags", "Features")))


def made_by_amd() -> bool:
    """Whether it is one that MKL serves badly."""
    return "AuthenticAMD" in processor()


@cache
def by_onednn() -> bool:
    """Whether this machine's float32 products are faster by oneDNN's."""
    return made_by_amd() and "AVX512" in torch.backends.cpu.get_cpu_capability() and torch.backends.mkldnn.is_available()


def product(a: Tensor, b: Tensor) -> Tensor:
    """a @ b.T by oneDNN. a: (rows, inner), b: (columns, inner), float32; no gradient."""
    dense = b if b.is_contiguous() or b.t().is_contiguous() else b.contiguous()  # with gaps it takes a thousand times as long
    out: Tensor = torch.ops.mkldnn._linear_pointwise(a, dense, None, "none", [], "")
    return out


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        out: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        grad = grads[0].reshape(-1, weight.shape[0])
        to_x, to_weight, to_bias = ctx.needs_input_grad
        return (
            product(grad, weight.t()).view(x.shape) if to_x else None,
            product(grad.t(), x.reshape(-1, x.shape[-1]).t()) if to_weight else None,
            grad.sum(0) if to_bias else None,
        )


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`F.linear`, by whatever is the fastest here. x: (..., inner), weight: (columns, inner), bias: (columns,)."""
    plain = x.dtype == weight.dtype == torch.float32 and x.device.type == "cpu" and not torch.is_autocast_enabled("cpu")
    if plain and weight.is_contiguous() and x.numel() >= FEWEST * x.shape[-1] and by_onednn():
        made: Tensor = _Linear.apply(x, weight, bias)
        return made
    return F.linear(x, weight, bias)


def _forward(self: nn.Linear, x: Tensor) -> Tensor:
    return linear(x, self.weight, self.bias)


def keep_few_primitives() -> None:
    """Have oneDNN and PyTorch keep the machine code and memory of 64 products, where it is 1,024 by themselves: rows of samples hardly
    ever have a length twice, so that these are many hundred MiB that nobody needs again. To be called before the first product."""
    for name in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
        os.environ.setdefault(name, "64")


def use_products(model: nn.Module) -> None:
    """Have all of a model's linear parts multiply so. Of a plain `nn.Linear` alone: others have a way of their own."""
    for part in model.modules():
        if type(part) is nn.Linear:
            part.forward = MethodType(_forward, part)  # type: ignore[method-assign]
