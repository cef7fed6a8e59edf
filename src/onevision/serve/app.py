"""The API: FastAPI routes over a scheduler."""

import asyncio
import json
import logging
import re
import time
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import Receive, Scope, Send

import onevision
from onevision.errors import InputError
from onevision.serve.chat import Answers, asked_of
from onevision.serve.errors import ErrorReply, Refusal, error_reply
from onevision.serve.limits import Limits
from onevision.serve.pictures import Fetcher
from onevision.serve.scheduler import Asked, Scheduler
from onevision.serve.schema import ChatReply, ChatRequest, Health, ModelCard, ModelList
from onevision.serve.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")

ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorReply, "description": "The request is not answered; the error says why."},
    "5XX": {"model": ErrorReply, "description": "The server could not answer."},
}


def create_app(scheduler: Scheduler, model_name: str, settings: Settings, fetcher: Fetcher | None = None) -> FastAPI:
    """The application. model_name: what the model is called in requests and replies; fetcher: for pictures behind URLs."""
    app = FastAPI(
        title="OneVision", version=onevision.__version__, responses=ERRORS, docs_url=None, redoc_url=None, openapi_url="/v1/openapi.json"
    )
    api = _Api(scheduler, model_name, settings, fetcher or Fetcher(settings))
    streamed: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}
    app.add_api_route(
        "/v1/chat/completions", api.chat, methods=["POST"], response_model=ChatReply, responses=streamed, summary="Answer a chat"
    )
    app.add_api_route("/v1/models", api.models, methods=["GET"], response_model=ModelList, summary="The models that can be asked")
    app.add_api_route("/v1/models/{model:path}", api.model, methods=["GET"], response_model=ModelCard, summary="One model")
    app.add_api_route("/health", api.health, methods=["GET"], response_model=Health, summary="Whether requests are taken")
    app.add_api_route("/metrics", api.metrics, methods=["GET"], response_class=Response, summary="Prometheus metrics")
    app.add_api_route("/v1/{path:path}", _unknown, methods=[*METHODS], include_in_schema=False)
    for kind in (Refusal, InputError, StarletteHTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _on_error)
    app.add_middleware(Limits, settings=settings, metrics=scheduler.metrics)
    return app


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class _Api:
    """The routes' functions, with what they need."""

    def __init__(self, scheduler: Scheduler, model_name: str, settings: Settings, fetcher: Fetcher) -> None:
        self.scheduler, self.name, self.settings, self.fetcher = scheduler, model_name, settings, fetcher
        self.started = int(time.time())

    async def chat(self, body: ChatRequest, request: Request) -> Response:
        """Answer a chat, at once or as a stream of events."""
        self._check_model(body.model)
        if body.top_logprobs and not self.scheduler.logprobs:
            raise Refusal("this model's engine tells no top_logprobs; leave it out", "top_logprobs")
        if body.logprobs and self.scheduler.tokenizer is None:
            raise Refusal("this model's engine tells no logprobs; leave it out", "logprobs")
        asked = asked_of(body, self.settings, self.fetcher)
        answers = Answers(self.name, asked.n, self.scheduler.tokenizer)
        if not body.stream:
            return JSONResponse(await _unless_gone(request, self._whole(asked, answers)))
        usage = bool(body.stream_options and body.stream_options.include_usage)
        return await _unless_gone(request, _Events.begin(self._events(asked, answers, usage), self.settings.timeout))

    async def models(self) -> ModelList:
        """The one model that is served."""
        return {"object": "list", "data": [self._card()]}

    async def model(self, model: str) -> ModelCard:
        """What is known of a model."""
        self._check_model(model)
        return self._card()

    async def health(self) -> Any:
        """200 while requests are taken, 503 when the server is about to end."""
        state = "stopping" if self.scheduler.stopping else "ok"
        found = {"status": state, "running": self.scheduler.running, "waiting": self.scheduler.waiting}
        return JSONResponse(found, 503 if self.scheduler.stopping else 200)

    async def metrics(self) -> Response:
        """Prometheus' text format."""
        return Response(self.scheduler.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    def _card(self) -> ModelCard:
        return {"id": self.name, "object": "model", "created": self.started, "owned_by": "onevision"}

    def _check_model(self, name: str) -> None:
        if name != self.name:
            raise Refusal(f"there is no model {name!r} here; ask {self.name!r}", "model", status=404, code="model_not_found")

    async def _whole(self, asked: Asked, answers: Answers) -> ChatReply:
        async with aclosing(self.scheduler.pieces(asked)) as pieces:
            async for piece in pieces:
                answers.chunks(piece)
        return answers.reply()

    async def _events(self, asked: Asked, answers: Answers, usage: bool) -> AsyncGenerator[Any, None]:
        async with aclosing(self.scheduler.pieces(asked)) as pieces:
            begun = False
            async for piece in pieces:
                if not begun:
                    begun = True
                    for chunk in answers.begin():
                        yield chunk
                for chunk in answers.chunks(piece):
                    yield chunk
        if usage:
            yield answers.last()


class _Events(StreamingResponse):
    """Server-sent events. A client that stops reading is given up when the request's time is over."""

    def __init__(self, chunks: AsyncGenerator[Any, None], timeout: float) -> None:
        super().__init__(_lines(chunks), media_type="text/event-stream", headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self.chunks, self.timeout = chunks, timeout

    @classmethod
    async def begin(cls, chunks: AsyncGenerator[Any, None], timeout: float) -> "_Events":
        """Once there is a first piece: what is refused until then gets a status of its own."""
        return cls(_after(await anext(chunks), chunks), timeout)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As any ASGI application; however it ends, the place in the batch is given back."""
        try:
            async with asyncio.timeout(self.timeout):
                await super().__call__(scope, receive, send)
        except TimeoutError:
            log.info("a client did not read its answer in time")
        finally:
            await self.chunks.aclose()


async def _after(first: Any, rest: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk


async def _lines(chunks: AsyncGenerator[Any, None]) -> AsyncGenerator[bytes, None]:
    """Events as they go over the wire. An error in the middle is an event as well: the status was sent long ago."""
    try:
        async for chunk in chunks:
            yield _line(chunk)
    except Exception as error:
        yield _line(_logged(error)[1])
    yield b"data: [DONE]\n\n"


def _line(value: Any) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


async def _unless_gone(request: Request, work: Awaitable[T]) -> T:
    """What the work comes to, unless the client hangs up first."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Refusal("the client has gone", status=499, code="client_closed_request")
        return working.result()
    finally:
        leaving.cancel()
        working.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _unknown(request: Request) -> None:
    """Whatever else is asked of /v1: a path that is not there, or a method that one which is there has not."""
    path, routes = request.url.path, [route for route in request.app.routes if isinstance(route, APIRoute) and route.include_in_schema]
    methods = {method for route in routes if route.path_regex.match(path) for method in route.methods or ()}
    if not methods:
        raise Refusal(f"there is no {path} here", status=404, code="unknown_url")
    refusal = Refusal(f"{path} is for {', '.join(sorted(methods))}, not {request.method}", status=405, code="method_not_allowed")
    refusal.headers = {"Allow": ", ".join(sorted(methods))}
    raise refusal


def _logged(error: Exception) -> tuple[int, ErrorReply, dict[str, str]]:
    status, reply, headers = error_reply(error)
    if status == 500:
        log.error("a request failed", exc_info=error)
    return status, reply, headers


async def _on_error(request: Request, error: Exception) -> JSONResponse:
    """Every error in OpenAI's format."""
    if isinstance(error, RequestValidationError):
        error = _invalid(error)
    elif isinstance(error, StarletteHTTPException):
        error = Refusal(f"{request.method} {request.url.path}: {error.detail}", status=error.status_code, code="invalid_request")
    status, reply, headers = _logged(error)
    return JSONResponse(reply, status, headers)


def _invalid(error: RequestValidationError) -> Refusal:
    """The first thing that is wrong with a request. Where a value may be of several types, what is wrong inside the one that
    was meant: an error that is deepest, and not that it is another type."""
    first = max(error.errors(), key=lambda one: (not one["type"].endswith("_type"), len(one["loc"])))
    # Names of types are no places.
    place = ".".join(str(part) for part in first["loc"] if part != "body" and not _TYPE_NAME.search(str(part)))
    if first["type"] == "json_invalid":
        return Refusal(f"the body is no JSON: {first.get('ctx', {}).get('error', first['msg'])}", code="invalid_json")
    if first["type"] == "extra_forbidden":
        return Refusal(f"{place} is not known here; leave it out", place, code="unknown_parameter")
    return Refusal(f"{place or 'the body'}: {first['msg']}", place or None, code="invalid_value")


_TYPE_NAME = re.compile(r"[-\[]|^str$")
