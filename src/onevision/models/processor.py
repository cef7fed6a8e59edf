"""Qwen2.5-VL's processor for pictures alone (its own file, because importing it imports transformers)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor
from transformers import Qwen2_5_VLProcessor

from onevision.models.pictures import level_table, trimmed


class PictureProcessor(Qwen2_5_VLProcessor):  # type: ignore[misc]  # transformers is untyped here
    """A Qwen2_5_VLProcessor without a video processor, which would need torchvision.

    transformers reads a processor's parts off this signature, so nothing asks for the missing part.
    """

    def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: str | None = None) -> None:
        super().__init__(image_processor, tokenizer, chat_template=chat_template)

    def framed(self, image: Image) -> Image:
        """What the model is shown of a picture: all, or where its settings say `trim_margins`, as `trimmed`."""
        settings = self.image_processor
        return trimmed(image, settings.size["longest_edge"]) if getattr(settings, "trim_margins", False) else image

    def __call__(self, images: Image | Sequence[Image] | None = None, text: Any = None, **options: Any) -> Any:
        """As Qwen2_5_VLProcessor's, of framed pictures."""
        several = [images] if isinstance(images, Image) else images
        return super().__call__(images=several and [self.framed(image) for image in several], text=text, **options)

    def levels(self, images: Sequence[Image], size: dict[str, int]) -> tuple[Tensor, Tensor]:
        """Framed pictures as (patches, 1176) uint8 levels and their (pictures, 3) grid: a quarter of what the tower takes, for
        keeping and sending. size: the least and the most pixels, as the image processor has it."""
        seen = self.image_processor(images=list(images), size=size, do_rescale=False, do_normalize=False, return_tensors="np")
        return torch.from_numpy(seen["pixel_values"].astype(np.uint8)), torch.from_numpy(seen["image_grid_thw"])

    def normalised(self, levels: Tensor) -> Tensor:
        """Levels as the tower takes them, (patches, 1176) float32, to the image processor's bits."""
        names = ("do_rescale", "rescale_factor", "do_normalize", "image_mean", "image_std")
        table = torch.from_numpy(level_table({name: getattr(self.image_processor, name) for name in names}))
        values = torch.empty(levels.shape, dtype=torch.float32, device=levels.device)
        # Channel by channel: indices are as large as floats.
        for channel, seen, made in zip(table.to(levels.device), levels.chunk(3, 1), values.chunk(3, 1), strict=True):
            made.copy_(channel[seen.int()])
        return values

    def save_pretrained(self, save_directory: str | Path, **options: Any) -> None:
        """Save as Qwen's own folders are: picture settings in preprocessor_config.json, where the video half that other
        people's Qwen2_5_VLProcessor has finds its own too."""
        super().save_pretrained(save_directory, **options)
        folder = Path(save_directory)
        (folder / "processor_config.json").unlink(missing_ok=True)
        names = {"image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2_5_VLProcessor"}
        settings = self.image_processor.to_dict() | names
        (folder / "preprocessor_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


# Saved folders must name the class that everybody else has: AutoProcessor looks it up by this name.
PictureProcessor.__name__ = "Qwen2_5_VLProcessor"
