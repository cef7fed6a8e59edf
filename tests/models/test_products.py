"""Products by oneDNN are the products, and so are their gradients."""

import os

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from onevision.models import products

needs_onednn = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="PyTorch without oneDNN")


@pytest.fixture
def by_onednn(monkeypatch):
    monkeypatch.setattr(products, "by_onednn", lambda: True)


@needs_onednn
@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(16, 70), inner=st.integers(1, 40), columns=st.integers(1, 40), bias=st.booleans(), batch=st.booleans(),
    strided=st.booleans(), frozen=st.booleans(),
)  # fmt: skip
def test_products_and_gradients(rows, inner, columns, bias, batch, strided, frozen):
    torch.manual_seed(rows)
    kind = torch.float32
    x = torch.randn(*((2, rows) if batch else (rows,)), inner * (2 if strided else 1), dtype=kind)[..., :inner].requires_grad_()
    weight = torch.randn(columns, inner, dtype=kind, requires_grad=not frozen)
    offset = torch.randn(columns, dtype=kind, requires_grad=True) if bias else None
    learnt = [one for one in (x, weight, offset) if one is not None and one.requires_grad]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "by_onednn", lambda: True)
        mine = products.linear(x, weight, offset)
    theirs = F.linear(x, weight, offset)
    assert "_Linear" in type(mine.grad_fn).__name__
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)
    towards = torch.randn_like(theirs)
    for a, b in zip(torch.autograd.grad(mine, learnt, towards), torch.autograd.grad(theirs, learnt, towards), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-4)


@needs_onednn
def test_a_matrix_with_gaps_is_multiplied_too():
    a, b = torch.randn(20, 8), torch.randn(30, 4, 8)[:, 1]
    torch.testing.assert_close(products.product(a, b), a @ b.t())


def test_what_is_not_float32_on_a_cpu_stays_as_it_was(by_onednn):
    x, weight = torch.randn(32, 8), torch.randn(4, 8, requires_grad=True)
    assert products.linear(x.double(), weight.double()).grad_fn.name() != "_LinearBackward"
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert products.linear(x, weight).dtype == torch.bfloat16
    assert products.linear(x[:2], weight).grad_fn.name() != "_LinearBackward"  # few rows are MKL's


@needs_onednn
def test_a_model_multiplies_so_and_computes_the_same(by_onednn):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 3))
    x = torch.randn(40, 8)
    before = model(x)
    products.use_products(model)
    torch.testing.assert_close(model(x), before)
    assert "_Linear" in type(model(x).grad_fn).__name__


def test_caches_are_bounded_but_not_against_the_users_wish(monkeypatch):
    monkeypatch.setenv("LRU_CACHE_CAPACITY", "7")
    monkeypatch.delenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", raising=False)
    products.keep_few_primitives()
    assert (os.environ["LRU_CACHE_CAPACITY"], os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"]) == ("7", "64")
