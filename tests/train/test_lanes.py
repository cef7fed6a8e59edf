"""Rows side by side: the gradients of one after the other, from memory that is shared, whatever thread is the faster."""

import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from onevision.train import lanes
from onevision.train.lanes import Lanes


def network(dropout: float = 0.0) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.Dropout(dropout), nn.Tanh(), nn.Linear(16, 1))


def learn(model: nn.Module, row: Tensor) -> float:
    loss = model(row).pow(2).sum()
    loss.backward()
    return float(loss.detach())


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_side_by_side_is_one_after_the_other(count):
    rows = [torch.randn(n + 1, 8, generator=torch.Generator().manual_seed(n)) for n in range(count)]
    one, two = network(), network()
    serial = Lanes(one, together=False)
    both = Lanes(two, together=True)
    assert serial.twin is None and both.twin is not None
    for _ in range(2):  # gradients add up over updates, and a twin's do not stay behind
        said = [each.run(model, rows, [len(row) for row in rows], learn) for each, model in ((serial, one), (both, two))]
        assert said[0] == pytest.approx(said[1])
    for mine, theirs in zip(one.parameters(), two.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)
    assert torch.get_num_threads() == 2


def test_a_slow_lane_changes_no_bit():
    rows = [torch.randn(64, 8, generator=torch.Generator().manual_seed(n)) for n in range(6)]

    def gradients(slow: int) -> list[Tensor]:
        model = network()
        both = Lanes(model, together=True)

        def late(one: nn.Module, number: int) -> float:
            time.sleep(0.02 * (number == slow))
            return learn(one, rows[number])

        both.run(model, range(6), [1.0] * 6, late)
        return [weight.grad for weight in model.parameters()]

    for other in (1, 2):
        assert all(torch.equal(a, b) for a, b in zip(gradients(0), gradients(other), strict=True))


def test_a_twin_learns_with_the_model_and_tied_weights_stay_tied():
    model = nn.ModuleList([nn.Embedding(4, 3), nn.Linear(3, 4, bias=False)])
    model[1].weight = model[0].weight
    twin = Lanes(model, together=True).twin
    assert twin[1].weight is twin[0].weight and twin[0].weight is not model[0].weight
    with torch.no_grad():
        model[0].weight.add_(1)
    assert torch.equal(twin[0].weight, model[0].weight)


def test_none_with_dropout_or_for_a_large_model_or_on_one_core(monkeypatch):
    assert Lanes(network(dropout=0.1), together=True).twin is None
    monkeypatch.setattr(lanes, "LARGEST", 100)
    assert Lanes(network(), together=True).twin is None
    monkeypatch.undo()
    torch.set_num_threads(1)
    assert Lanes(network(), together=True).twin is None


def test_what_goes_wrong_in_a_lane_is_raised():
    model = network()

    def fails(one: nn.Module, number: int) -> None:
        raise ValueError(f"row {number}")

    with pytest.raises(ValueError, match="row"):
        Lanes(model, together=True).run(model, range(3), [1.0] * 3, fails)
    assert torch.get_num_threads() == 2


@given(st.lists(st.floats(0.1, 100), min_size=2, max_size=20))
def test_every_row_in_one_lane_and_none_waits_long(sizes):
    dealt = lanes._dealt(sizes)
    assert sorted(dealt[0] + dealt[1]) == list(range(len(sizes)))
    loads = [sum(sizes[number] for number in lane) for lane in dealt]
    assert abs(loads[0] - loads[1]) <= max(sizes) + 1e-9
