"""What Prometheus may ask: GET /metrics."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0)


class Metrics:
    """Counters of one server, in a registry of their own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.replies = Counter("onevision_replies", "Replies by path and HTTP status.", ["path", "status"], registry=registry)
        self.prompt_tokens = Counter("onevision_prompt_tokens", "Tokens of prompts, pictures included.", registry=registry)
        self.cached_tokens = Counter("onevision_cached_tokens", "Tokens of prompts that had been run before.", registry=registry)
        self.tokens = Counter("onevision_generated_tokens", "Tokens of answers.", registry=registry)
        self.cancelled = Counter("onevision_cancelled", "Requests whose client left, or whose time was up.", registry=registry)
        self.first = Histogram("onevision_first_token_seconds", "From a request to its first token.", registry=registry, buckets=_SECONDS)
        self.whole = Histogram("onevision_request_seconds", "From a request to its last token.", registry=registry, buckets=_SECONDS)

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """A gauge that reads its value when asked."""
        Gauge(name, what, registry=self.registry).set_function(value)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)
