"""From a Sample to token ids, labels and pixels within limits, and from many of them to one packed row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from PIL.Image import Image
from torch import Tensor
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

from onevision.engine.chat import control_token
from onevision.errors import InputError
from onevision.models.positions import mrope_positions
from onevision.types import Message, Sample

IGNORE = -100
"""The label of a token that is not learnt from, as in PyTorch's cross_entropy."""


@dataclass(frozen=True)
class Limits:
    """What a sample is held to. tokens: its length; pixels: the area of a picture; side: a picture's longest side."""

    tokens: int = 2**31
    pixels: int = 2**31
    side: int = 2**31


@dataclass(frozen=True)
class Encoded:
    """input_ids, labels: (length,) int64, labels IGNORE on the prompt; positions: (3, length) of M-RoPE;
    pixel_values: (patches, 1176) uint8, which the tower takes as `PictureProcessor.normalised`; grid: (pictures, 3) patches as
    (t, h, w). features: (picture tokens, hidden), what the tower made of the pictures earlier, in place of these two.

    notes: what was done to make it fit. number and name: its place in the data, and the task it was drawn from.
    """

    input_ids: Tensor
    labels: Tensor
    positions: Tensor
    pixel_values: Tensor
    grid: Tensor
    features: Tensor | None = None
    notes: tuple[str, ...] = ()
    number: int = -1
    name: str = ""


class Features(Protocol):
    """Where picture features are kept (`train.cache`)."""

    def get(self, images: Sequence[Image], grid: Tensor) -> Tensor | None:
        """(picture tokens, hidden) of the pictures, or None where one of them is not kept."""
        ...


def encode(sample: Sample, processor: Any, limits: Limits | None = None, kept: Features | None = None) -> Encoded:
    """Tokens and pixels of a sample; every assistant message and its end are supervised.

    What is longer than `limits.tokens` loses the end of its last answer. Pictures are never cut: those that leave no
    room for an answer are shrunk.
    Raises InputError for a sample that nothing can be learnt from: no answer, control tokens in its text, more or fewer
    pictures than places for them, or a prompt that is too long whatever its pictures.
    """
    limits = limits or Limits()
    images = [_within(processor.framed(image), limits.side) for image in sample.problem.images]
    pieces = _pieces(sample.messages, processor, len(images))
    grid, size = _grid(images, pieces, processor, limits)
    kept_pieces, notes = _cut(_expanded(pieces, _tokens(grid), processor.image_token_id), limits.tokens)
    ids = [token for piece, _ in kept_pieces for token in piece]
    labels = [token if learnt else IGNORE for piece, learnt in kept_pieces for token in piece]
    shown = sum(piece.count(processor.image_token_id) for piece, _ in pieces[: len(kept_pieces)])
    images, grid = images[:shown], grid[:shown]
    notes += ("pictures shrunk",) if size["longest_edge"] < _size(processor, limits)["longest_edge"] else ()
    positions = mrope_positions(ids, grid.tolist(), processor.image_token_id)
    features = kept.get(images, grid) if kept is not None else None
    pixels, left = processor.levels(images, size) if images and features is None else (BLANK.pixel_values[:0], BLANK.grid[:0])
    return Encoded(torch.tensor(ids), torch.tensor(labels), positions, pixels, left, features, notes)


Piece = tuple[list[int], bool]
"""Tokens, and whether they are learnt from."""


def _within(image: Image, side: int) -> Image:
    share = side / max(image.size)
    return image if share >= 1 else image.resize((max(1, int(image.width * share)), max(1, int(image.height * share))))


def _pieces(messages: Sequence[Message], processor: Any, pictures: int) -> list[Piece]:
    """The chat as prompt, answer, prompt, answer … with one image token for each picture."""
    if used := control_token(messages, processor.tokenizer):
        raise InputError(f"the text holds the control token '{used}'")
    pieces: list[Piece] = []
    done = ""
    for turn, message in enumerate(messages):
        if message["role"] == "assistant":
            prompt = processor.apply_chat_template(list(messages[:turn]), tokenize=False, add_generation_prompt=True)
            if not prompt.startswith(done):
                raise InputError("the chat template rewrites earlier turns; give one question and one answer a sample")
            answer = f"{message['content']}<|im_end|>"
            pieces += [(processor.tokenizer(text)["input_ids"], learnt) for text, learnt in ((prompt[len(done) :], False), (answer, True))]
            done = prompt + answer
    places = sum(piece.count(processor.image_token_id) for piece, _ in pieces)
    if not pieces:
        raise InputError("no assistant message; there is nothing to learn")
    if places != pictures:
        raise InputError(f"{pictures} pictures, but {places} places for them in the messages before the last answer")
    return pieces


