"""A linear layer's weights, laid out once for products with few rows."""

from typing import Any

import torch
from torch import Tensor

# From so many rows on a float32 product is faster through oneDNN's blocks; one of bfloat16 always is.
_BLOCK_ROWS = {torch.float32: 2, torch.bfloat16: 1}

# Rows that oneDNN lays its blocks out for; they serve fewer and more nearly as well.
_HINT = 16


class Matrix:
    """x @ weight.T + bias, in weight's dtype. weight: (out, in).

    A few rows are multiplied with the matrix as (in, out), twice as fast on a CPU as (out, in). More of them, on a CPU, with
    oneDNN's blocks, as TorchInductor has it for frozen models: 16 rows take two thirds of the time in float32, a third in bfloat16.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        weight, self.bias = weight.detach(), bias
        blocks = weight.device.type == "cpu" and torch.backends.mkldnn.is_available() and weight.dtype in _BLOCK_ROWS
        self.block_rows = _BLOCK_ROWS[weight.dtype] if blocks else 2**62
        kernels: Any = torch.ops.mkldnn
        self.blocks = kernels._reorder_linear_weight(weight, _HINT) if blocks else None
        self.plain: Any = weight.t().contiguous() if self.block_rows > 1 else None

    def __call__(self, rows: Tensor) -> Tensor:
        """rows: (n, in) -> (n, out)."""
        if len(rows) >= self.block_rows:
            return torch.ops.mkldnn._linear_pointwise(rows, self.blocks, self.bias, "none", [], "")
        return rows @ self.plain if self.bias is None else torch.addmm(self.bias, rows, self.plain)

    def add_to(self, residual: Tensor, rows: Tensor) -> Tensor:
        """residual (n, out) + rows @ weight.T; for a layer without bias."""
        if len(rows) >= self.block_rows:
            return torch.ops.mkldnn._linear_pointwise.binary(rows, residual, self.blocks, None, "add")
        return torch.addmm(residual, rows, self.plain)
