"""Where pictures may come from."""

import asyncio
import base64
import io
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("fastapi")
httpx = pytest.importorskip("httpx")

from onevision.serve.errors import Refusal  # noqa: E402
from onevision.serve.pictures import Fetcher, from_data_url, is_public  # noqa: E402
from onevision.serve.settings import Settings  # noqa: E402


def png(size: tuple[int, int] = (40, 30)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, "PNG")
    return out.getvalue()


class Web:
    """A network: names with the addresses each look-up gives in turn, and what is answered."""

    def __init__(self, names: dict[str, list[list[str]]], answer: Any = None) -> None:
        self.names, self.requests = names, []
        self.answer = answer or (lambda request: httpx.Response(200, content=png()))

    async def resolve(self, host: str, port: int) -> list[str]:
        found = self.names[host]
        return found.pop(0) if len(found) > 1 else found[0]

    def fetch(self, url: str, allow: tuple[str, ...] = ("pics.example", "*.wiki.example"), **settings: Any) -> bytes:
        def handle(request: Any) -> Any:
            self.requests.append(request)
            return self.answer(request)

        fetcher = Fetcher(Settings(allow_hosts=allow, **settings), self.resolve, transport=httpx.MockTransport(handle))
        return asyncio.run(fetcher.fetch(url, "p"))


PUBLIC = {"pics.example": [["93.184.216.34"]], "a.wiki.example": [["2606:4700::1111"]]}


def test_an_allowed_host_is_asked_at_the_address_that_was_checked() -> None:
    web = Web(PUBLIC)
    assert web.fetch("https://pics.example/a.png?b=1#c") == png()
    (request,) = web.requests
    assert str(request.url) == "https://93.184.216.34/a.png?b=1" or str(request.url) == "https://93.184.216.34:443/a.png?b=1"
    assert request.headers["host"] == "pics.example" and request.extensions["sni_hostname"] == "pics.example"
    assert web.fetch("http://A.wiki.example/") == png()
    assert web.requests[1].url.host == "2606:4700::1111"


@pytest.mark.parametrize(
    "url",
    [
        "http://other.example/a.png",
        "http://wiki.example/a.png",
        "http://evil-pics.example/a.png",
        "http://pics.example.evil.org/a.png",
        "http://pics.example@169.254.169.254/latest/meta-data/",
        "http://user:word@pics.example/",
        "http://pics.example:22/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://0x7f000001/",
        "http://2130706433/",
        "ftp://pics.example/a.png",
        "file:///etc/passwd",
        "gopher://pics.example/",
        "http://[::1/",
        "http://pics.example/\x01",
        "http://pics.example/" + "a" * 70_000,
        "http://pics.example:99999/",
        "//pics.example/a.png",
        "",
    ],
)
def test_everything_else_is_refused_without_a_connection(url: str) -> None:
    web = Web(PUBLIC)
    with pytest.raises(Refusal) as refused:
        web.fetch(url)
    assert refused.value.status == 400 and not web.requests


def test_nothing_is_fetched_by_default() -> None:
    with pytest.raises(Refusal, match="not allowed; send the picture as a data URL"):
        Web(PUBLIC).fetch("http://pics.example/a.png", allow=())


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:db8::1"),
        *("::127.0.0.1", "fec0::1", "4000::1", "64:ff9b:1::7f00:1", "64:ff9b:1:7f00:0:100::"),
    ],
)
def test_an_allowed_name_with_a_private_address_is_refused(address: str) -> None:
    assert not is_public(address)
    for addresses in ([address], ["93.184.216.34", address]):
        web = Web({"pics.example": [addresses]})
        with pytest.raises(Refusal, match="no public address"):
            web.fetch("http://pics.example/a.png")
        assert not web.requests


def test_public_addresses() -> None:
    assert all(map(is_public, ("93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "::ffff:93.184.216.34")))


def test_a_name_that_is_rebound_gains_nothing() -> None:
    """The second look-up gives the loopback; there is none between the check and the connection."""
    web = Web({"pics.example": [["93.184.216.34"], ["127.0.0.1"]]})
    assert web.fetch("http://pics.example/a.png") == png()
    assert [request.url.host for request in web.requests] == ["93.184.216.34"]
    with pytest.raises(Refusal, match="no public address"):
        web.fetch("http://pics.example/a.png")


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1/", "http://169.254.169.254/", "http://other.example/", "file:///etc/passwd", "https://inner.wiki.example/"]
)
def test_a_redirect_is_held_to_the_same_rules(target: str) -> None:
    names = PUBLIC | {"inner.wiki.example": [["10.1.2.3"]]}
    web = Web(names, lambda request: httpx.Response(302, headers={"location": target}))
    with pytest.raises(Refusal):
        web.fetch("http://pics.example/a.png")
    assert len(web.requests) == 1


@pytest.mark.parametrize("answer", [(304, {}), (300, {}), (302, {}), (302, {"location": "http://[oops/"}), (302, {"location": "//\x01"})])
def test_a_redirect_to_nowhere_is_refused(answer: tuple[int, dict[str, str]]) -> None:
    with pytest.raises(Refusal):
        Web(PUBLIC, lambda request: httpx.Response(answer[0], headers=answer[1])).fetch("http://pics.example/a.png")


def test_redirects_to_where_one_may_go_are_followed_a_few_times() -> None:
    def moved(request: httpx.Request) -> httpx.Response:
        there = request.url.path != "/a.png"
        return httpx.Response(200, content=png()) if there else httpx.Response(301, headers={"location": "/b.png"})

    assert Web(PUBLIC, moved).fetch("http://pics.example/a.png") == png()
    with pytest.raises(Refusal, match="redirects"):
        Web(PUBLIC, lambda request: httpx.Response(302, headers={"location": "/a.png"})).fetch("http://pics.example/a.png")


def test_size_time_and_status(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refusal, match="more than 50 bytes"):
        Web(PUBLIC).fetch("http://pics.example/a.png", max_body=50)
    with pytest.raises(Refusal, match="status 404"):
        Web(PUBLIC, lambda request: httpx.Response(404)).fetch("http://pics.example/a.png")
    monkeypatch.setattr("onevision.serve.pictures.FETCH_SECONDS", 0.05)

    class Slow(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            while True:
                yield b"x"
                await asyncio.sleep(0.02)

    with pytest.raises(Refusal, match="could not be fetched"):
        Web(PUBLIC, lambda request: httpx.Response(200, stream=Slow())).fetch("http://pics.example/a.png")


def test_data_urls() -> None:
    data = base64.b64encode(png()).decode()
    assert from_data_url(f"data:image/png;base64,{data}", "p") == png()
    for wrong in (f"data:text/html;base64,{data}", f"data:image/png,{data}", "data:image/png;base64,a?b", "data:image/png;base64", "data:"):
        with pytest.raises(Refusal) as refused:
            from_data_url(wrong, "p")
        assert refused.value.param == "p"
