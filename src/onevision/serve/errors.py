"""How the server says no: each refusal is an HTTP status and one line, in OpenAI's error format."""

from typing import Any

from typing_extensions import TypedDict

from onevision.errors import InputError, OneVisionError


class Refusal(OneVisionError):
    """A request that is not answered. status: of HTTP; kind, code, param: `type`, `code` and `param` of OpenAI's error object."""

    status, kind, code = 400, "invalid_request_error", "invalid_request"

    def __init__(self, message: str, param: str | None = None, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.param, self.status, self.code = param, status or self.status, code or self.code
        self.headers: dict[str, str] = {}


class Busy(Refusal):
    """The queue is full. wait: seconds after which it is worth asking again."""

    status, kind, code = 429, "rate_limit_error", "queue_full"

    def __init__(self, wait: int) -> None:
        super().__init__(f"too many requests are waiting; try again in {wait} s")
        self.headers = {"Retry-After": str(wait)}


class Stopping(Refusal):
    """The server finishes what it has begun and takes nothing new."""

    status, kind, code = 503, "server_error", "shutting_down"

    def __init__(self) -> None:
        super().__init__("the server is shutting down; try another one, or this one later")


class TooSlow(Refusal):
    """An answer was not finished in time."""

    status, kind, code = 504, "server_error", "timeout"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the answer was not finished within {seconds:g} s; ask for fewer tokens, or try again when less is going on")


class ErrorBody(TypedDict):
    """OpenAI's error object."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorReply(TypedDict):
    """The body of every reply that is no success."""

    error: ErrorBody


def error_reply(error: Exception) -> tuple[int, ErrorReply, dict[str, str]]:
    """Status, body and headers for any exception. What we did not raise on purpose tells nothing about the inside."""
    if isinstance(error, Refusal):
        return error.status, _reply(str(error), error.kind, error.param, error.code), error.headers
    if isinstance(error, InputError):
        return 400, _reply(str(error), "invalid_request_error", "messages", "invalid_value"), {}
    if isinstance(error, OneVisionError):
        return 502, _reply(str(error), "server_error", None, "upstream_error"), {}
    return 500, _reply("something went wrong in the server; its log says what", "server_error", None, "internal_error"), {}


def _reply(message: Any, kind: str, param: str | None, code: str | None) -> ErrorReply:
    return {"error": {"message": " ".join(str(message).split()), "type": kind, "param": param, "code": code}}
