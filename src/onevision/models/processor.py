"""Qwen2.5-VL's processor for pictures alone (its own file, because importing it imports transformers)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL.Image import Image
from transformers import Qwen2_5_VLProcessor

from onevision.models.pictures import trimmed


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
