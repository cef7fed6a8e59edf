"""`onevision serve`."""

import ipaddress
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onevision.errors import InputError, MissingPartError
from onevision.serve.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from onevision.engine.base import Engine
    from onevision.serve.scheduler import Scheduler

KEYS = "ONEVISION_API_KEYS"


def main(
    model: Annotated[str, typer.Option(help="nano, a folder, a hub id, vllm:ID or openai:NAME@URL")] = "nano",
    others: Annotated[str, typer.Option("--also", help="more models for the page to choose from, e.g. --also runs/sft,vllm:ID")] = "",
    dtype: Annotated[
        str,
        typer.Option(help="auto, float32, bfloat16, float16, or int8 for nano on a CPU; auto is float32 for a small model on a CPU"),
    ] = "auto",
    compiled: Annotated[
        bool, typer.Option("--compile", help="nano as machine code, about twice as fast; needs g++, and two minutes once")
    ] = False,
    host: Annotated[str, typer.Option(help="address to listen at; 0.0.0.0 lets other machines in")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen at; 0 takes a free one", min=0, max=65535)] = 8000,
    name: Annotated[str, typer.Option(help="what the model is called in requests; as --model where not given")] = "",
    max_batch: Annotated[int, typer.Option(help="answers growing at a time", min=1)] = Settings.max_batch,
    queue: Annotated[int, typer.Option(help="requests that may wait; the next gets 429 with Retry-After", min=0)] = Settings.queue,
    timeout: Annotated[float, typer.Option(help="seconds for one request, waiting included", min=1)] = Settings.timeout,
    max_new_tokens: Annotated[int, typer.Option(help="longest answer where a request does not say", min=1)] = Settings.max_new_tokens,
    max_body: Annotated[int, typer.Option(help="largest request, in MiB", min=1)] = Settings.max_body // 2**20,
    allow_hosts: Annotated[str, typer.Option(help="hosts of http(s) pictures, e.g. --allow-hosts 'example.org,*.wikimedia.org'")] = "",
    api_key_file: Annotated[Path | None, typer.Option(help=f"API keys, one a line; or set ${KEYS}, separated by commas")] = None,
    demo: Annotated[bool | None, typer.Option(help="the page at /; left out when there are API keys")] = None,
) -> None:
    """Serve a model: OpenAI's API at /v1, a page to try it at /.

    Example: onevision serve --model nano --port 8000

    then: curl localhost:8000/v1/models
    """
    keys = _keys(api_key_file)
    if not keys and not _is_loopback(host):
        print(f"onevision: {host} can be reached from outside and no API key is set; anybody may ask", file=sys.stderr)
    limits = {"max_batch": max_batch, "queue": queue, "max_new_tokens": max_new_tokens, "max_body": max_body * 2**20}
    settings = Settings(**limits, timeout=timeout, allow_hosts=_listed(allow_hosts), api_keys=keys)
    serve(model, host, port, not keys if demo is None else demo, _listed(others), settings, name, dtype, compiled)


def serve(
    model: str = "nano",
    host: str = "127.0.0.1",
    port: int = 8000,
    demo: bool = True,
    others: Sequence[str] = (),
    settings: Settings | None = None,
    name: str = "",
    dtype: str = "auto",
    compiled: bool = False,
) -> None:
    """Serve until a signal comes. demo: also the page at /, with `others` to choose from.

    Raises InputError for an unknown model, MissingPartError where the server's packages are not installed.
    """
    try:
        import uvicorn

        from onevision.serve.server import Server, protocol
    except ImportError as error:
        raise MissingPartError(f"serving needs more packages ({error.name}): pip install 'onevision[serve]'") from None
    settings = settings or Settings()
    scheduler = make_scheduler(load_apart(model, dtype, compiled), settings)
    app = make_app(scheduler, name or model, settings, demo, others)
    config = uvicorn.Config(app, host, port, http=protocol(settings.read_timeout), log_level="warning", server_header=False)
    server = Server(config, scheduler)
    # The event loop and the model's thread take turns in Python: at the default, 5 ms, the model would wait longer than a step.
    sys.setswitchinterval(0.0005)
    print(f"onevision: {name or model} at http://{host}:{port}/v1{' and its page at /' if demo else ''}; Ctrl-C ends", file=sys.stderr)
    server.run()


def load_apart(model: str, dtype: str = "auto", compiled: bool = False) -> "Engine":
    """`load_engine` in a thread that ends, and with it its OpenMP workers: in a process with more of them than cores they sleep
    after every product, and waking them takes half as long as a small product."""
    from onevision.engine.load import load_engine

    with ThreadPoolExecutor(1, "loading") as loading:
        return loading.submit(load_engine, model, dtype, compiled).result()


def make_scheduler(engine: "Engine", settings: Settings) -> "Scheduler":
    """Continuous batching on the embedded engine; engines that batch by themselves are handed everything."""
    from onevision.engine.torch import LocalEngine
    from onevision.serve.batching import BatchScheduler
    from onevision.serve.metrics import Metrics
    from onevision.serve.scheduler import Scheduler

    if isinstance(engine, LocalEngine):
        return BatchScheduler(engine, settings, Metrics())
    return Scheduler(engine, settings, Metrics())


def make_app(scheduler: "Scheduler", name: str, settings: Settings, demo: bool, others: Sequence[str] = ()) -> "FastAPI":
    """The API, and where it is wanted the page."""
    from onevision.serve.app import create_app

    app = create_app(scheduler, name, settings)
    if demo:
        from onevision.serve.demo import mount

        mount(app, scheduler, name, others=others, max_upload_bytes=settings.max_body)
    return app


def _keys(path: Path | None) -> tuple[str, ...]:
    """From the file, otherwise from the environment."""
    if path is None:
        return _listed(os.environ.get(KEYS, ""))
    try:
        keys = tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--api-key-file {path}: cannot be read ({error}); give a text file with a key on each line") from None
    if not keys:
        raise InputError(f"--api-key-file {path}: holds no key; give a text file with a key on each line")
    return keys


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
