"""Any OpenAI-compatible chat endpoint as an engine: a vLLM or SGLang server, our own, or a provider's."""

import asyncio
import base64
import io
import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from onevision.engine.base import Delta, SamplingParams
from onevision.errors import InputError, MissingPartError, OneVisionError
from onevision.types import Completion, Message, StopReason

RETRIES = 6
"""The client waits longer before each (it honours Retry-After); a server that restarts is back before the last."""

TIMEOUT_SECONDS = 1800.0


class Unanswered(OneVisionError):
    """An endpoint gave no usable answer this time; the same request may have one later.

    status: the HTTP status, None where the connection failed or broke, nothing came in time, or what came was no completion.
    wait: seconds that the endpoint asked to wait (Retry-After), 0.0 where it did not say.
    """

    def __init__(self, message: str, status: int | None = None, wait: float = 0.0) -> None:
        super().__init__(message)
        self.status, self.wait = status, wait


@dataclass(frozen=True)
class Reply:
    """An endpoint's answer with the tokens that it counted, 0 where it does not say."""

    completions: tuple[Completion, ...]
    prompt_tokens: int = 0
    completion_tokens: int = 0


class OpenAIEngine:
    """Generates through POST URL/chat/completions. Pictures travel as PNG data URLs; the key is $OPENAI_API_KEY.

    name: the model's name at that server; url: up to and with /v1; retries: tries after the first, by the client itself;
    timeout: seconds. Completions have no token_ids and no logprobs. Raises MissingPartError without the package openai.
    """

    def __init__(self, name: str, url: str, retries: int = RETRIES, timeout: float = TIMEOUT_SECONDS) -> None:
        try:
            from openai import AsyncOpenAI
        except ImportError:
            raise MissingPartError("an openai: model needs the client: pip install 'onevision[bench]'") from None
        key = os.environ.get("OPENAI_API_KEY", "none")  # local servers want none, the client wants something
        self.name, self.url = name, url
        self._make: Any = lambda: AsyncOpenAI(base_url=url, api_key=key, max_retries=retries, timeout=timeout)
        self._made: tuple[Any, Any] = (None, None)

    async def generate(self, messages: Sequence[Message], sampling: SamplingParams, n: int = 1) -> list[Completion]:
        """n completions of one chat. Raises InputError when the server refuses the request, OneVisionError when it fails."""
        return list((await self.reply(messages, sampling, n)).completions)

    async def reply(self, messages: Sequence[Message], sampling: SamplingParams, n: int = 1) -> Reply:
        """n completions of one chat and what they cost. A picture may also be the bytes of its file. Raises InputError when
        the server refuses the request, Unanswered where asking again may help, OneVisionError for a wrong URL, name or key."""
        if n < 1:
            raise InputError(f"n is {n}; give 1 or more completions")
        with _plain_errors(self.url):
            # As plain JSON: the client's typed way costs as much time again as all the rest of a request.
            reply = await self._client().post("/chat/completions", body={**self._request(messages, sampling), "n": n}, cast_to=object)
        try:
            completions = tuple(_completion(one["message"], one.get("finish_reason")) for one in reply["choices"])
            usage = {key: int(value) for key, value in (reply.get("usage") or {}).items() if isinstance(value, int)}
        except (TypeError, KeyError, AttributeError):
            completions, usage = (), {}
        if len(completions) != n:
            raise Unanswered(f"{self.url} sent something else than {n} completions: {str(reply)[:80]!r}")
        return Reply(completions, usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0))

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

    async def close(self) -> None:
        """Close the connections of the running event loop."""
        if self._made[0] is asyncio.get_running_loop():
            await self._made[1].close()
            self._made = (None, None)

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
    """A Pillow picture as a PNG data URL: the pixels arrive as they are. The bytes of a picture's file go as they are."""
    if isinstance(image, bytes):
        kind = "jpeg" if image.startswith(b"\xff\xd8") else "webp" if image[8:12] == b"WEBP" else "png"
        return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return data_url(buffer.getvalue())


def _completion(message: Mapping[str, Any], stop: str | None) -> Completion:
    """The text with its thought: servers with a reasoning parser send that apart."""
    thought = message.get("reasoning_content") or message.get("reasoning") or ""
    text = (f"<think>\n{thought.strip()}\n</think>\n" if thought else "") + (message.get("content") or "")
    return Completion(text, (), (), _stop(stop))


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
    except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
        raise InputError(f"{url} refused the request: {error.message}") from error
    except openai.NotFoundError as error:
        raise OneVisionError(f"{url} has no such model or path: {error.message}; the URL should end in /v1") from error
    except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
        raise OneVisionError(f"{url} refused the key in $OPENAI_API_KEY: {error.message}") from error
    except openai.APIStatusError as error:
        raise Unanswered(_no_answer(url, error.message), error.status_code, _wait(error.response.headers)) from error
    except (openai.APIError, json.JSONDecodeError) as error:  # a body cut off in the middle is no JSON
        raise Unanswered(_no_answer(url, str(error))) from error


def _no_answer(url: str, why: str) -> str:
    return f"{url} did not answer: {why}; what was answered is kept, run again to go on"


def _wait(headers: Any) -> float:
    """Retry-After in seconds; its other form, a date, is left to our own pace."""
    try:
        return max(0.0, float(headers.get("retry-after") or 0))
    except ValueError:
        return 0.0
