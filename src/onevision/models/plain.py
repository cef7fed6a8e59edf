"""A checkpoint's tokenizer and picture processor, read from its files: what transformers makes of them, without the seconds
that importing transformers takes."""

import json
import math
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jinja2 import Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from PIL.Image import Image, Resampling
from tokenizers import AddedToken, Tokenizer

from onevision.errors import InputError
from onevision.models.pictures import level_table, trimmed
from onevision.types import Message


class PlainTokenizer:
    """The part of transformers' tokenizer that answering needs."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        self.eos_token_id, self.pad_token_id = (self._special(settings.get(key)) for key in ("eos_token", "pad_token"))

    def __len__(self) -> int:
        return int(self.tokenizer.get_vocab_size())

    def __call__(self, text: str) -> dict[str, list[int]]:
        """{"input_ids": the text's tokens}."""
        return {"input_ids": self.tokenizer.encode(text).ids}

    def get_vocab(self) -> dict[str, int]:
        """Every token's entry and its id."""
        return dict(self.tokenizer.get_vocab())

    @cached_property
    def added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Special and other added tokens by their ids."""
        return dict(self.tokenizer.get_added_tokens_decoder())

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False, clean_up_tokenization_spaces: bool = False) -> str:
        """The text of some tokens; spaces are never cleaned up."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=skip_special_tokens))

    def _special(self, token: str | dict[str, Any] | None) -> int | None:
        content = token["content"] if isinstance(token, dict) else token
        return None if content is None else self.tokenizer.token_to_id(content)


class PlainProcessor:
    """The part of Qwen2_5_VLProcessor that answering needs, to the same bits. Raises InputError for a template that is none."""

    def __init__(self, folder: Path, chat_template: str, image_token_id: int) -> None:
        self.tokenizer = PlainTokenizer(folder)
        self.image_token_id = image_token_id
        self.image_token = str(self.tokenizer.tokenizer.id_to_token(image_token_id))
        self.pictures = Pictures(json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8")))
        self.chat_template = chat_template
        try:
            _template(chat_template)
        except TemplateError as error:
            raise InputError(f"{folder}: the chat template cannot be read: {error}") from None

    def apply_chat_template(self, messages: Sequence[Message], tokenize: bool = False, add_generation_prompt: bool = True) -> str:
        """The chat as the model reads it, one placeholder for each picture."""
        return _template(self.chat_template).render(messages=messages, add_generation_prompt=add_generation_prompt)

    def __call__(self, images: Sequence[Image] | None, text: Sequence[str], **_: Any) -> dict[str, torch.Tensor]:
        """A batch of texts, padded on the left, with the pictures of all of them in order: input_ids, attention_mask and
        mm_token_type_ids (texts, longest) int64; pixel_values (patches, 1176) float32; image_grid_thw (pictures, 3) int64."""
        seen = [self.pictures(self.pictures.framed(image)) for image in images or ()]
        sizes = iter([len(patches) // self.pictures.merge**2 for patches, _ in seen])
        rows = [self._tokens(one, sizes) for one in text]
        longest = max(map(len, rows))
        ids = torch.full((len(rows), longest), self.tokenizer.pad_token_id or 0)
        mask = torch.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, longest - len(row) :] = torch.tensor(row)
            mask[number, longest - len(row) :] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "mm_token_type_ids": (ids == self.image_token_id).long()}
        if seen:
            inputs["pixel_values"] = torch.from_numpy(np.concatenate([patches for patches, _ in seen]))
            inputs["image_grid_thw"] = torch.tensor([grid for _, grid in seen])
        return inputs

    def _tokens(self, text: str, sizes: Any) -> list[int]:
        first, *others = text.split(self.image_token)
        whole = first + "".join(self.image_token * next(sizes) + part for part in others)
        return list(self.tokenizer(whole)["input_ids"])


@lru_cache(maxsize=8)
def _template(source: str) -> Template:
    """As transformers has it: a template comes with a checkpoint and is not trusted."""
    return ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(source)


class Pictures:
    """Qwen2VLImageProcessor's arithmetic. settings: a preprocessor_config.json."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.patch, self.merge, self.frames = (settings.get(key, usual) for key, usual in
                                               (("patch_size", 14), ("merge_size", 2), ("temporal_patch_size", 2)))  # fmt: skip
        size = settings.get("size") or {}
        self.least = settings.get("min_pixels") or size["shortest_edge"]
        self.most = settings.get("max_pixels") or size["longest_edge"]
        self.trim = settings.get("trim_margins", False)
        self.table = level_table(settings)

    def __call__(self, image: Image) -> tuple[np.ndarray, list[int]]:
        """An RGB picture -> (patches, 1176) float32 and its grid (1, rows, columns) of patches."""
        high, wide = self.sides(image.height, image.width)
        pixels = np.asarray(image.convert("RGB").resize((wide, high), Resampling.BICUBIC))
        values = np.stack([self.table[channel][pixels[..., channel]] for channel in range(3)])
        rows, columns = high // self.patch, wide // self.patch
        blocks = values.reshape(3, rows // self.merge, self.merge, self.patch, columns // self.merge, self.merge, self.patch)
        blocks = blocks.transpose(1, 4, 2, 5, 0, 3, 6)[:, :, :, :, :, None]
        shape = (*blocks.shape[:5], self.frames, *blocks.shape[6:])
        return np.broadcast_to(blocks, shape).reshape(rows * columns, -1), [1, rows, columns]

    def framed(self, image: Image) -> Image:
        """As `PictureProcessor.framed`."""
        return trimmed(image, self.most) if self.trim else image

    def sides(self, height: int, width: int) -> tuple[int, int]:
        """The height and width a picture is scaled to: whole merged patches, between the least and the most pixels, of about
        its shape (`smart_resize` of Qwen2-VL, arXiv:2409.12191)."""
        unit = self.patch * self.merge
        high, wide = (round(side / unit) * unit for side in (height, width))
        if high * wide > self.most:
            shrink = math.sqrt(height * width / self.most)
            return max(unit, math.floor(height / shrink / unit) * unit), max(unit, math.floor(width / shrink / unit) * unit)
        if high * wide < self.least:
            grow = math.sqrt(self.least / (height * width))
            return math.ceil(height * grow / unit) * unit, math.ceil(width * grow / unit) * unit
        return high, wide
