"""A chat request to what an engine is asked, and what the engine says to OpenAI's replies."""

import asyncio
import secrets
import time
from typing import Any

from onevision.engine.batch import Token
from onevision.errors import InputError
from onevision.serve.errors import Refusal
from onevision.serve.pictures import Fetcher, decode, from_data_url
from onevision.serve.scheduler import Asked, Piece
from onevision.serve.schema import (
    ChatChunk,
    ChatMessage,
    ChatReply,
    ChatRequest,
    Choice,
    ChunkChoice,
    ChunkDelta,
    FinishReason,
    ImagePart,
    Logprobs,
    TokenLogprob,
    TopLogprob,
    Usage,
)
from onevision.serve.settings import Settings
from onevision.serve.thought import Thought
from onevision.types import Completion, Message

MAX_PICTURES = 16
"""In one request."""

LARGE_PICTURES = 2
"""So many pictures of the largest size may come in one request, or smaller ones with as many pixels in all."""


def asked_of(request: ChatRequest, settings: Settings, fetcher: Fetcher) -> Asked:
    """The request. Raises Refusal for too many pictures and for an address that is not allowed, `read`, which opens the
    pictures, for one that is not to be had and for too many pixels."""
    _check_pictures(request, fetcher)
    top = (request.top_logprobs or 0) if request.logprobs else None
    # Which tokens are the thought's is seen from the text as it comes.
    streaming = request.stream or top is not None
    pictures = _Pictures(settings, fetcher)

    async def read() -> list[Message]:
        return [await _message(message, index, pictures) for index, message in enumerate(request.messages)]

    return Asked((), request.sampling(settings.max_new_tokens), request.n or 1, streaming, top, read)


def _check_pictures(request: ChatRequest, fetcher: Fetcher) -> None:
    """What can be refused at once: nobody should wait for a place, or be told to come again, to learn of it."""
    count = 0
    for index, message in enumerate(request.messages):
        for number, part in enumerate(message.content if not isinstance(message.content, str) else ()):
            if not isinstance(part, ImagePart):
                continue
            param, count = _image_param(index, number), count + 1
            if count > MAX_PICTURES:
                raise Refusal(f"more than {MAX_PICTURES} pictures in one request; give fewer", param, code="too_many_images")
            if not part.image_url.url.startswith("data:"):
                fetcher.check(part.image_url.url, param)


def _image_param(message: int, part: int) -> str:
    return f"messages.{message}.content.{part}.image_url"


async def _message(message: ChatMessage, number: int, pictures: "_Pictures") -> Message:
    role = "system" if message.role == "developer" else message.role
    if isinstance(message.content, str):
        thought = f"<think>\n{message.reasoning_content}\n</think>\n" if message.reasoning_content else ""
        return {"role": role, "content": thought + message.content}
    content: list[dict[str, Any]] = []
    for index, part in enumerate(message.content):
        if isinstance(part, ImagePart):
            content.append({"type": "image", "image": await pictures.open(part.image_url.url, _image_param(number, index))})
        else:
            content.append({"type": "text", "text": part.text})
    return {"role": role, "content": content}


class _Pictures:
    """Opens a request's pictures one after the other, as long as they are not too large together."""

    def __init__(self, settings: Settings, fetcher: Fetcher) -> None:
        self.settings, self.fetcher = settings, fetcher
        self.pixels = 0

    async def open(self, url: str, param: str) -> Any:
        """Raises Refusal."""
        image = await self._opened(url, param)
        self.pixels += image.width * image.height
        if self.pixels > (most := LARGE_PICTURES * self.settings.max_pixels):
            raise Refusal(
                f"pictures of more than {most // 1_000_000} megapixels together; give fewer or smaller ones", param, code="too_many_images"
            )
        return image

    async def _opened(self, url: str, param: str) -> Any:
        """Decoding takes long enough to be done in a thread."""
        try:
            if url.startswith("data:"):
                return await asyncio.to_thread(lambda: decode(from_data_url(url, param), self.settings))
            return await asyncio.to_thread(decode, await self.fetcher.fetch(url, param), self.settings)
        except InputError as error:
            raise Refusal(str(error), param, code="invalid_image") from None


