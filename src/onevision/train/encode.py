"""From a Sample to token ids, labels and pixels, and from many of them to one packed batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from onevision.train.pack import mrope_positions
from onevision.types import Sample

IGNORE = -100
"""The label of a token that is not learnt from, as in PyTorch's cross_entropy."""


@dataclass(frozen=True)
class Encoded:
    """input_ids, labels: (length,) int64, labels IGNORE on the prompt; positions: (3, length) of M-RoPE;
    pixel_values: (patches, 1176) float32; grid: (pictures, 3) patches as (t, h, w)."""

    input_ids: Tensor
    labels: Tensor
    positions: Tensor
    pixel_values: Tensor
    grid: Tensor


def encode(sample: Sample, processor: Any) -> Encoded:
    """Tokens and pixels of a sample whose last message is the assistant's; that message and its end are supervised."""
    pictures = processor.image_processor(images=list(sample.problem.images), return_tensors="np")
    grid = pictures["image_grid_thw"]
    *asked, answer = sample.messages
    prompt = processor.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
    for height, width in grid[:, 1:]:
        tokens = height * width // processor.image_processor.merge_size**2
        prompt = prompt.replace("<|image_pad|>", "<|picture|>" * int(tokens), 1)
    tokenize = processor.tokenizer
    before = tokenize(prompt.replace("<|picture|>", "<|image_pad|>"))["input_ids"]
    after = tokenize(f"{answer['content']}<|im_end|>")["input_ids"]
    return Encoded(
        torch.tensor(before + after),
        torch.tensor([IGNORE] * len(before) + after),
        mrope_positions(before + after, grid.tolist(), processor.image_token_id),
        torch.from_numpy(np.ascontiguousarray(pictures["pixel_values"])),
        torch.from_numpy(grid),
    )


def collate(samples: Sequence[Encoded]) -> dict[str, Any]:
    """One packed batch: everything end to end, and `lengths` to tell the samples apart."""
    return {
        "input_ids": torch.cat([s.input_ids for s in samples]),
        "labels": torch.cat([s.labels for s in samples]),
        "position_ids": torch.cat([s.positions for s in samples], dim=1),
        "pixel_values": torch.cat([s.pixel_values for s in samples]),
        "image_grid_thw": torch.cat([s.grid for s in samples]),
        "lengths": [len(s.input_ids) for s in samples],
    }
