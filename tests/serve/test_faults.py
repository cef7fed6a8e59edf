"""What goes wrong out there: each refused in OpenAI's format, while the server lives and serves the others."""

import asyncio
import base64
import io
import json
import signal
import socket
import struct
import threading
import time
import zlib
from typing import Any

import httpx
import pytest
from PIL import Image

pytest.importorskip("openai")
from pydantic import ValidationError
from starlette.responses import StreamingResponse

from onevision.engine.openai import data_url
from onevision.serve.pictures import Fetcher, decode
from onevision.serve.schema import ChatRequest
from onevision.serve.settings import Settings

TEXT = [{"role": "user", "content": "How many?"}]


def body_of(**more: Any) -> dict[str, Any]:
    return {"model": "tiny", "messages": TEXT, "max_tokens": 4} | more


def with_picture(data: bytes, kind: str = "png") -> list[dict[str, Any]]:
    url = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "How many?"}]}]


def several(data: bytes, count: int) -> list[dict[str, Any]]:
    (message,) = with_picture(data)
    return [message | {"content": message["content"][:1] * count + message["content"][1:]}]


def post(server: Any, content: Any = None, **more: Any) -> httpx.Response:
    sent = {"content": content, "headers": {"content-type": "application/json"}} if content is not None else {"json": body_of(**more)}
    return httpx.post(f"{server.url}/chat/completions", timeout=60, **sent)


def refused(reply: httpx.Response, status: int, words: str) -> None:
    error = reply.json()["error"]
    assert reply.status_code == status and words in error["message"], reply.text
    assert set(error) == {"message", "type", "param", "code"}


@pytest.fixture(autouse=True)
def _alive(server: Any) -> Any:
    """Before and after each fault, an honest request is answered."""
    yield
    assert post(server).status_code == 200


@pytest.fixture
def picture() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((220, 160), 80).convert("RGB").save(out, "PNG")
    return out.getvalue()


def test_a_large_body(server: Any) -> None:
    refused(post(server, b'{"model": "' + b"x" * (server.settings.max_body + 1) + b'"}'), 413, "more than")


def test_a_large_body_that_does_not_say_so(server: Any) -> None:
    """100 MB in chunks: refused once the limit is passed, and the rest is not read."""
    sent = 0

    def chunks() -> Any:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 2**20

    refused(post(server, chunks()), 413, "more than")
    assert sent < 100


def test_bodies_share_a_budget(serve: Any) -> None:
    """Many large bodies at a time are refused before they fill the memory."""
    small = serve(max_body=1000, read_timeout=10.0)
    lines = [begin(small, content=900, body=b"x" * 899) for _ in range(17)]
    time.sleep(0.3)
    last = begin(small, content=900, body=b"x" * 899)
    head = last.recv(4000)
    assert b"429" in head.split(b"\r\n")[0] and b'"queue_full"' in head + last.recv(4000)
    for line in [*lines, last]:
        line.close()
    deadline = time.monotonic() + 10
    while post(small).status_code != 200:
        assert time.monotonic() < deadline, "what the closed connections held was not given back"


def begin(server: Any, content: int, body: bytes) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", server.port))
    line.sendall(
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {content}\r\n\r\n".encode()
        + body
    )
    return line


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that claims, and holds, a picture of this size in one bit a pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(9)
    row = b"\0" * (width // 8 + 1)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
        + chunk(b"IDAT", data)
        + chunk(b"IEND", b"")
    )


def test_a_decompression_bomb(server: Any) -> None:
    data = bomb(20_000, 20_000)
    assert len(data) < 200_000
    begun = time.process_time()
    refused(post(server, messages=with_picture(data)), 400, "megapixels")
    assert time.process_time() - begun < 2.0, "it was decoded"


