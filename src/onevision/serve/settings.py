"""What a server allows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """max_batch: answers growing at a time; queue: requests that may wait for a place; timeout: seconds for one request,
    waiting included; max_new_tokens: the longest answer where a request does not say; max_body: bytes of a request;
    read_timeout: seconds in which a request's head, and again its body, must have arrived; max_pixels: of a picture, before it is
    decoded; allow_hosts: hosts that http(s) pictures may come from ("example.org", "*.example.org"), none by default;
    api_keys: any of them opens /v1 and /metrics; none: everybody may."""

    max_batch: int = 16
    queue: int = 64
    timeout: float = 300.0
    max_new_tokens: int = 1024
    max_body: int = 20 * 2**20
    read_timeout: float = 20.0
    max_pixels: int = 20_000_000
    allow_hosts: tuple[str, ...] = ()
    api_keys: tuple[str, ...] = ()
