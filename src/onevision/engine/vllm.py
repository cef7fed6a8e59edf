"""vLLM as an engine: for serving, and for rollouts beside a model that is learning.

vLLM (Kwon et al., 2023, arXiv:2309.06180) computes in processes of its own and runs all requests that are in flight as one
batch, so n completions are n requests. They share the prompt through its prefix cache, and the picture through its
encoder cache. How to install it without a GPU: benchmarks/vllm_env.sh.
"""

import asyncio
import atexit
import os
import queue
import secrets
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from onevision.engine.base import Delta, SamplingParams
from onevision.engine.chat import banned_ids, check_room, check_words, eos_ids, images_of
from onevision.errors import InputError, MissingPartError
from onevision.models.load import SMALL_BYTES, load_processor, resolve
from onevision.store import content_id
from onevision.types import Completion, Message, StopReason

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import Qwen2_5_VLForConditionalGeneration

T = TypeVar("T")
Prompt = dict[str, Any]
"""vLLM's TokensPrompt: prompt_token_ids with one placeholder a picture, multi_modal_data with the pictures."""

MAX_PICTURES = 16
MAX_TEMPERATURE = 2.0

# Without a GPU, vLLM would otherwise take most of the machine's memory for its cache.
_CPU_CACHE_BYTES = 2**30
# Requests share whole blocks of a prompt; vLLM's 128 tokens on a CPU are more than many a prompt has.
_CPU_BLOCK = 32


