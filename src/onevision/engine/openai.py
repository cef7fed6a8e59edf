"""Any OpenAI-compatible chat endpoint as an engine: a vLLM or SGLang server, our own, or a provider's."""

import asyncio
import base64
import io
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from onevision.engine.base import Delta, SamplingParams
from onevision.errors import InputError, MissingPartError, OneVisionError
from onevision.types import Completion, Message, StopReason

RETRIES = 6
"""The client waits longer before each (it honours Retry-After); a server that restarts is back before the last."""

TIMEOUT_SECONDS = 1800.0


class OpenAIEngine:
    """Generates through POST URL/chat/completions. Pictures travel as PNG data URLs; the key is $OPENAI_API_KEY.

    name: the model's name at that server; url: up to and with /v1. Completions have no token_ids and no logprobs.
    Raises MissingPartError without the package openai.
    """

    def __init__(self, name: str, url: str) -> None:
        try:
            from openai import AsyncOpenAI
        except ImportError:
            raise MissingPartError("an openai: model needs the client: pip install 'onevision[bench]'") from None
        key = os.environ.get("OPENAI_API_KEY", "none")  # local servers want none, the client wants something
        self.name, self.url = name, url
        self._make: Any = lambda: AsyncOpenAI(base_url=url, api_key=key, max_retries=RETRIES, timeout=TIMEOUT_SECONDS)
        self._made: tuple[Any, Any] = (None, None)

    async def generate(self, messages: Sequence[Message], sampling: SamplingParams, n: int = 1) -> list[Completion]:
        """n completions of one chat. Raises InputError when the server refuses the request, OneVisionError when it fails."""
        if n < 1:
            raise InputError(f"n is {n}; give 1 or more completions")
        with _plain_errors(self.url):
            reply = await self._client().chat.completions.create(**self._request(messages, sampling), n=n)
        return [Completion(_whole(one.message), (), (), _stop(one.finish_reason)) for one in reply.choices]

    async def stream(self, messages: Sequence[Message], sampling: SamplingParams) -> AsyncIterator[Delta]:
        """One completion piece by piece; closing the iterator closes the connection."""
        text, thinking, reason = "", False, None
        with _plain_errors(self.url):
            async with await self._client().chat.completions.create(**self._request(messages, sampling), stream=True) as chunks:
                async for choice in (choice async for chunk in chunks for choice in chunk.choices):
                    piece, thinking = _joined(choice.delta, thinking)
                    text, reason = text + piece, choice.finish_reason or reason
                    if piece:
                        yield Delta(piece)
        rest = "\n</think>\n" if thinking else ""
        yield Delta(rest, Completion(text + rest, (), (), _stop(reason)))

    def _client(self) -> Any:
        """The client of the running event loop: its connections belong to one."""
        loop = asyncio.get_running_loop()
        if self._made[0] is not loop:
            self._made = (loop, self._make())
        return self._made[1]

    def _request(self, messages: Sequence[Message], sampling: SamplingParams) -> dict[str, Any]:
        optional = {"seed": sampling.seed, "stop": list(sampling.stop) or None}
        return {
            "model": self.name,
            "messages": [{**message, "content": _content(message["content"])} for message in messages],
            "max_tokens": sampling.max_new_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            **{key: value for key, value in optional.items() if value is not None},
        }


def _content(content: str | list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    if isinstance(content, str):
        return content
    return [{"type": "image_url", "image_url": {"url": data_url(item["image"])}} if item["type"] == "image" else item for item in content]


def data_url(image: Any) -> str:
    """A Pillow picture as a PNG data URL: the pixels arrive as they are."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _whole(message: Any) -> str:
    """The text with its thought: servers with a reasoning parser send that apart."""
    thought = _thought(message)
    return (f"<think>\n{thought.strip()}\n</think>\n" if thought else "") + (message.content or "")


def _thought(part: Any) -> str:
    return getattr(part, "reasoning_content", None) or getattr(part, "reasoning", None) or ""


def _joined(delta: Any, thinking: bool) -> tuple[str, bool]:
    """A streamed piece with the tags its place needs, and whether the thought is still open after it."""
    if thought := _thought(delta):
        return ("" if thinking else "<think>\n") + thought, True
    if delta.content:
        return ("\n</think>\n" if thinking else "") + delta.content, False
    return "", thinking


def _stop(reason: str | None) -> StopReason:
    return "length" if reason == "length" else "stop"


@contextmanager
def _plain_errors(url: str) -> Iterator[None]:
    """The client's errors as ours, each one line."""
    import openai

    try:
        yield
    except openai.BadRequestError as error:
        raise InputError(f"{url} refused the request: {error.message}") from error
    except openai.NotFoundError as error:
        raise OneVisionError(f"{url} has no such model or path: {error.message}; the URL should end in /v1") from error
    except openai.APIError as error:
        raise OneVisionError(f"{url} did not answer: {error.message}; what was answered is kept, run again to go on") from error
