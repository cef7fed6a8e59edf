"""The embedded engine: a Qwen2.5-VL on PyTorch, picture encoded once, prompt run once, batched decode."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

from onevision.engine.base import Delta, SamplingParams
from onevision.engine.chat import banned_ids, check_room, check_words, eos_ids, images_of
from onevision.engine.lean import LeanDecoder, LeanWeights, can_run_lean, fingerprint, lean_weights
from onevision.engine.sampling import Picker
from onevision.engine.text import TextStream
from onevision.errors import InputError
from onevision.types import Completion, Message, StopReason

if TYPE_CHECKING:
    from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor


@dataclass(frozen=True)
class Prefill:
    """What running the prompts leaves behind. logits: (rows, vocab) float32 of the first new token; cache: the
    Hugging Face cache; mask: (rows, prompt) 1 on real tokens; next_position: (rows,) on all three M-RoPE axes."""

    logits: Tensor
    cache: Any
    mask: Tensor
    next_position: Tensor

    def repeated(self, n: int) -> "Prefill":
        """One prompt's row, n times."""
        self.cache.batch_repeat_interleave(n)
        logits, mask, position = (part.repeat_interleave(n, 0) for part in (self.logits, self.mask, self.next_position))
        return Prefill(logits, self.cache, mask, position)


class Decoder(Protocol):
    """One step for all rows, and dropping of finished rows."""

    def step(self, tokens: Tensor) -> Tensor: ...

    def keep(self, rows: Tensor) -> None: ...


class ForwardDecoder:
    """Decodes through the model's own forward: for large, sharded, quantised or adapted models."""

    def __init__(self, model: Any, prefill: Prefill) -> None:
        self.model = model
        self.cache = prefill.cache
        self.mask = prefill.mask
        self.position = prefill.next_position

    @torch.inference_mode()
    def step(self, tokens: Tensor) -> Tensor:
        """tokens (rows,) int64 -> logits (rows, vocab) float32."""
        self.mask = torch.cat((self.mask, self.mask.new_ones(len(tokens), 1)), 1)
        out = self.model(
            input_ids=tokens[:, None],
            attention_mask=self.mask,
            position_ids=self.position.view(1, -1, 1).expand(3, -1, 1),
            past_key_values=self.cache,
            use_cache=True,
        )
        self.position = self.position + 1
        return out.logits[:, -1].float()  # type: ignore[no-any-return]

    @torch.inference_mode()
    def keep(self, rows: Tensor) -> None:
        """Go on with these rows only."""
        self.cache.batch_select_indices(rows)
        self.mask, self.position = self.mask[rows], self.position[rows]