class Answers:
    """The n answers to one request while they come: what is new in each, and what all were in the end."""

    def __init__(self, model: str, n: int, tokenizer: Any) -> None:
        self.head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": model}
        self.answers = [Answer(index, tokenizer) for index in range(n)]
        self.cached = 0

    def chunks(self, piece: Piece) -> list[ChatChunk]:
        """The events that a piece becomes; none inside a tag."""
        self.cached = self.cached or piece.cached
        answer = self.answers[piece.index]
        return [self._chunk([choice]) for choice in answer.add(piece)]

    def begin(self) -> list[ChatChunk]:
        """The first events: that somebody speaks."""
        return [self._chunk([_choice(answer.index, {"role": "assistant", "content": ""})]) for answer in self.answers]

    def last(self) -> ChatChunk:
        """The event with the token counts."""
        return {**self._chunk([]), "usage": self.usage()}

    def reply(self) -> ChatReply:
        """Everything at once."""
        choices = [answer.choice() for answer in self.answers]
        return {**self.head, "object": "chat.completion", "choices": choices, "usage": self.usage()}  # type: ignore[typeddict-item]

    def usage(self) -> Usage:
        """Tokens of the prompt, once, and of all answers."""
        prompt = max(answer.prompt_tokens for answer in self.answers)
        told = sum(answer.tokens for answer in self.answers)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": told,
            "total_tokens": prompt + told,
            "prompt_tokens_details": {"cached_tokens": self.cached},
            "completion_tokens_details": {"reasoning_tokens": sum(answer.reasoning_tokens for answer in self.answers)},
        }

    def _chunk(self, choices: list[ChunkChoice]) -> ChatChunk:
        return {**self.head, "object": "chat.completion.chunk", "choices": choices}  # type: ignore[typeddict-item]


class Answer:
    """One answer while it comes. reasoning and content: what has been said; a token belongs to the part that it ends in."""

    def __init__(self, index: int, tokenizer: Any) -> None:
        self.index, self.tokenizer = index, tokenizer
        self.reasoning, self.content = "", ""
        self.tokens = self.reasoning_tokens = self.prompt_tokens = 0
        self.finish: FinishReason = "stop"
        self._thought = Thought()
        # The same, token by token: what an engine tells only at the end has long gone through the other one.
        self._tokens = Thought()
        self._untold: tuple[Token, ...] = ()
        self._logprobs: Logprobs | None = None

    def add(self, piece: Piece) -> list[ChunkChoice]:
        """Take a piece; the choices of the events it becomes."""
        reasoning, content = self._thought.push(piece.text)
        if piece.completion:
            rest = self._thought.finish()
            reasoning, content = reasoning + rest[0], content + rest[1]
        self.reasoning, self.content = self.reasoning + reasoning, self.content + content
        self._untold += piece.tokens
        # Until it is clear whether the text begins with a thought, its tokens wait.
        clear = self._thought.over or self._thought.thinking or piece.completion
        logprobs = self._told() if self._untold and clear else None
        events: list[ChunkChoice] = []
        if reasoning:
            events.append(_choice(self.index, {"reasoning_content": reasoning}))
        if content or (logprobs and not reasoning):
            events.append(_choice(self.index, {"content": content}))
        if events:
            events[0]["logprobs"] = logprobs
        if piece.completion:
            self._end(piece.completion)
            events.append(_choice(self.index, {}, self.finish))
        return events

    def choice(self) -> Choice:
        """The whole answer."""
        return {
            "index": self.index,
            "message": {"role": "assistant", "content": self.content, "reasoning_content": self.reasoning or None, "refusal": None},
            "logprobs": self._logprobs,
            "finish_reason": self.finish,
        }

    def _end(self, completion: Completion) -> None:
        self.tokens, self.prompt_tokens = len(completion.token_ids), completion.prompt_tokens
        self.finish = "length" if completion.stop == "length" else "stop"
        self.reasoning_tokens = self._thoughts(completion) if self.reasoning else 0

    def _thoughts(self, completion: Completion) -> int:
        """Tokens of the thought: those before the rest of the answer."""
        if self.tokenizer is None or not self.content:
            return len(completion.token_ids)
        return max(0, len(completion.token_ids) - len(self.tokenizer(self.content)["input_ids"]))

    def _told(self) -> Logprobs:
        """What has not been told yet. The token that ends the thought is the thought's last."""
        told, self._untold = [token_logprob(token, self.tokenizer) for token in self._untold], ()
        thought = 0
        for one in told:
            thought += not self._tokens.over
            self._tokens.push(one["token"])
        thought = thought if self._tokens.thinking else 0
        new: Logprobs = {"content": told[thought:] or None, "refusal": None, "reasoning_content": told[:thought] or None}
        before = self._logprobs or {"content": [], "refusal": None, "reasoning_content": None}
        self._logprobs = {
            "content": [*(before["content"] or []), *told[thought:]],
            "refusal": None,
            "reasoning_content": [*(before["reasoning_content"] or []), *told[:thought]] or None,
        }
        return new


def token_logprob(token: Token, tokenizer: Any) -> TokenLogprob:
    """A token in OpenAI's form."""
    top = [_top(id, logprob, tokenizer) for id, logprob in token.top]
    return {**_top(token.id, token.logprob, tokenizer), "top_logprobs": top}


def _top(token: int, logprob: float, tokenizer: Any) -> TopLogprob:
    text = str(tokenizer.decode([token], clean_up_tokenization_spaces=False))
    # Half a character has no text of its own.
    return {"token": text, "bytes": None if "\ufffd" in text else list(text.encode()), "logprob": logprob}


def _choice(index: int, delta: ChunkDelta, finish: FinishReason | None = None) -> ChunkChoice:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