class VLLMEngine:
    """Generates with vLLM. Special tokens other than the end of a turn are never sampled, as in TorchEngine.

    model: "nano", a folder or a hub id, always a Qwen2.5-VL. dtype: as in `models.load.load_model`.
    options: more fields of vLLM's AsyncEngineArgs, such as tensor_parallel_size=8 or gpu_memory_utilization=0.4.
    vLLM starts fresh Python processes: a script that makes an engine does so under `if __name__ == "__main__":`.
    Raises MissingPartError without vLLM, InputError for what is no Qwen2.5-VL.
    """

    def __init__(self, model: str | Path = "nano", dtype: str = "auto", **options: Any) -> None:
        folder = resolve(model)
        self.processor: Any = load_processor(folder)
        self.tokenizer = self.processor.tokenizer
        self._llm = _start(folder, dtype, options)
        config = self._llm.model_config
        self.context = int(config.max_model_len)
        self.eos = eos_ids(config.try_get_generation_config().get("eos_token_id"), self.tokenizer)
        self.banned = banned_ids(config.hf_config.to_dict(), self.tokenizer, self.eos)
        # vLLM's client lives in one event loop; ours may be called from any, and from none.
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="vllm", daemon=True).start()
        self._requests = 0
        atexit.register(self.close)

    def close(self) -> None:
        """End vLLM's processes; the engine is of no use afterwards."""
        atexit.unregister(self.close)
        self._llm.shutdown()
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def generate(self, messages: Sequence[Message], sampling: SamplingParams, n: int = 1) -> list[Completion]:
        """n completions of one chat; its prompt is run once (see `stream` for what is raised)."""
        if n < 1:
            raise InputError(f"n is {n}; give 1 or more completions")
        return await asyncio.wrap_future(self._submit(self._all([self._prompt(messages)], sampling, n)))

    def generate_batch(self, chats: Sequence[Sequence[Message]], sampling: SamplingParams) -> list[Completion]:
        """One completion for each of several chats; row i samples with (seed, i). Raises InputError as `stream` does."""
        return self._submit(self._all([self._prompt(messages) for messages in chats], sampling)).result()

    async def stream(self, messages: Sequence[Message], sampling: SamplingParams) -> AsyncIterator[Delta]:
        """One completion piece by piece; closing the iterator aborts the request.

        Raises InputError for an empty question, more than MAX_PICTURES pictures, a prompt that leaves no room in the
        model's context, or a temperature above MAX_TEMPERATURE.
        """
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[Delta | Exception] = asyncio.Queue()
        prompt = self._prompt(messages)
        pumping = self._submit(self._pump(prompt, sampling, lambda item: loop.call_soon_threadsafe(pieces.put_nowait, item)))
        try:
            while True:
                delta = _delta(await pieces.get())
                yield delta
                if delta.completion is not None:
                    return
        finally:
            pumping.cancel()

    def deltas(self, messages: Sequence[Message], sampling: SamplingParams) -> Iterator[Delta]:
        """`stream` for callers without an event loop."""
        pieces: queue.Queue[Delta | Exception] = queue.Queue()
        pumping = self._submit(self._pump(self._prompt(messages), sampling, pieces.put))
        try:
            while True:
                delta = _delta(pieces.get())
                yield delta
                if delta.completion is not None:
                    return
        finally:
            pumping.cancel()

    def update_weights(self, model: "Qwen2_5_VLForConditionalGeneration", weights: "dict[str, Tensor] | None" = None) -> None:
        """Answer with this model's weights from now on: one of the same shape, after an optimiser step.

        weights: the whole state dict of a model that is sharded.

        Answers in flight are finished first. The weights go through a safetensors file in the folder for temporary
        files (TMPDIR; on Linux /dev/shm keeps them in memory), which every one of vLLM's processes reads for itself.
        """
        with tempfile.TemporaryDirectory(prefix="onevision-weights-") as folder:
            model.save_pretrained(folder, state_dict=weights)
            self._submit(self._reload(folder)).result()

    async def _reload(self, folder: str) -> None:
        """Also empties the prefix and encoder caches: what they hold was computed with the old weights."""
        await self._llm.pause_generation(mode="wait", clear_cache=True)
        try:
            await self._llm.collective_rpc("load_trained", args=(folder,))
        finally:
            await self._llm.resume_generation()

    def _submit(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _all(self, prompts: Sequence[Prompt], sampling: SamplingParams, n: int = 1) -> list[Completion]:
        """n completions of every prompt, prompt by prompt. A prompt's pictures are prepared once for all of them."""
        seed = _seed(sampling)
        inputs = await self._llm.renderer.render_cmpl_async(prompts) if prompts else []
        rows = enumerate(given for given in inputs for _ in range(n))
        return list(await asyncio.gather(*(self._one(given, sampling, seed, row) for row, given in rows)))

    async def _one(self, given: Any, sampling: SamplingParams, seed: int, row: int) -> Completion:
        *_, last = [delta async for delta in self._pieces(given, sampling, seed, row)]
        assert last.completion is not None
        return last.completion

    async def _pump(self, prompt: Prompt, sampling: SamplingParams, put: Callable[[Delta | Exception], object]) -> None:
        """Hand on the pieces of one completion, or the error that ended it."""
        try:
            (given,) = await self._llm.renderer.render_cmpl_async([prompt])
            async for delta in self._pieces(given, sampling, _seed(sampling), 0):
                put(delta)
        except Exception as error:
            put(error)

    async def _pieces(self, given: Any, sampling: SamplingParams, seed: int, row: int) -> AsyncIterator[Delta]:
        """One request. given: the prompt as vLLM rendered it."""
        self._requests += 1
        growing = Growing(self.eos)
        async for answer in self._llm.generate(given, self._params(sampling, seed, row), str(self._requests)):
            (output,) = answer.outputs
            growing.prompt_tokens = len(answer.prompt_token_ids or ())
            piece = growing.add(output)
            yield Delta(piece, growing.completion() if output.finish_reason else None)

    def _params(self, sampling: SamplingParams, seed: int, row: int) -> Any:
        from vllm import SamplingParams as VLLMParams
        from vllm.sampling_params import RequestOutputKind

        if sampling.temperature > MAX_TEMPERATURE:
            raise InputError(f"temperature is {sampling.temperature}; vLLM takes at most {MAX_TEMPERATURE}")
        return VLLMParams(
            max_tokens=sampling.max_new_tokens,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            # vLLM would give row i seed + i, which another seed's rows share.
            seed=int(content_id(str(seed), str(row))[:15], 16),
            stop=list(sampling.stop),
            stop_token_ids=sorted(self.eos),
            logit_bias=dict.fromkeys(self.banned, float("-inf")),
            logprobs=0,
            output_kind=RequestOutputKind.DELTA,
        )

    def _prompt(self, messages: Sequence[Message]) -> Prompt:
        """Checked against the context before vLLM sees it."""
        check_words(messages, self.tokenizer)
        images = [self.processor.framed(image) for image in images_of(messages)]
        if len(images) > MAX_PICTURES:
            raise InputError(f"{len(images)} pictures in one chat; give at most {MAX_PICTURES}")
        text = self.processor.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True)
        tokens = self.tokenizer(text)["input_ids"]
        pictures = sum(self._picture_tokens(image) for image in images)
        check_room(len(tokens) - len(images) + pictures, pictures, self.context)
        return {"prompt_token_ids": tokens, "multi_modal_data": {"image": images}} if images else {"prompt_token_ids": tokens}

    def _picture_tokens(self, image: Any) -> int:
        processor = self.processor.image_processor
        return int(processor.get_number_of_image_patches(image.height, image.width, {})) // int(processor.merge_size) ** 2