def test_pictures_that_are_too_many_together(server: Any, picture: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each within its own limit. What is over is not opened: sixteen one-bit pictures of 10 kB would take 0.9 GB."""
    opened: list[int] = []
    monkeypatch.setattr("onevision.serve.chat.decode", lambda data, settings: opened.append(1) or decode(data, settings))
    refused(post(server, messages=several(bomb(4400, 4400), 16)), 400, "more than 40 megapixels together")
    assert len(opened) == 3
    refused(post(server, messages=several(picture, 17)), 400, "more than 16 pictures")


class Waiting(Fetcher):
    """A network on which each picture takes its time."""

    def __init__(self, data: bytes, seconds: float) -> None:
        super().__init__(Settings(allow_hosts=("pics.example",)))
        self.data, self.seconds, self.fetched = data, seconds, 0

    async def fetch(self, url: str, param: str) -> bytes:
        self.fetched += 1
        await asyncio.sleep(self.seconds)
        return self.data


def by_address(count: int, url: str = "http://pics.example/a.png") -> list[dict[str, Any]]:
    part = {"type": "image_url", "image_url": {"url": url}}
    return [{"role": "user", "content": [part] * count + [{"type": "text", "text": "How many?"}]}]


def test_fetching_pictures_counts_as_waiting(serve: Any, picture: bytes) -> None:
    one = serve(fetcher=Waiting(picture, 0.3), timeout=0.5)
    refused(post(one, messages=by_address(3)), 504, "not finished within 0.5 s")
    assert one.scheduler.inside == 0


def test_pictures_of_those_who_are_sent_away_are_not_opened(serve: Any, picture: bytes) -> None:
    web = Waiting(picture, 60.0)
    one = serve(fetcher=web, max_batch=1, queue=0, timeout=2.0)
    first = threading.Thread(target=post, args=(one,), kwargs={"messages": by_address(1)})
    first.start()
    while not web.fetched:
        time.sleep(0.01)
    refused(post(one, messages=by_address(1)), 429, "too many requests")
    refused(post(one, messages=by_address(17)), 400, "more than 16 pictures")
    refused(post(one, messages=by_address(1, "http://169.254.169.254/")), 400, "not allowed")
    first.join()
    assert web.fetched == 1


def test_many_unknown_keys(server: Any) -> None:
    """One error for all of them: 200,000 would take seconds and hundreds of megabytes."""
    many = {f"key{number}": 0 for number in range(1000)}
    for body in (body_of(**many), body_of(messages=[TEXT[0] | many])):
        refused(post(server, **body), 400, "'key0' is not known here")
        with pytest.raises(ValidationError) as found:
            ChatRequest.model_validate(body)
        assert found.value.error_count() == 1


def test_pictures_that_are_none(server: Any, picture: bytes) -> None:
    refused(post(server, messages=with_picture(picture[: len(picture) // 2])), 400, "damaged or cut short")
    refused(post(server, messages=with_picture(b"GIF89a, but no")), 400, "picture")
    refused(post(server, messages=with_picture(b"")), 400, "empty")
    refused(post(server, messages=with_picture(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "svg+xml")), 400, "not a picture")
    refused(post(server, messages=with_picture(b"%!PS-Adobe-3.0 EPSF-3.0\n")), 400, "not a picture")
    broken = with_picture(picture)
    broken[0]["content"][0]["image_url"]["url"] += "é"
    refused(post(server, messages=broken), 400, "base64")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/health",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost/",
        "file:///etc/passwd",
        "/etc/passwd",
        "x",
    ],
)
def test_urls_are_not_fetched(server: Any, url: str) -> None:
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "?"}]
    reply = post(server, messages=[{"role": "user", "content": content}])
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "messages.0.content.0.image_url"


def test_ten_thousand_parts(server: Any, picture: bytes) -> None:
    parts = [{"type": "text", "text": "a"}] * 10_000
    refused(post(server, messages=[{"role": "user", "content": parts}]), 400, "at most 256")
    refused(post(server, messages=TEXT * 10_000), 400, "at most 256")


def test_a_prompt_over_the_context(server: Any, picture: bytes) -> None:
    refused(post(server, messages=[{"role": "user", "content": "word " * 2000}]), 400, "context holds 512")
    refused(post(server, messages=several(picture, 16)), 400, "for pictures")
    refused(post(server, messages=[{"role": "user", "content": "x" * (2**20 + 1)}]), 400, "at most 1048576")


@pytest.mark.parametrize(
    "content",
    [
        b'{"model": "tiny", "messages": [{"role": "user", "content": "\xff\xfe"}]}',
        b"\xff",
        b"{",
        b"",
        b"[]",
        b"null",
        b'"x"',
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'{"messages": ' * 5000, id="deep objects"),
        b'{"model": "tiny", "temperature": NaN, "messages": [{"role": "user", "content": "x"}]}',
        b'{"model": "tiny", "seed": 1' + b"0" * 5000 + b"}",
        json.dumps(body_of(messages=[{"role": "user", "content": "\ud800"}])).encode(),
    ],
)
def test_what_is_no_request(server: Any, content: bytes) -> None:
    reply = post(server, content)
    assert reply.status_code == 400 and set(reply.json()["error"]) == {"message", "type", "param", "code"}, reply.text


def test_other_kinds_of_body(server: Any) -> None:
    reply = httpx.post(f"{server.url}/chat/completions", content=json.dumps(body_of()), headers={"content-type": "text/plain"})
    refused(reply, 415, "application/json")


def closed_with(line: socket.socket) -> bytes:
    line.settimeout(20)
    got = b""
    while part := line.recv(4096):
        got += part
    return got


def test_a_slow_head_and_a_slow_body(serve: Any) -> None:
    """Slowloris: a byte now and then. Meanwhile others are served."""
    quick = serve(read_timeout=0.8)
    lines = [socket.create_connection(("127.0.0.1", quick.port)) for _ in range(20)]
    lines[0].sendall(b"")
    bodies = [begin(quick, content=100, body=b"{") for _ in range(5)]
    # A second request on a connection that was good once.
    again = socket.create_connection(("127.0.0.1", quick.port))
    again.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    reply = b""
    while not reply.endswith(b"}"):
        reply += again.recv(4096)
    assert reply.startswith(b"HTTP/1.1 200")
    again.sendall(b"GET /health HT")
    for _ in range(3):
        for line in lines[1:]:
            line.sendall(b"GET / HTTP/1.1\r\n"[:5] if _ == 0 else b"X")
        assert post(quick).status_code == 200
        time.sleep(0.2)
    for line in [*lines, again]:
        head, _, body = closed_with(line).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408") and json.loads(body)["error"]["code"] == "timeout"
    for line in bodies:
        head, _, body = closed_with(line).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408") and json.loads(body)["error"]["code"] == "timeout"


def test_what_is_no_http(server: Any) -> None:
    for noise in (b"\x16\x03\x01\x02\x00\x01\x00", b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: " + b"b" * 200_000):
        line = socket.create_connection(("127.0.0.1", server.port))
        line.sendall(noise)
        head, _, body = closed_with(line).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 4") and "error" in json.loads(body)


def test_clients_that_vanish_free_their_place(serve: Any, engine: Any) -> None:
    """In the middle of a stream, and while they wait for a whole answer, which would take 10 s."""
    one = serve(on=Slow(engine), max_batch=2, queue=8)
    for stream in (True, False):
        lines = []
        for _ in range(4):
            content = json.dumps(body_of(max_tokens=480, stream=stream, temperature=2)).encode()
            line = begin(one, len(content), content)
            if stream and len(lines) < 2:
                assert line.recv(200).startswith(b"HTTP/1.1 200")
            lines.append(line)
        for line in lines:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.close()
        deadline = time.monotonic() + 5
        while one.scheduler.inside or one.scheduler._running:
            assert time.monotonic() < deadline, "the places are still taken"
            time.sleep(0.02)
        assert post(one).status_code == 200


def test_streams_that_are_given_up_while_they_wait_leave_the_queue(serve: Any, engine: Any) -> None:
    one = serve(on=Slow(engine), max_batch=1, queue=2)
    content = json.dumps(body_of(max_tokens=480, stream=True, temperature=2)).encode()
    lines = [begin(one, len(content), content)]
    assert lines[0].recv(200).startswith(b"HTTP/1.1 200")
    lines += [begin(one, len(content), content) for _ in range(2)]
    wait_until(lambda: one.scheduler.waiting == 2, "they do not wait")
    for line in lines[1:]:
        line.close()
    wait_until(lambda: one.scheduler.waiting == 0, "their places are still taken")
    lines[0].close()


def wait_until(true: Any, otherwise: str) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


def test_twice_the_capacity(serve: Any) -> None:
    """Every request is answered or refused with 429 and Retry-After; afterwards all places are free."""
    one = serve(max_batch=4, queue=4)
    replies: list[httpx.Response] = []

    def client() -> None:
        with httpx.Client(timeout=60) as http:
            for _ in range(6):
                replies.append(http.post(f"{one.url}/chat/completions", json=body_of(max_tokens=30)))

    threads = [threading.Thread(target=client) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kinds = {status: [r for r in replies if r.status_code == status] for status in (200, 429)}
    assert len(kinds[200]) + len(kinds[429]) == len(replies) == 96 and len(kinds[200]) >= 8 and kinds[429]
    assert all(int(reply.headers["retry-after"]) >= 1 and reply.json()["error"]["code"] == "queue_full" for reply in kinds[429])
    assert len({reply.json()["choices"][0]["message"]["content"] for reply in kinds[200]}) == 1
    assert one.scheduler.inside == 0


class Slow:
    """The engine with steps that take 20 ms, and no end of a turn."""

    def __new__(cls, engine: Any) -> Any:
        from onevision.engine.torch import TorchEngine

        slow = TorchEngine(engine.model, engine.processor)
        slow.eos = frozenset()
        make = slow.batch

        def batch(guesses: Any = None) -> Any:
            made = make(guesses)
            step = made.step
            made.step = lambda: (time.sleep(0.02), step())[1]
            return made

        slow.batch = batch
        return slow


def test_a_request_whose_time_is_up(serve: Any, engine: Any, picture: bytes) -> None:
    one = serve(on=Slow(engine), timeout=0.3, max_batch=2)
    reply = post(one, max_tokens=480, temperature=2, messages=with_picture(picture))
    refused(reply, 504, "not finished within 0.3 s")
    streamed = post(one, max_tokens=480, temperature=2, stream=True)
    assert streamed.status_code == 200 and '"timeout"' in streamed.text and streamed.text.endswith("data: [DONE]\n\n")
    assert post(one, max_tokens=2).status_code == 200


def test_a_failing_model_is_said_so_and_the_next_is_served(serve: Any, engine: Any, caplog: pytest.LogCaptureFixture) -> None:
    from onevision.engine.torch import TorchEngine

    own = TorchEngine(engine.model, engine.processor)
    good = own.prefill
    one = serve(on=own)
    own.prefill = lambda prompt: 1 / 0  # type: ignore[method-assign, assignment]
    reply = post(one)
    refused(reply, 500, "something went wrong in the server")
    assert "division" not in reply.text and "division" in caplog.text
    own.prefill = good  # type: ignore[method-assign]
    assert post(one).status_code == 200


def test_it_finishes_what_it_began(serve: Any, engine: Any) -> None:
    one = serve(on=Slow(engine))
    replies: dict[str, httpx.Response] = {}
    begun = threading.Event()

    def long() -> None:
        with httpx.stream("POST", f"{one.url}/chat/completions", json=body_of(max_tokens=60, stream=True), timeout=60) as reply:
            lines = reply.iter_lines()
            next(lines)
            begun.set()
            replies["long"] = [*lines]  # type: ignore[assignment]

    thread = threading.Thread(target=long)
    thread.start()
    begun.wait(30)
    with httpx.Client() as http:
        one.scheduler.stopping = True
        assert http.get(f"{one.root}/health").status_code == 503
        refused(http.post(f"{one.url}/chat/completions", json=body_of()), 503, "shutting down")
    thread.join()
    assert replies["long"][-2] == "data: [DONE]"  # type: ignore[index]
    one.stop()
    with pytest.raises(httpx.ConnectError):
        post(one)


def test_a_line_that_never_ends_does_not_keep_it_alive(
    serve: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As the page in an open tab has one."""
    monkeypatch.setattr("onevision.serve.server.LAST_SECONDS", 0.3)
    one = serve()

    async def forever() -> StreamingResponse:
        async def beats() -> Any:
            while True:
                yield b"."
                await asyncio.sleep(0.05)

        return StreamingResponse(beats())

    one.app.add_api_route("/forever", forever)
    with httpx.stream("GET", f"{one.root}/forever", timeout=60) as reply:
        next(reply.iter_raw())
        one.scheduler.stopping = True
        one.thread.join(10)
        assert not one.thread.is_alive()
    assert "Exception" not in caplog.text


def test_a_second_signal_ends_it_at_once(serve: Any, engine: Any) -> None:
    one = serve(on=Slow(engine))
    content = json.dumps(body_of(max_tokens=480, stream=True, temperature=2)).encode()
    line = begin(one, len(content), content)
    assert line.recv(200).startswith(b"HTTP/1.1 200")
    one.server.handle_exit(signal.SIGTERM, None)
    one.thread.join(0.5)
    assert one.thread.is_alive(), "what was begun is finished"
    one.server.handle_exit(signal.SIGTERM, None)
    one.thread.join(3)
    assert not one.thread.is_alive()
    line.close()


def test_data_urls_of_honest_pictures(server: Any) -> None:
    for mode in ("RGB", "L", "P", "RGBA"):
        content = [{"type": "image_url", "image_url": {"url": data_url(Image.new(mode, (60, 40)))}}, {"type": "text", "text": "?"}]
        assert post(server, messages=[{"role": "user", "content": content}]).status_code == 200
