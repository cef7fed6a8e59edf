"""Chats as tensors, and memory for what has been computed from them."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from torch import Tensor

from onevision.engine.chat import check_room, check_words, images_of
from onevision.store import content_id
from onevision.types import Message

T = TypeVar("T")


@dataclass(frozen=True)
class Prompt:
    """One chat, ready to run. inputs: the processor's tensors, a batch of one; pictures: a content id of each, as the model
    will see it; id: a content id of all of it; length: tokens, pictures included."""

    inputs: dict[str, Tensor]
    pictures: tuple[str, ...]
    id: str
    length: int


class Reader:
    """Turns chats into tensors and refuses what the model could not answer. Not to be shared by threads."""

    def __init__(self, processor: Any, image_token_id: int, context: int) -> None:
        self.processor, self.image_token_id, self.context = processor, image_token_id, context

    def tensors(self, chats: Sequence[Sequence[Message]]) -> dict[str, Tensor]:
        """The processor's tensors for a left-padded batch, on the CPU.

        Raises InputError for an empty question, a control token in it, or a prompt that leaves no room in the context.
        """
        for messages in chats:
            check_words(messages, self.processor.tokenizer)
        texts = [self.processor.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True) for messages in chats]
        images = [image for messages in chats for image in images_of(messages)]
        inputs: dict[str, Tensor] = dict(
            self.processor(images=images or None, text=texts, padding=True, padding_side="left", return_tensors="pt")
        )
        pictures = int((inputs["input_ids"] == self.image_token_id).sum(-1).max())
        check_room(inputs["input_ids"].shape[1], pictures, self.context)
        return inputs

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """One chat. Raises InputError as `tensors` does."""
        inputs = self.tensors([messages])
        pictures = picture_ids(inputs)
        words = inputs["input_ids"].numpy().tobytes()
        return Prompt(inputs, pictures, content_id(words, *pictures), inputs["input_ids"].shape[1])


def picture_ids(inputs: dict[str, Tensor]) -> tuple[str, ...]:
    """A content id of every picture among a processor's tensors, in order."""
    if "pixel_values" not in inputs:
        return ()
    grids = inputs["image_grid_thw"].cpu()
    pixels = inputs["pixel_values"].cpu().split(grids.prod(-1).tolist())
    return tuple(content_id(grid.numpy().tobytes(), part.numpy().tobytes()) for grid, part in zip(grids, pixels, strict=True))


class Recent(Generic[T]):
    """The last used of what was kept, up to so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.bytes, self.hits, self.misses = most_bytes, 0, 0, 0
        self._kept: OrderedDict[str, tuple[T, int]] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    def get(self, key: str) -> T | None:
        """What was kept under this key, if it is still there."""
        with self._lock:
            if key not in self._kept:
                self.misses += 1
                return None
            self.hits += 1
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def keep(self, key: str, value: T, tensors: Sequence[Tensor]) -> T:
        """Keep a value, whose size is that of its tensors; the longest unused go. Returns it."""
        size = sum(tensor.untyped_storage().nbytes() for tensor in tensors)
        with self._lock:
            self.bytes += size - self._kept.pop(key, (value, 0))[1]
            self._kept[key] = (value, size)
            while self.bytes > self.most_bytes:
                _, (_, dropped) = self._kept.popitem(last=False)
                self.bytes -= dropped
        return value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self.bytes = 0


def stamp(weights: Iterable[Tensor]) -> tuple[tuple[int, int], ...]:
    """Changes when a weight is replaced or trained in place: address and version counter of each."""
    return tuple((weight.data_ptr(), weight._version) for weight in weights)
