"""A linear layer's weights, laid out once for products with few rows."""

import warnings
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

# From so many rows on a float32 product is faster through oneDNN's blocks; one of bfloat16 always is.
_BLOCK_ROWS = {torch.float32: 2, torch.bfloat16: 1}

# Rows that oneDNN lays its blocks out for; they serve fewer and more nearly as well.
_HINT, _MANY_ROWS = 16, 64

# Where all of a row is 0.
_TINY = torch.finfo(torch.float32).tiny


class Linear(Protocol):
    """x @ weight.T + bias."""

    def __call__(self, rows: Tensor) -> Tensor:
        """rows: (n, in) -> (n, out)."""
        ...

    def add_to(self, residual: Tensor, rows: Tensor) -> Tensor:
        """residual (n, out) + the product."""
        ...


def laid_out(weight: Tensor, bias: Tensor | None = None, int8: bool = False) -> Linear:
    """A layer ready for products. weight: (out, in); int8: with its weights in eight bits, for float32 rows on a CPU."""
    return Int8Matrix(weight, bias) if int8 else Matrix(weight, bias)


@dataclass(frozen=True)
class Transposed:
    """`Linear` with the matrix as (in, out), which few rows are multiplied with in half of the time on a CPU."""

    weight: Tensor
    bias: Tensor | None = None

    def __call__(self, rows: Tensor) -> Tensor:
        """As `Linear`."""
        return rows @ self.weight if self.bias is None else torch.addmm(self.bias, rows, self.weight)

    def add_to(self, residual: Tensor, rows: Tensor) -> Tensor:
        """As `Linear`."""
        return torch.addmm(residual, rows, self.weight) if self.bias is None else residual + self(rows)


@dataclass(frozen=True)
class Blocked:
    """`Linear` with the matrix in oneDNN's blocks, as TorchInductor has it for frozen models, for more rows on a CPU: 16 of them
    take two thirds of the time in float32, a third in bfloat16. weight: (out, in), as `blocks` laid it out."""

    weight: Tensor
    bias: Tensor | None = None

    def __call__(self, rows: Tensor) -> Tensor:
        """As `Linear`."""
        product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, self.weight, self.bias, "none", [], "")
        return product

    def add_to(self, residual: Tensor, rows: Tensor) -> Tensor:
        """As `Linear`."""
        if torch.compiler.is_compiling():  # which knows nothing of this one
            return residual + self(rows)
        total: Tensor = torch.ops.mkldnn._linear_pointwise.binary(rows, residual, self.weight, self.bias, "add")
        return total


def blocks(weight: Tensor) -> Tensor:
    """A matrix (out, in) as `Blocked` reads it: opaque to everything else."""
    kernels: Any = torch.ops.mkldnn
    laid: Tensor = kernels._reorder_linear_weight(weight, _HINT)
    return laid


@dataclass(frozen=True)
class Rounded:
    """`Linear` with symmetric 8-bit weights in oneDNN's blocks; every row is rounded to 8 bits by a scale of its own, so that what
    comes of it is the same in any company. Rows and results are float32.

    For many rows, and compiled: by itself the rounding takes longer than the product. `of` makes one.
    """

    weight: Tensor
    scale: Tensor
    bias: Tensor | None = None

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor | None = None) -> "Rounded":
        """weight: (out, in) float32; scale: (out,), of each output's weights."""
        kernels: Any = torch.ops.onednn
        scale = _scale(weight)
        # Contiguous, for oneDNN takes it so.
        whole = (weight.detach() / scale[:, None]).round().to(torch.int8).contiguous()
        return cls(kernels.qlinear_prepack(whole, [_MANY_ROWS, whole.shape[1]]), scale, bias)

    def __call__(self, rows: Tensor) -> Tensor:
        """As `Linear`."""
        # Without VNNI the sums of two products are kept in 16 bits, which holds 7-bit rows.
        most = 127 if torch.cpu._is_vnni_supported() else 63
        step = (rows.abs().amax(-1, keepdim=True) / most).clamp_min(_TINY)
        whole = ((rows / step).round() + (most + 1)).to(torch.uint8)
        none = torch.zeros_like(self.scale, dtype=torch.int32)
        options: Any = (None, 1.0, 0, torch.float32, "none", [], "")
        product: Tensor = torch.ops.onednn.qlinear_pointwise(whole, 1.0, most + 1, self.weight, self.scale, none, *options)
        return product * step if self.bias is None else torch.addcmul(self.bias, product, step)

    def add_to(self, residual: Tensor, rows: Tensor) -> Tensor:
        """As `Linear`."""
        return residual + self(rows)


def _scale(weight: Tensor) -> Tensor:
    """(out, in) float32 -> (out,): what each output's largest weight is 127 of."""
    return (weight.detach().abs().amax(1) / 127).clamp_min(_TINY)


class Matrix:
    """`Linear` in weight's dtype: `Transposed` for few rows, on a CPU `Blocked` for more."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        weight = weight.detach()
        kernels: Any = torch.ops.mkldnn
        blocked = weight.device.type == "cpu" and torch.backends.mkldnn.is_available() and weight.dtype in _BLOCK_ROWS
        blocked = blocked and (weight.dtype != torch.bfloat16 or kernels._is_mkldnn_bf16_supported())
        self.block_rows = _BLOCK_ROWS[weight.dtype] if blocked else 2**62
        self.many: Any = Blocked(blocks(weight), bias) if blocked else None
        self.few: Any = Transposed(weight.t().contiguous(), bias) if self.block_rows > 1 else None

    def __call__(self, rows: Tensor) -> Tensor:
        """As `Linear`."""
        return (self.many if len(rows) >= self.block_rows else self.few)(rows)  # type: ignore[no-any-return]

    def add_to(self, residual: Tensor, rows: Tensor) -> Tensor:
        """As `Linear`."""
        return (self.many if len(rows) >= self.block_rows else self.few).add_to(residual, rows)  # type: ignore[no-any-return]


class Int8Matrix:
    """`Linear` with symmetric 8-bit weights, one scale for each of its outputs; rows are rounded to 8 bits as they come, with
    one scale for all of a product. Rows and results are float32.

    A quarter of the bytes to read and a quarter of the instructions: a third of float32's time on a CPU with VNNI.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        weight = weight.detach().float()
        scale = _scale(weight)
        kernels: Any = torch.ops.quantized
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=UserWarning)  # PyTorch's, that these tensors are to go one day
            rounded = torch.quantize_per_channel(weight, scale.double(), torch.zeros(len(weight), dtype=torch.int64), 0, torch.qint8)
            self.packed = kernels.linear_prepack(rounded, None if bias is None else bias.detach().float())
        # Without VNNI the sums of two products are kept in 16 bits, which holds 7-bit rows.
        self.seven_bits = not torch.cpu._is_vnni_supported()

    def __call__(self, rows: Tensor) -> Tensor:
        """As `Linear`."""
        product: Tensor = torch.ops.quantized.linear_dynamic(rows, self.packed, self.seven_bits)
        return product

    def add_to(self, residual: Tensor, rows: Tensor) -> Tensor:
        """As `Linear`."""
        return self(rows).add_(residual)
