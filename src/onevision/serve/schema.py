"""Requests and replies of the API, as OpenAI's reference and its openapi.yaml describe them (Chat, Models).

What a model here cannot do is refused by name rather than passed over; what changes nothing about an answer is accepted.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import NotRequired, TypedDict  # noqa: UP035  (pydantic wants these before Python 3.12)

from onevision.engine.base import SamplingParams

MAX_MESSAGES, MAX_PARTS, MAX_TEXT = 256, 256, 2**20
MAX_LOGPROBS = 20


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _few(cls, values: Any) -> Any:
        # An error for each of 200,000 unknown keys would take seconds and hundreds of megabytes.
        if isinstance(values, dict) and len(values) > len(cls.model_fields):
            unknown = next(key for key in values if key not in cls.model_fields)
            raise ValueError(f"{unknown[:100]!r} is not known here; leave it out")
        return values


class TextPart(_Strict):
    """Words."""

    type: Literal["text"]
    text: Annotated[str, Field(max_length=MAX_TEXT)]


class ImageURL(_Strict):
    """A picture as a data URL, or as an http(s) URL where the server allows its host. `detail` changes nothing here."""

    url: str
    detail: Literal["auto", "low", "high"] | None = None


class ImagePart(_Strict):
    """A picture."""

    type: Literal["image_url"]
    image_url: ImageURL


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]
Content = Annotated[str, Field(max_length=MAX_TEXT)] | Annotated[list[Part], Field(min_length=1, max_length=MAX_PARTS)]


class ChatMessage(_Strict):
    """One turn. reasoning_content: the thought before an assistant's content, where a client sends it back."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Content
    name: str | None = None
    reasoning_content: str | None = None
    refusal: None = None


class StreamOptions(_Strict):
    """include_usage: a last chunk with the token counts."""

    include_usage: bool = False
    include_obfuscation: bool | None = None


class TextFormat(_Strict):
    """The only form of answer there is."""

    type: Literal["text"]


StopWord = Annotated[str, Field(min_length=1, max_length=256)]


class ChatRequest(_Strict):
    """POST /v1/chat/completions. Without a temperature the likeliest tokens are taken, as `onevision ask` does."""

    model: Annotated[str, Field(max_length=1024)]
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(ge=1, le=128)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=2**31)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=2**31)] | None = None
    stop: StopWord | Annotated[list[StopWord], Field(max_length=4)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=MAX_LOGPROBS)] | None = None
    # Accepted at the only value that changes nothing.
    frequency_penalty: Literal[0] | None = None
    presence_penalty: Literal[0] | None = None
    response_format: TextFormat | None = None
    modalities: Annotated[list[Literal["text"]], Field(max_length=1)] | None = None
    # Accepted: they say nothing about the answer.
    user: str | None = None
    metadata: dict[str, Any] | None = None
    store: bool | None = None
    service_tier: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    reasoning_effort: str | None = None

    @model_validator(mode="after")
    def _check(self) -> "ChatRequest":
        if self.top_logprobs and not self.logprobs:
            raise ValueError("top_logprobs needs logprobs: true")
        if self.stream_options and not self.stream:
            raise ValueError("stream_options needs stream: true")
        return self

    def sampling(self, longest: int) -> SamplingParams:
        """How to pick tokens. longest: the answer's, where the request does not say."""
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        return SamplingParams(
            max_new_tokens=self.max_completion_tokens or self.max_tokens or longest,
            temperature=self.temperature or 0.0,
            top_p=1.0 if self.top_p is None else self.top_p,
            seed=None if self.seed is None else self.seed % 2**63,
            stop=stop,
        )


class TopLogprob(TypedDict):
    """A token that was likely in a place."""

    token: str
    bytes: list[int] | None
    logprob: float


class TokenLogprob(TopLogprob):
    """The token that was picked."""

    top_logprobs: list[TopLogprob]


class Logprobs(TypedDict):
    """Of the content's tokens; reasoning_content: of the thought's, as DeepSeek's API has it."""

    content: list[TokenLogprob] | None
    refusal: None
    reasoning_content: list[TokenLogprob] | None


class ReplyMessage(TypedDict):
    """An answer, its thought apart."""

    role: Literal["assistant"]
    content: str
    reasoning_content: str | None
    refusal: None


FinishReason = Literal["stop", "length"]


class Choice(TypedDict):
    """One of n answers."""

    index: int
    message: ReplyMessage
    logprobs: Logprobs | None
    finish_reason: FinishReason


class PromptDetails(TypedDict):
    """cached_tokens: of prompts that had been run before."""

    cached_tokens: int


class CompletionDetails(TypedDict):
    """reasoning_tokens: of the thought."""

    reasoning_tokens: int


class Usage(TypedDict):
    """Tokens, pictures included."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails
    completion_tokens_details: CompletionDetails


class ChatReply(TypedDict):
    """All answers at once."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: Usage


class ChunkDelta(TypedDict):
    """What is new in one answer."""

    role: NotRequired[Literal["assistant"]]
    content: NotRequired[str]
    reasoning_content: NotRequired[str]


class ChunkChoice(TypedDict):
    """A piece of one of n answers."""

    index: int
    delta: ChunkDelta
    logprobs: Logprobs | None
    finish_reason: FinishReason | None


class ChatChunk(TypedDict):
    """One event of a stream."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: NotRequired[Usage | None]


class ModelCard(TypedDict):
    """A model that can be asked."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(TypedDict):
    """GET /v1/models."""

    object: Literal["list"]
    data: list[ModelCard]


class Health(TypedDict):
    """GET /health."""

    status: Literal["ok", "stopping"]
    running: int
    waiting: int