class Row:
    """One answer while it grows."""

    def __init__(self, tokenizer: Any, sampling: SamplingParams, streaming: bool) -> None:
        self.tokenizer = tokenizer
        self.tokens: list[int] = []
        self.logprobs: list[float] = []
        self.stop: StopReason | None = None
        self.text = TextStream(tokenizer, sampling.stop) if streaming or sampling.stop else None

    def take(self, token: int, logprob: float, eos: frozenset[int]) -> str:
        """Add a token unless it ends the turn; the piece of text it makes certain (streaming rows only)."""
        if token in eos:
            self.stop = "stop"
            return ""
        self.tokens.append(token)
        self.logprobs.append(logprob)
        piece = self.text.push(token) if self.text else ""
        if self.text and self.text.stopped:
            self.stop = "stop"
        return piece

    def completion(self) -> Completion:
        """What there is, as the record."""
        if self.text:
            self.text.flush()
            text = self.text.text
        else:
            text = self.tokenizer.decode(self.tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Completion(text, tuple(self.tokens), tuple(self.logprobs), self.stop or "length")


class TorchEngine:
    """Generates with one loaded model and its processor (see `models.load.load_model`).

    The decode step is our own (`engine.lean`) for plain small models, the model's forward for all others; trained
    weights are noticed. Special tokens other than the end of a turn are never sampled.
    """

    lanes = 1
    """Batches that it is worth having in flight: it computes one after the other."""

    def __init__(self, model: "Qwen2_5_VLForConditionalGeneration", processor: "Qwen2_5_VLProcessor") -> None:
        self.model: Any = model
        self.processor: Any = processor
        self.tokenizer = self.processor.tokenizer
        self.context = int(self.model.config.get_text_config().max_position_embeddings)
        self.eos = eos_ids(getattr(self.model.generation_config, "eos_token_id", None), self.tokenizer)
        self.banned = torch.tensor(banned_ids(self.model.config, self.tokenizer, self.eos), device=self.model.device)
        self._weights: LeanWeights | None = None

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
        for _, piece in self._decode(self._prefill([messages]), sampling, [row], cancelled):
            if piece:
                yield Delta(piece)
        assert row.text is not None
        rest = row.text.flush()
        yield Delta(rest, row.completion())

    def generate_batch(self, chats: Sequence[Sequence[Message]], sampling: SamplingParams) -> list[Completion]:
        """One completion for each of several chats, run as one left-padded batch; row i samples with (seed, i).

        The caller chooses the batch: chats of like length waste least. Raises InputError as `generate` does.
        """
        return self.complete(self._prefill(chats), sampling) if chats else []

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
        if n > 1:
            prefill = prefill.repeated(n)
        rows = [Row(self.tokenizer, sampling, streaming=False) for _ in range(prompts * n)]
        for _ in self._decode(prefill, sampling, rows, cancelled, seeds):
            pass
        return [row.completion() for row in rows]

    def _decode(
        self, prefill: Prefill, sampling: SamplingParams, rows: list[Row], cancelled: threading.Event | None, seeds: Sequence[int] = ()
    ) -> Iterator[tuple[Row, str]]:
        """Grow all rows until each has stopped; yields a row and its new piece of text after every token."""
        room = min(sampling.max_new_tokens, self.context - prefill.mask.shape[1])
        picker = Picker(sampling, len(rows), self.banned, seeds)
        decoder = self._decoder(prefill, room)
        logits, alive = prefill.logits, list(rows)
        for left in range(room - 1, -1, -1):
            tokens, logprobs = picker.pick(logits)
            for row, token, logprob in zip(alive, tokens.tolist(), logprobs.tolist(), strict=True):
                if row.stop is None:
                    yield row, row.take(token, logprob, self.eos)
            if cancelled is not None and cancelled.is_set():
                _mark_cancelled(alive)
            going = [index for index, row in enumerate(alive) if row.stop is None]
            if not going or not left:
                return
            # Dropping rows copies the cache, so it waits until a quarter of them has finished.
            if len(going) <= 0.75 * len(alive):
                keep = torch.tensor(going, device=tokens.device)
                decoder.keep(keep)
                picker.keep(keep)
                alive, tokens = [alive[index] for index in going], tokens[keep]
            logits = decoder.step(tokens)

    def _decoder(self, prefill: Prefill, room: int) -> Decoder:
        if not can_run_lean(self.model):
            return ForwardDecoder(self.model, prefill)
        if self._weights is None or self._weights.made_of != fingerprint(self.model):
            self._weights = lean_weights(self.model, self.context)
        cache = [(layer.keys, layer.values) for layer in prefill.cache.layers]
        return LeanDecoder(self._weights, cache, prefill.mask, prefill.next_position, room)

    @torch.inference_mode()
    def _prefill(self, chats: Sequence[Sequence[Message]]) -> Prefill:
        inputs = self._inputs(chats)
        mask = inputs["attention_mask"]
        position_ids, _ = self.model.model.get_rope_index(
            inputs["input_ids"], inputs.pop("mm_token_type_ids"), inputs.get("image_grid_thw"), attention_mask=mask
        )
        out = self.model(**inputs, position_ids=position_ids, use_cache=True, logits_to_keep=1)
        return Prefill(out.logits[:, -1].float(), out.past_key_values, mask, position_ids.amax((0, 2)) + 1)

    def _inputs(self, chats: Sequence[Sequence[Message]]) -> dict[str, Tensor]:
        """The processor's tensors for a left-padded batch, checked against the context."""
        for messages in chats:
            check_words(messages, self.tokenizer)
        texts = [self.processor.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True) for messages in chats]
        images = [image for messages in chats for image in images_of(messages)]
        inputs = self.processor(images=images or None, text=texts, padding=True, padding_side="left", return_tensors="pt")
        length = inputs["input_ids"].shape[1]
        pictures = int((inputs["input_ids"] == self.model.config.image_token_id).sum(-1).max())
        check_room(length, pictures, self.context)
        return {name: tensor.to(self.model.device) for name, tensor in inputs.items()}


def _mark_cancelled(rows: Sequence[Row]) -> None:
    for row in rows:
        row.stop = row.stop or "cancelled"
