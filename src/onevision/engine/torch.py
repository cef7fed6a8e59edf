"""The embedded engine: a Qwen2.5-VL on PyTorch, picture encoded once, prompt run once, batched decode."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

from onevision.engine.base import Delta, SamplingParams
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

    def __init__(self, model: "Qwen2_5_VLForConditionalGeneration", processor: "Qwen2_5_VLProcessor") -> None:
        self.model: Any = model
        self.processor: Any = processor
        self.tokenizer = self.processor.tokenizer
        self.context = int(self.model.config.get_text_config().max_position_embeddings)
        self.eos = _eos_ids(self.model, self.tokenizer)
        self.banned = torch.tensor(_banned_ids(self.model, self.tokenizer, self.eos), device=self.model.device)
        self._weights: LeanWeights | None = None

    async def generate(self, messages: Sequence[Message], sampling: SamplingParams, n: int = 1) -> list[Completion]:
        """n completions of one chat; the pictures are encoded once and the prompt is run once for all of them.

        Raises InputError for an empty question, or a prompt that leaves no room in the model's context.
        """
        if n < 1:
            raise InputError(f"n is {n}; give 1 or more completions")
        cancelled = threading.Event()
        try:
            return await asyncio.to_thread(self._complete, [messages], sampling, n, cancelled)
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
        return self._complete(chats, sampling, 1, None) if chats else []

    def _complete(
        self, chats: Sequence[Sequence[Message]], sampling: SamplingParams, n: int, cancelled: threading.Event | None
    ) -> list[Completion]:
        prefill = self._prefill(chats)
        if n > 1:
            prefill = prefill.repeated(n)
        rows = [Row(self.tokenizer, sampling, streaming=False) for _ in range(len(chats) * n)]
        for _ in self._decode(prefill, sampling, rows, cancelled):
            pass
        return [row.completion() for row in rows]

    def _decode(
        self, prefill: Prefill, sampling: SamplingParams, rows: list[Row], cancelled: threading.Event | None
    ) -> Iterator[tuple[Row, str]]:
        """Grow all rows until each has stopped; yields a row and its new piece of text after every token."""
        room = min(sampling.max_new_tokens, self.context - prefill.mask.shape[1])
        picker = Picker(sampling, len(rows), self.banned)
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
            _check_words(messages, self.tokenizer)
        texts = [self.processor.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True) for messages in chats]
        images = [image for messages in chats for image in _images(messages)]
        inputs = self.processor(images=images or None, text=texts, padding=True, padding_side="left", return_tensors="pt")
        length = inputs["input_ids"].shape[1]
        if length >= self.context:
            pictures = int((inputs["input_ids"] == self.model.config.image_token_id).sum(-1).max())
            raise InputError(
                f"the prompt has {length} tokens ({pictures} of them for pictures) but the model's context holds "
                f"{self.context}; ask a shorter question or give fewer or smaller pictures"
            )
        return {name: tensor.to(self.model.device) for name, tensor in inputs.items()}


def _check_words(messages: Sequence[Message], tokenizer: Any) -> None:
    last = next((message for message in reversed(messages) if message["role"] == "user"), None)
    if last is None or not _text(last).strip():
        raise InputError("the question is empty; ask something about the picture")
    special = [added.content for added in tokenizer.added_tokens_decoder.values() if added.special]
    # Written out in a question they would become control tokens, or pictures that are not there.
    used = [token for token in special for message in messages if token in _text(message)]
    if used:
        raise InputError(f"the question holds the control token '{used[0]}'; leave it out")


def _text(message: Message) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return "".join(item["text"] for item in content if item["type"] == "text")


def _images(messages: Sequence[Message]) -> list[Any]:
    contents = [message["content"] for message in messages if not isinstance(message["content"], str)]
    return [item["image"] for content in contents for item in content if item["type"] == "image"]


def _mark_cancelled(rows: Sequence[Row]) -> None:
    for row in rows:
        row.stop = row.stop or "cancelled"


def _eos_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    eos = getattr(model.generation_config, "eos_token_id", None)
    listed = eos if isinstance(eos, list) else [eos]
    return frozenset(token for token in (*listed, tokenizer.eos_token_id) if token is not None)


def _banned_ids(model: Any, tokenizer: Any, eos: frozenset[int]) -> list[int]:
    """Special tokens but the ends of a turn, and rows of the vocabulary that stand for no token at all."""
    config, vocab = model.config, model.config.get_text_config().vocab_size
    special = {token for token, added in tokenizer.added_tokens_decoder.items() if added.special}
    vision = {config.image_token_id, config.video_token_id, config.vision_start_token_id, config.vision_end_token_id}
    unused = set(range(len(tokenizer), vocab))
    return sorted(token for token in (special | vision | unused) - eos if token < vocab)
