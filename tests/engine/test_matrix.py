"""Linear layers laid out for few rows, against the plain product."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from onevision.engine.matrix import Int8Matrix, Matrix, Rounded, laid_out


def drawn(seed: int, rows: int, inside: int, out: int, bias: bool) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    x, weight, b, residual = (torch.randn(*shape, generator=generator) for shape in ((rows, inside), (out, inside), (out,), (rows, out)))
    return x, weight, b if bias else None, residual


shapes = given(st.integers(0, 99), st.sampled_from([1, 2, 5, 17, 64]), st.integers(1, 90), st.integers(1, 90), st.booleans())


# oneDNN compiles a kernel for every new shape, which takes as long as it takes.
@settings(deadline=None)
@shapes
def test_float32_products_are_the_plain_ones(seed, rows, inside, out, bias):
    x, weight, b, residual = drawn(seed, rows, inside, out, bias)
    layer = laid_out(weight, b)
    wanted = torch.nn.functional.linear(x, weight, b)
    torch.testing.assert_close(layer(x), wanted, atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(layer.add_to(residual, x), residual + wanted, atol=1e-4, rtol=1e-5)


@settings(deadline=None)
@shapes
def test_eight_bits_are_off_by_no_more_than_rounding(seed, rows, inside, out, bias):
    x, weight, b, residual = drawn(seed, rows, inside, out, bias)
    layer = laid_out(weight, b, int8=True)
    wanted = torch.nn.functional.linear(x, weight, b)
    # Each weight is off by half its row's step, each x by half its own; steps of x are at most the span / 127 (7 bits).
    span = float(x.max().clamp_min(0) - x.min().clamp_max(0))
    step, half = weight.abs().amax(1) / 127, span / 127
    bound = (x.abs().sum(1, keepdim=True) + inside * half) * step / 2 + half * weight.abs().sum(1) + 1e-4
    assert ((layer(x) - wanted).abs() <= bound).all()
    torch.testing.assert_close(layer.add_to(residual, x), residual + layer(x))


@settings(deadline=None)
@shapes
def test_rows_rounded_by_themselves_are_the_same_in_any_company(seed, rows, inside, out, bias):
    x, weight, b, residual = drawn(seed, rows, inside, out, bias)
    x *= torch.logspace(-3, 3, rows)[:, None]
    layer = Rounded.of(weight.t().contiguous().t(), b)  # laid out either way
    wanted = torch.nn.functional.linear(x, weight, b)
    # As above, but that a row's step is its own largest / 127, or / 63 (7 bits).
    step, half = weight.abs().amax(1) / 127, x.abs().amax(1, keepdim=True) / 63 / 2
    bound = (x.abs().sum(1, keepdim=True) + inside * half) * step / 2 + half * weight.abs().sum(1)
    assert ((layer(x) - wanted).abs() <= bound + 1e-4 * (1 + wanted.abs())).all()
    assert torch.equal(layer(x)[rows // 2], layer(x[rows // 2 :])[0])
    torch.testing.assert_close(layer.add_to(residual, x), residual + layer(x))


@pytest.mark.parametrize("eight", [lambda weight: laid_out(weight, int8=True), Rounded.of])
def test_zeros_stay_zero(eight):
    x = torch.randn(3, 8)
    assert torch.equal(eight(torch.zeros(4, 8))(x), torch.zeros(3, 4))
    assert torch.equal(eight(torch.ones(4, 8))(torch.zeros(3, 8)), torch.zeros(3, 4))


@pytest.mark.parametrize(("int8", "kind"), [(False, Matrix), (True, Int8Matrix)])
def test_the_kind_is_as_asked(int8, kind):
    assert isinstance(laid_out(torch.ones(2, 3), int8=int8), kind)
