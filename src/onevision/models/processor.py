"""Qwen2.5-VL's processor for pictures alone (its own file, because importing it imports transformers)."""

from typing import Any

from transformers import Qwen2_5_VLProcessor


class PictureProcessor(Qwen2_5_VLProcessor):  # type: ignore[misc]  # transformers is untyped here
    """A Qwen2_5_VLProcessor without a video processor, which would need torchvision.

    transformers reads a processor's parts off this signature, so nothing asks for the missing part.
    """

    def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: str | None = None) -> None:
        super().__init__(image_processor, tokenizer, chat_template=chat_template)


# Saved folders must name the class that everybody else has: AutoProcessor looks it up by this name.
PictureProcessor.__name__ = "Qwen2_5_VLProcessor"
