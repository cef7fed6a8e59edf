"""What a CPU multiplies faster, by what it says of itself."""

import pytest
import torch

from onevision.train.precision import multiplies_bf16

X86 = {"architecture": "x86_64", "cpu_name": "Intel Xeon"}


@pytest.mark.parametrize(
    ("able", "faster"),
    [
        (X86, False),
        (X86 | {"avx512_bf16": True}, False),
        (X86 | {"avx512_bf16": True, "amx_bf16": True}, True),
        (X86 | {"avx512_bf16": True, "cpu_name": "AMD EPYC 9B14"}, True),
        ({"architecture": "x86_64", "avx512_bf16": True}, True),
        ({"architecture": "aarch64"}, True),
    ],
    ids=["neither", "Intel, no AMX", "AMX", "AMD", "no name", "ARM"],
)
def test_what_bf16_products_are_worth(able: dict[str, object], faster: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able, raising=False)
    assert multiplies_bf16() is faster
