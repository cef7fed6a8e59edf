"""`onevision serve` itself: its options, and a process that ends as it should."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("uvicorn")

from onevision.cli import main
from onevision.serve.command import KEYS, _is_loopback, _keys, make_scheduler


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--help"]) == 0
    text = capsys.readouterr().out
    assert "Example: onevision serve" in text and "127.0.0.1" in text


def test_bad_options_are_one_line_each(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    for args, words in [
        (["--model", "nowhere/at/all"], "unknown model"),
        (["--model", "openai:x"], "openai:NAME@URL"),
        (["--port", "70000"], "--port"),
        (["--max-batch", "0"], "--max-batch"),
        (["--dtype", "int3"], "unknown dtype"),
        (["--api-key-file", str(tmp_path / "none")], "cannot be read"),
        (["--api-key-file", str(tmp_path / "empty")], "holds no key"),
    ]:
        assert main(["serve", "--no-demo", *args]) == 2
        err = capsys.readouterr().err
        assert words in err and err.count("\n") == 1


def test_keys_come_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keys").write_text("one\n\n two \n")
    monkeypatch.setenv(KEYS, "three, four")
    assert _keys(tmp_path / "keys") == ("one", "two")
    assert _keys(None) == ("three", "four")
    monkeypatch.delenv(KEYS)
    assert _keys(None) == ()


def test_loopback() -> None:
    assert all(map(_is_loopback, ("127.0.0.1", "::1", "localhost", "127.8.0.1")))
    assert not any(map(_is_loopback, ("0.0.0.0", "::", "10.0.0.1", "example.org")))


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted as Linux lists them")
def test_loading_leaves_no_workers_behind() -> None:
    code = """if True:
        import os, time, torch, transformers, PIL.Image
        from onevision.serve.command import load_apart
        threads = lambda: len(os.listdir("/proc/self/task"))
        before = threads()
        engine = load_apart("nano")
        for _ in range(200):  # a worker ends a little after what it worked for
            if threads() == before:
                break
            time.sleep(0.05)
        print(threads() - before)"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"OMP_NUM_THREADS": "2"}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "0\n"


def test_which_engine_is_scheduled_how(engine: Any) -> None:
    from onevision.serve.batching import BatchScheduler
    from onevision.serve.scheduler import Scheduler
    from onevision.serve.settings import Settings

    batching = make_scheduler(engine, Settings())
    assert isinstance(batching, BatchScheduler)
    batching.close()
    assert type(make_scheduler(object(), Settings())) is Scheduler  # type: ignore[arg-type]


def test_a_process_finishes_what_it_began_and_ends(tiny_model_dir: Path) -> None:
    """SIGTERM in the middle of a stream: the stream comes to its end, and the process to exit code 0."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "onevision",
        "serve",
        "--model",
        str(tiny_model_dir),
        "--name",
        "tiny",
        "--port",
        str(port),
        "--no-demo",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 120
            while not _up(url):
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.1)
            assert httpx.get(f"{url}/v1/models").json()["data"][0]["id"] == "tiny"
            ask = {
                "model": "tiny",
                "stream": True,
                "max_tokens": 450,
                "temperature": 2,
                "messages": [{"role": "user", "content": "How many?"}],
            }
            with httpx.stream("POST", f"{url}/v1/chat/completions", json=ask, timeout=60) as reply:
                lines = reply.iter_lines()
                next(lines)
                process.send_signal(signal.SIGTERM)
                assert [line for line in lines if line][-1] == "data: [DONE]"
            assert process.wait(60) == 0
            assert "Traceback" not in (process.stderr.read() if process.stderr else "")
        finally:
            process.kill()


def _up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").status_code == 200
    except httpx.TransportError:
        return False
