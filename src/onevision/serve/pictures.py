"""Pictures of a request: data URLs, and where the server allows it http(s) URLs, fetched so that nobody can send it anywhere else.

A fetch goes only to an allow-listed host, only to public addresses (all that the name resolves to), and connects to the very
address that was checked, so that a name that resolves differently a moment later (DNS rebinding) gains nothing. A redirect
is a new fetch under the same rules. OWASP's Server-Side Request Forgery Prevention Cheat Sheet is the reference.
"""

import asyncio
import base64
import binascii
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from onevision.models.pictures import open_picture
from onevision.serve.errors import Refusal
from onevision.serve.settings import Settings

if TYPE_CHECKING:
    import httpx
    from PIL.Image import Image

FETCH_SECONDS = 15.0
REDIRECTS = 3
PORTS = {"http": 80, "https": 443}

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""(host, port) -> IP addresses."""


def decode(data: bytes, settings: Settings) -> "Image":
    """A file's bytes as an RGB picture. Raises InputError for what is none, is damaged, or has too many pixels."""
    return open_picture(data, settings.max_pixels)


def from_data_url(url: str, param: str) -> bytes:
    """The bytes of "data:image/…;base64,…". Raises Refusal for any other form."""
    head, comma, body = url.partition(",")
    if not (comma and head.startswith("data:image/") and head.endswith(";base64")):
        raise Refusal("a data URL of a picture reads data:image/png;base64,...", param, code="invalid_image_url")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(f"the picture's base64 cannot be decoded: {error}", param, code="invalid_image_url") from None


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[4][0]) for address in found]


def is_public(address: str) -> bool:
    """Whether an IP address is anyone's to see: no loopback, private, link-local, site-local, multicast or reserved one, also not
    inside an IPv6 address that stands for an IPv4 one (mapped, 6to4, Teredo, NAT64; a network's own NAT64 is reserved)."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inside = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inside:
            return is_public(str(inside))
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or getattr(ip, "is_site_local", False))


class Fetcher:
    """Fetches pictures from allow-listed hosts. resolve, public: how names become addresses, and which may be reached;
    transport: httpx's, to connect with."""

    def __init__(
        self,
        settings: Settings,
        resolve: Resolve = resolve,
        public: Callable[[str], bool] = is_public,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self.settings, self.resolve, self.public, self.transport = settings, resolve, public, transport

    async def fetch(self, url: str, param: str) -> bytes:
        """The bytes behind an http(s) URL. Raises Refusal for whatever is not allowed, too large, too slow or not there."""
        import httpx

        try:
            async with asyncio.timeout(FETCH_SECONDS), httpx.AsyncClient(trust_env=False, transport=self.transport) as client:
                for _ in range(REDIRECTS + 1):
                    answer = await self._get(client, url, param)
                    if isinstance(answer, bytes):
                        return answer
                    url = urljoin(url, answer)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise _refused(f"the picture could not be fetched ({type(error).__name__})", param) from None
        raise _refused(f"more than {REDIRECTS} redirects", param)

    def check(self, url: str, param: str) -> SplitResult:
        """The URL's parts. Raises Refusal unless it leads to an allow-listed host; where that host is, only a fetch finds out."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            raise _refused("the URL cannot be read", param) from None
        if parts.scheme not in PORTS or parts.username is not None or port not in (None, PORTS.get(parts.scheme)):
            raise _refused("only plain http and https URLs on their usual ports are fetched", param)
        if not any(_matches(host, pattern) for pattern in self.settings.allow_hosts):
            raise _refused(f"host {host!r} is not allowed; send the picture as a data URL", param)
        return parts

    async def _get(self, client: "httpx.AsyncClient", url: str, param: str) -> bytes | str:
        """The body, or where it is said to be instead."""
        parts = self.check(url, param)
        host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
        address = await self._address(host, port, param)
        pinned = f"[{address}]" if ":" in address else address
        target = parts._replace(netloc=f"{pinned}:{port}", fragment="").geturl()
        # The name still goes into the Host header and is what the certificate must be for.
        request = client.build_request("GET", target, headers={"Host": parts.netloc}, extensions={"sni_hostname": host})
        answer = await client.send(request, stream=True, follow_redirects=False)
        try:
            if answer.has_redirect_location:
                return str(answer.headers["location"])
            if answer.status_code != 200:
                raise _refused(f"{host} answered with status {answer.status_code}", param)
            return await self._body(answer, param)
        finally:
            await answer.aclose()

    async def _body(self, answer: "httpx.Response", param: str) -> bytes:
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > self.settings.max_body:
                raise _refused(f"the picture has more than {self.settings.max_body} bytes", param)
        return bytes(body)

    async def _address(self, host: str, port: int, param: str) -> str:
        """The address to connect to: the name's first, when all are public."""
        found = await self.resolve(host, port)
        if not found or not all(self.public(address) for address in found):
            raise _refused(f"host {host!r} has no public address", param)
        return found[0]


def _matches(host: str, pattern: str) -> bool:
    """ "*.example.org" stands for every name under example.org."""
    host, pattern = host.lower(), pattern.lower()
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def _refused(why: str, param: str) -> Refusal:
    return Refusal(why, param, code="invalid_image_url")
