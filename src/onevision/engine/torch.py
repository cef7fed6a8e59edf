"""The embedded engines: a Qwen2.5-VL on PyTorch, picture encoded once, prompt run once, batched decode."""

import asyncio
import secrets
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from onevision.engine.base import Delta, SamplingParams
from onevision.engine.batch import Batch, Decoder, News, Row
from onevision.engine.chat import banned_ids, eos_ids
from onevision.engine.forward import ForwardDecoder
from onevision.engine.guesses import Guesses
from onevision.engine.lean import LeanDecoder, LeanWeights, can_run_lean, lean_weights
from onevision.engine.prefill import Prefill
from onevision.engine.reader import Prompt, Reader, Recent, picture_ids, stamp
from onevision.errors import InputError
from onevision.types import Completion, Message

if TYPE_CHECKING:
    from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor

    from onevision.engine.compiled import CompiledSteps

FEATURE_BYTES, PROMPT_BYTES = 2**26, 2**27
"""Picture features and prompts that were run lately are remembered up to so many bytes each."""


class LocalEngine(ABC):
    """Generates in this process. Special tokens other than the end of a turn are never sampled.

    config: the checkpoint's config.json; ends: its generation config's eos_token_id.
    """

    lanes = 1
    """Batches that it is worth having in flight: it computes one after the other."""

    releases_lock = False
    """Whether nearly all of its time goes by without Python's lock, so that two threads can compute at a time."""

    def __init__(self, processor: Any, config: Mapping[str, Any], ends: int | Sequence[int] | None, device: torch.device) -> None:
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self.context = int(config["text_config"]["max_position_embeddings"])
        self.eos = eos_ids(ends, self.tokenizer)
        self.banned = torch.tensor(banned_ids(config, self.tokenizer, self.eos), device=device)
        self.reader = Reader(processor, config["image_token_id"], self.context)
        self.features: Recent[Tensor] = Recent(FEATURE_BYTES)
        self.prompts: Recent[Prefill] = Recent(PROMPT_BYTES)
        self._computed_with = stamp(self.learning())

    @abstractmethod
    def learning(self) -> Iterable[Tensor]:
        """The weights that may change while the engine lives."""

    @abstractmethod
    def decoder(self) -> Decoder:
        """An empty decoder on the weights as they are now."""

    @abstractmethod
    def look(self, pixel_values: Tensor, grids: Tensor) -> Sequence[Tensor]:
        """Each picture's features, (tokens, hidden). pixel_values: (patches, 1176) of all of them; grids: (pictures, 3)."""

    @abstractmethod
    def run(self, inputs: dict[str, Tensor], features: Sequence[Tensor]) -> Prefill:
        """Run prompts as `Reader.tensors` gives them, with their pictures' features in order."""

    async def generate(self, messages: Sequence[Message], sampling: SamplingParams, n: int = 1) -> list[Completion]:
        """n completions of one chat; the pictures are encoded once and the prompt is run once for all of them.

        Raises InputError for an empty question, or a prompt that leaves no room in the model's context.
        """
        if n < 1:
            raise InputError(f"n is {n}; give 1 or more completions")
        cancelled = threading.Event()
        try:
            return await asyncio.to_thread(lambda: self.complete(self._prefill([messages]), sampling, n, cancelled))
        finally:
            cancelled.set()

    async def stream(self, messages: Sequence[Message], sampling: SamplingParams) -> AsyncIterator[Delta]:
        """One completion piece by piece, computed in a thread; closing the iterator ends that thread's work."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Delta | Exception] = asyncio.Queue()
        cancelled = threading.Event()

        def work() -> None:
            try:
                for delta in self.deltas(messages, sampling, cancelled):
                    loop.call_soon_threadsafe(queue.put_nowait, delta)
            except Exception as error:
                loop.call_soon_threadsafe(queue.put_nowait, error)

        worker = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            while True:
                item = await queue.get()
                if isinstance(item, Exception):
                    raise item
                yield item
                if item.completion is not None:
                    return
        finally:
            cancelled.set()
            await worker

    def deltas(self, messages: Sequence[Message], sampling: SamplingParams, cancelled: threading.Event | None = None) -> Iterator[Delta]:
        """`stream` for callers without an event loop."""
        row = Row(self.tokenizer, sampling, streaming=True)
        for news in self._grow(self._prefill([messages]), [row], cancelled):
            if text := "".join(one.text for one in news):
                yield Delta(text)
        assert row.text is not None
        rest = row.text.flush()
        yield Delta(rest, row.completion())

    def generate_batch(self, chats: Sequence[Sequence[Message]], sampling: SamplingParams, seeds: Sequence[int] = ()) -> list[Completion]:
        """One completion for each of several chats, run as one left-padded batch; row i samples with (seed, i), or, with a
        seed for each chat, as that chat would alone with its seed.

        The caller chooses the batch: chats of like length waste least. Raises InputError as `generate` does.
        """
        return self.complete(self._prefill(chats), sampling, seeds=seeds) if chats else []

    def complete(
        self,
        prefill: Prefill,
        sampling: SamplingParams,
        n: int = 1,
        cancelled: threading.Event | None = None,
        seeds: Sequence[int] = (),
    ) -> list[Completion]:
        """n completions of every prompt that was run, prompt by prompt.

        Row i of them all samples with (sampling.seed, i); with a seed for each prompt, row i of a prompt with (its seed, i).
        """
        prompts = len(prefill.mask)
        seed = secrets.randbits(63) if sampling.seed is None else sampling.seed
        numbered = [(own, i) for own in seeds for i in range(n)] if seeds else [(seed, i) for i in range(prompts * n)]
        rows = [Row(self.tokenizer, sampling, index, own) for own, index in numbered]
        for _ in self._grow(prefill, rows, cancelled):
            pass
        return [row.completion() for row in rows]

    def batch(self, guesses: Guesses | None = None) -> Batch:
        """An empty batch on the weights as they are now. guesses: see `Batch`; how its sums are rounded then depends on what was
        written before, so what must come out the same to the last bit goes without."""
        return Batch(self.decoder(), self.eos, self.banned, self.context, guesses)

    def _grow(self, prefill: Prefill, rows: Sequence[Row], cancelled: threading.Event | None) -> Iterator[list[News]]:
        """Grow rows until each has stopped; yields what every step of all rows brings."""
        batch = self.batch()
        yield batch.join(prefill, rows)
        while batch.rows:
            if cancelled is not None and cancelled.is_set():
                batch.cancel(batch.rows)
                return
            yield batch.step()

    @torch.inference_mode()
    def prefill(self, prompt: Prompt) -> Prefill:
        """Run one prompt, or remember it."""
        self._forget_if_trained()
        if known := self.prompts.get(prompt.id):
            return known
        prefill = self._run(prompt.inputs, prompt.pictures)
        tensors = [tensor for layer in prefill.layers for tensor in layer]
        return self.prompts.keep(prompt.id, prefill, [*tensors, prefill.logits])

    @torch.inference_mode()
    def _prefill(self, chats: Sequence[Sequence[Message]]) -> Prefill:
        self._forget_if_trained()
        inputs = self._inputs(chats)
        return self._run(inputs, picture_ids(inputs))

    def _inputs(self, chats: Sequence[Sequence[Message]]) -> dict[str, Tensor]:
        return self.reader.tensors(chats)

    def _run(self, inputs: dict[str, Tensor], pictures: Sequence[str]) -> Prefill:
        """Pictures not seen lately go through the tower together."""
        inputs = {name: tensor.to(self.banned.device) for name, tensor in inputs.items()}
        first = {picture: index for index, picture in reversed(list(enumerate(pictures)))}
        seen = {picture: self.features.get(picture) for picture in first}
        if new := [first[picture] for picture, features in seen.items() if features is None]:
            grids = inputs["image_grid_thw"]
            parts = inputs["pixel_values"].split(grids.prod(-1).tolist())
            for index, features in zip(new, self.look(torch.cat([parts[index] for index in new]), grids[new]), strict=True):
                own = features.clone()
                seen[pictures[index]] = self.features.keep(pictures[index], own, [own])
        return self.run(inputs, [kept for picture in pictures if (kept := seen[picture]) is not None])

    def _forget_if_trained(self) -> None:
        now = stamp(self.learning())
        if now != self._computed_with:
            self.features.clear()
            self.prompts.clear()
            self._computed_with = now


class TorchEngine(LocalEngine):
    """Generates with one loaded model and its processor (see `models.load.load_model`).

    The decode step is our own (`engine.lean`) for plain small models, the model's forward for all others; trained
    weights are noticed. compiled: our own, compiled (`engine.compiled`); raises InputError for a model that has not our own.
    """

    def __init__(self, model: "Qwen2_5_VLForConditionalGeneration", processor: "Qwen2_5_VLProcessor", compiled: bool = False) -> None:
        self.model: Any = model
        ends = getattr(self.model.generation_config, "eos_token_id", None)
        super().__init__(processor, self.model.config.to_dict(), ends, self.model.device)
        self._weights: LeanWeights | None = None
        if compiled and not can_run_lean(model):
            raise InputError("compile: only small plain models have steps to compile; leave it out")
        self._steps = compiled_steps(self._lean()) if compiled else None

    def learning(self) -> Iterable[Tensor]:
        """As `LocalEngine`."""
        weights: Iterable[Tensor] = self.model.parameters()
        return weights

    def decoder(self) -> Decoder:
        """As `LocalEngine`."""
        if not can_run_lean(self.model):
            return ForwardDecoder(self.model)
        weights = self._lean()
        return LeanDecoder(weights) if self._steps is None else self._steps.decoder(weights)

    def look(self, pixel_values: Tensor, grids: Tensor) -> Sequence[Tensor]:
        """As `LocalEngine`."""
        features: Sequence[Tensor] = self.model.model.get_image_features(pixel_values, grids, return_dict=True).pooler_output
        return features

    def run(self, inputs: dict[str, Tensor], features: Sequence[Tensor]) -> Prefill:
        """As `LocalEngine`."""
        from transformers.modeling_outputs import BaseModelOutputWithPooling

        mask, grids = inputs["attention_mask"], inputs.get("image_grid_thw")
        position_ids, _ = self.model.model.get_rope_index(inputs["input_ids"], inputs["mm_token_type_ids"], grids, attention_mask=mask)
        words = {name: inputs[name] for name in ("input_ids", "attention_mask")}
        seen = {"mm_encoder_outputs": {"image": BaseModelOutputWithPooling(pooler_output=tuple(features))}} if features else {}
        out = self.model(**words, **seen, position_ids=position_ids, use_cache=True, logits_to_keep=1)
        return Prefill.of(out, mask, position_ids)

    def _lean(self) -> LeanWeights:
        """Of the model as it is now."""
        if self._weights is None or self._weights.made_of != stamp(self.model.model.language_model.parameters()):
            self._weights = lean_weights(self.model, self.context)
        return self._weights


def compiled_steps(weights: LeanWeights) -> "CompiledSteps":
    """Imported where they are wanted: the compiler takes longer to import than nano to answer."""
    from onevision.engine.compiled import CompiledSteps

    return CompiledSteps(weights)
