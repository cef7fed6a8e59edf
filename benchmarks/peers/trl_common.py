"""What the two TRL benchmarks share: the model, the processor, and the settings that keep them comparable."""

from pathlib import Path
from typing import Any

import torch
from measure import Meter, freeze_vision
from transformers import AutoProcessor, Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from trl.trainer import utils


def load(folder: Path, frozen: bool) -> tuple[Any, Any]:
    """The model in float32, and its processor with pictures prepared by Pillow, as ours are."""
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    if frozen:
        freeze_vision(model)
    processor = AutoProcessor.from_pretrained(folder)
    processor.image_processor = Qwen2VLImageProcessorPil.from_pretrained(folder)
    return model, processor


def count_fused_head(meter: Meter) -> None:
    """TRL scores through a function of its own in place of the lm_head module; count the rows it is given."""
    scoring = utils._ChunkedLogProbFunction
    forward = scoring.forward

    def counted(ctx: Any, hidden: torch.Tensor, *rest: Any) -> Any:
        meter.count_head_rows(hidden)
        return forward(ctx, hidden, *rest)

    scoring.forward = staticmethod(counted)
