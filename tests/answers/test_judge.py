"""The judge model, against a stub of an OpenAI-compatible endpoint on this machine."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from onevision.answers.judge import Judge, _logged, make_judge
from onevision.errors import InputError
from onevision.types import Verdict

pytest.importorskip("openai")
OPEN = Verdict(None, "New York", "answer tag; could not judge as text")


class Stub(BaseHTTPRequestHandler):
    """Replies with the class's `reply`, or with an error where it is None; counts what it was asked."""

    reply: str | None = "RIGHT"
    asked: int = 0

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert request["temperature"] == 0 and "New York" in request["messages"][0]["content"]
        Stub.asked += 1
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": Stub.reply}}
        body = json.dumps({"id": "1", "object": "chat.completion", "created": 0, "model": "stub", "choices": [choice]}).encode()
        self.send_response(200 if Stub.reply is not None else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Stub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Stub.asked = 0
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("reply", "score"),
    [("RIGHT", 1.0), (" wrong.\n", 0.0), ("UNSURE", None), ("It is right, I think", None), ("", None), (None, None)],
)
def test_only_a_clear_reply_settles(url: str, reply: str | None, score: float | None) -> None:
    Stub.reply = reply
    judge = Judge("stub", url)
    verdict = judge.settle(OPEN, "New York City", "Where is it?")
    assert verdict.score == score and judge.asked == 1
    assert verdict == OPEN if score is None else "by judge stub" in verdict.reason


def test_it_is_asked_for_open_verdicts_alone(url: str) -> None:
    Stub.reply = "WRONG"
    judge = Judge("stub", url)
    for verdict in (Verdict(1.0, "5", "x"), Verdict(0.0, "5", "x"), Verdict(None, None, "x")):
        assert judge.settle(verdict, "5") == verdict
    assert judge.settle(OPEN, None) == OPEN and Stub.asked == 0


def test_an_endpoint_that_is_not_there_leaves_the_verdict() -> None:
    judge = Judge("stub", "http://127.0.0.1:9/v1", timeout=2)
    assert judge.settle(OPEN, "New York City") == OPEN and judge.failed == 1


def test_a_second_run_does_not_ask_again(url: str, tmp_path: Path) -> None:
    Stub.reply = "RIGHT"
    for _ in range(2):
        judge = make_judge(f"openai:stub@{url}", tmp_path / "replies.jsonl")
        assert judge.settle(OPEN, "New York City").score == 1.0
    assert Stub.asked == 1


@pytest.mark.parametrize("spec", ["stub", "openai:stub", "openai:@http://x/v1", "vllm:x@http://x", "openai:x@localhost:8000"])
def test_another_form_is_refused(spec: str) -> None:
    with pytest.raises(InputError, match="openai:NAME@URL"):
        make_judge(spec)


def test_a_reply_with_a_line_separator_is_found_again(url: str, tmp_path: Path) -> None:
    log = tmp_path / "replies.jsonl"
    log.write_text('["k", "RIGHT\u2028so"]\n')
    assert list(_logged(log)) == [("k", "RIGHT\u2028so")]
