"""Lets a CPU build of PyTorch import the registry's torchvision, whose compiled operators need CUDA.

torchvision registers shape functions for its operators while it is imported, and fails where the operators are not
there. Their schemas alone are enough: nothing that prepares pictures calls the operators. The schemas are defined just
before torchvision's first import, in whatever process that happens; `venv.sh` installs this module and a .pth line that
loads it at every start of Python.
"""

import sys
from typing import Any

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_kept: list[Any] = []


class BeforeTorchvision:
    """An import hook that finds nothing itself; it only acts when torchvision is looked for."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name == "torchvision":
            sys.meta_path.remove(self)  # type: ignore[arg-type]
            _define()


def _define() -> None:
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for schema in SCHEMAS:
        library.define(schema)
    _kept.append(library)  # the schemas live as long as their library


sys.meta_path.insert(0, BeforeTorchvision())  # type: ignore[arg-type]