class Growing:
    """One answer while it comes."""

    def __init__(self, eos: frozenset[int]) -> None:
        self.eos = eos
        self.text = ""
        self.tokens: list[int] = []
        self.logprobs: list[float] = []
        self.prompt_tokens = 0
        self.stop: StopReason = "length"

    def add(self, output: Any) -> str:
        """Take vLLM's next CompletionOutput; its new text."""
        for token, logprobs in zip(output.token_ids, output.logprobs, strict=True):
            if token not in self.eos:
                self.tokens.append(token)
                self.logprobs.append(logprobs[token].logprob)
        self.stop = "stop" if output.finish_reason == "stop" else "length"
        self.text += output.text
        return str(output.text)

    def completion(self) -> Completion:
        """What there is, as the record."""
        return Completion(self.text, tuple(self.tokens), tuple(self.logprobs), self.stop, self.prompt_tokens)


def _start(folder: Path, dtype: str, options: dict[str, Any]) -> Any:
    # Its log belongs on stderr, and at its own level drowns an answer.
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")
    try:
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM
    except ImportError as error:
        raise MissingPartError(f"this needs vLLM ({error}): pip install 'onevision[vllm]'; for a CPU see benchmarks/vllm_env.sh") from error
    defaults: dict[str, Any] = {
        "model": str(folder),
        "dtype": _dtype(dtype, folder),
        "seed": 0,
        "enable_prefix_caching": True,
        "limit_mm_per_prompt": {"image": MAX_PICTURES, "video": 0},
        "disable_log_stats": True,
        "worker_extension_cls": "onevision.engine.vllm_worker.LoadsTrained",
    }
    if not torch.cuda.is_available():
        defaults |= {"kv_cache_memory_bytes": _CPU_CACHE_BYTES, "block_size": _CPU_BLOCK, "enforce_eager": True}
    return AsyncLLM.from_engine_args(AsyncEngineArgs(**(defaults | options)))


def _dtype(dtype: str, folder: Path) -> str:
    """vLLM's own "auto" makes bfloat16 of float32; a small model on a CPU keeps it, as in `models.load`."""
    if dtype not in ("auto", "float32", "bfloat16", "float16"):
        raise InputError(f"dtype '{dtype}': vLLM takes auto, float32, bfloat16 or float16")
    small = sum(part.stat().st_size for part in folder.glob("*.safetensors")) <= SMALL_BYTES
    return "float32" if dtype == "auto" and small and not torch.cuda.is_available() else dtype


def _seed(sampling: SamplingParams) -> int:
    return secrets.randbits(63) if sampling.seed is None else sampling.seed


def _delta(item: Delta | Exception) -> Delta:
    if isinstance(item, Exception):
        raise item
    return item