def _size(processor: Any, limits: Limits) -> dict[str, int]:
    size = processor.image_processor.size
    most = min(size["longest_edge"], limits.pixels)
    return {"shortest_edge": min(size["shortest_edge"], most), "longest_edge": most}


def _grid(images: Sequence[Image], pieces: Sequence[Piece], processor: Any, limits: Limits) -> tuple[Tensor, dict[str, int]]:
    """(pictures, 3) patches, and the smallest and largest area (pixels) that they come out at."""
    size = _size(processor, limits)
    grid = _patches(images, size, processor)
    (prompt, _), (answer, _) = pieces[:2]
    first = prompt.count(processor.image_token_id)
    # Room for the whole first answer, or where it is long for a quarter of the sample.
    room = limits.tokens - (len(prompt) - first) - min(len(answer), limits.tokens // 4)
    while sum(_tokens(grid[:first])) > room:
        if room < first or size["longest_edge"] < 28 * 28:
            raise InputError(f"too long: the prompt leaves no room for an answer within cutoff_len, {limits.tokens} tokens")
        most = min(int(0.9 * size["longest_edge"]), room * 28 * 28 // first)
        size = {"shortest_edge": min(size["shortest_edge"], most), "longest_edge": most}
        grid = _patches(images, size, processor)
    return grid, size


def _patches(images: Sequence[Image], size: dict[str, int], processor: Any) -> Tensor:
    patch, factor = processor.image_processor.patch_size, processor.image_processor.patch_size * processor.image_processor.merge_size
    sides = [smart_resize(i.height, i.width, factor, size["shortest_edge"], size["longest_edge"]) for i in images]
    return torch.tensor([[1, height // patch, width // patch] for height, width in sides], dtype=torch.long).view(-1, 3)


def _tokens(grid: Tensor, merge: int = 2) -> list[int]:
    return [int(one) for one in grid.prod(1) // merge**2]


def _expanded(pieces: Sequence[Piece], sizes: Sequence[int], image_token: int) -> list[Piece]:
    """Every image token as often as its picture has tokens."""
    left = iter(sizes)
    return [
        ([copy for token in piece for copy in [token] * (next(left) if token == image_token else 1)], learnt) for piece, learnt in pieces
    ]


def _cut(pieces: Sequence[Piece], tokens: int) -> tuple[list[Piece], tuple[str, ...]]:
    """Whole pieces as far as they go, and the beginning of an answer."""
    kept: list[Piece] = []
    for piece, learnt in pieces:
        if len(piece) > tokens:
            return kept + [(piece[:tokens], True)] * learnt, ("answer cut",)
        kept.append((piece, learnt))
        tokens -= len(piece)
    return kept, ()


BLANK = Encoded(*(torch.zeros(0, dtype=torch.long),) * 3, torch.zeros(4, 1176, dtype=torch.uint8), torch.tensor([[1, 2, 2]]))
"""The smallest picture. A row without any runs the tower on it, because every process of a sharded model must take part."""


def collate(samples: Sequence[Encoded]) -> dict[str, Any]:
    """One packed row: everything end to end, `lengths` to tell the samples apart, and (number, name) of each.

    Samples whose features are known come first; `pixel_values` are those of the others, and absent where there are none.
    """
    samples = sorted(samples, key=lambda sample: sample.features is None)
    known = [s.features for s in samples if s.features is not None]
    row = {
        "input_ids": torch.cat([s.input_ids for s in samples]),
        "labels": torch.cat([s.labels for s in samples]),
        "position_ids": torch.cat([s.positions for s in samples], dim=1),
        "lengths": [len(s.input_ids) for s in samples],
        "samples": [(s.number, s.name) for s in samples],
    }
    if known:
        row["features"] = torch.cat(known)
    if len(known) < len(samples):
        pictures = [s for s in samples if len(s.grid)] or [BLANK]
        row["pixel_values"] = torch.cat([s.pixel_values for s in pictures])
        row["image_grid_thw"] = torch.cat([s.grid for s in pictures])
    return row


def supervised(labels: Tensor) -> tuple[Tensor, Tensor]:
    """(places in the row, token ids expected next there) of a row's labels: the state at a token predicts the next one."""
    place = (labels[1:] != IGNORE).nonzero().squeeze(1)
    return place, labels[1:][place]
