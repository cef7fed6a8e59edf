import pytest
import torch
from torch import nn

from onevision.train.optim import Muon, orthogonal


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_muon_learns_as_torchs_own(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    start = [0.02 * torch.randn(shape) for shape in [(24, 8), (24, 8), (8, 24), (8, 8)]]
    theirs, ours = ([nn.Parameter(weight.clone()) for weight in start] for _ in range(2))
    reference = torch.optim.Muon(theirs, lr=0.01, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    muon = Muon(ours, 0.01, 0.01)
    muon.dtype = dtype
    for _ in range(3):
        for one, other in zip(theirs, ours, strict=True):
            one.grad = torch.randn_like(one)
            other.grad = one.grad.clone()
        reference.step()
        muon.step()
    for one, other, first in zip(theirs, ours, start, strict=True):
        # torch's own products are bfloat16, eight bits of precision.
        assert (one - other).norm() < 0.02 * (one - first).norm()
        assert torch.equal(reference.state[one]["momentum_buffer"], muon.state[other]["momentum_buffer"])


def test_orthogonal_matrices_have_singular_values_near_one() -> None:
    for shape in [(3, 8, 24), (2, 24, 8)]:
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape, generator=torch.Generator().manual_seed(1))))
        assert float(values.min()) > 0.5 and float(values.max()) < 1.5


def test_a_weight_without_a_gradient_stays() -> None:
    learns, stays = nn.Parameter(torch.ones(4, 4)), nn.Parameter(torch.ones(4, 4))
    learns.grad = torch.eye(4)
    Muon([learns, stays], 0.1, 0.0).step()
    assert torch.equal(stays, torch.ones(4, 4)) and not torch.equal(learns, torch.ones(4, 4))
