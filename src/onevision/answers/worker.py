"""Computer algebra (math-verify on SymPy) in a process of its own, for the few formulas that our own rules cannot judge.

A hostile expression can make SymPy run for ever or eat all memory, and math-verify's own timeouts work by signals in
the main thread alone. Here one long-lived server process has math-verify imported; for each question it forks a child
with limits on processor time and address space, and kills it at a deadline. Any thread may ask.
"""

import atexit
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
from functools import cache
from importlib.util import find_spec
from typing import Any

SECONDS = 1.0
"""Wall time a question may take, and the longest wait for a server that is still starting: what takes longer is not
judged, so that no call can hang. `warm_up` waits for the start instead, for runs that are to be repeated exactly."""

_MEMORY = 1 << 30
_START_SECONDS = 60.0


class Worker:
    """The server process, started with the first question and again if it should die. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False

    def ask(self, answer: str, gold: str) -> bool | None:
        """Whether math-verify finds the two equal; None where it understands neither, is stopped, or still starts.

        Never raises.
        """
        with self._lock:
            try:
                if not self._wait_ready(SECONDS):
                    return None
                process = self._running()
                assert process.stdin
                process.stdin.write(json.dumps([answer, gold]).encode() + b"\n")
                process.stdin.flush()
                result = json.loads(self._line(process, 1.8 * SECONDS) or b"")
                return result if isinstance(result, bool) else None
            except (OSError, ValueError):
                self._stop()
                return None

    def warm_up(self) -> bool:
        """Start the server and wait until it can answer; whether it can."""
        with self._lock:
            return self._wait_ready(_START_SECONDS)

    def close(self) -> None:
        """End the server process."""
        with self._lock:
            self._stop()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self._ready = False
            self._process = subprocess.Popen(
                [sys.executable, "-m", "onevision.answers.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
            )
        return self._process

    def _wait_ready(self, seconds: float) -> bool:
        process = self._running()
        self._ready = self._ready or bool(self._line(process, seconds))
        return self._ready

    def _line(self, process: "subprocess.Popen[bytes]", seconds: float) -> bytes:
        assert process.stdout
        ready, _, _ = select.select([process.stdout], [], [], seconds)
        return process.stdout.readline() if ready else b""

    def _stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def forget(self) -> None:
        """Leave the server to the process that started it: after a fork two would read from one pipe."""
        self._lock, self._process, self._ready = threading.Lock(), None, False


_WORKER = Worker()
atexit.register(_WORKER.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_WORKER.forget)


def same_by_algebra(answer: str, gold: str) -> bool | None:
    """Whether two formulas are equal by computer algebra; None where it cannot say, or math-verify is not installed."""
    return _WORKER.ask(answer, gold) if _installed() else None


def warm_up() -> bool:
    """Start the algebra and wait for it, some seconds; False where math-verify is not installed or does not start."""
    return _installed() and _WORKER.warm_up()


@cache
def _installed() -> bool:
    return os.name == "posix" and find_spec("math_verify") is not None


_WARMING = ((r"\int_0^1 x\,dx", r"\frac{1}{2}"), (r"\sum_{k=1}^{3} k", "5"), (r"\lim_{x\to 0} \frac{\sin x}{x}", "1"))


def _serve() -> None:
    """The server: one JSON line [answer, gold] in, one JSON line true, false or null out."""
    import logging

    import math_verify

    logging.disable(logging.CRITICAL)
    for gold, answer in _WARMING:  # what SymPy imports on first use, the children then need not
        _same(math_verify, answer, gold)
    print("null", flush=True)
    for line in sys.stdin:
        print(json.dumps(_in_child(math_verify, *json.loads(line))), flush=True)


def _in_child(math_verify: Any, answer: str, gold: str) -> bool | None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(math_verify, answer, gold, writing)
    os.close(writing)
    ready, _, _ = select.select([reading], [], [], SECONDS)
    said = os.read(reading, 1) if ready else b""
    os.close(reading)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, 9)
    os.waitpid(child, 0)
    return {b"1": True, b"0": False}.get(said)


def _answer(math_verify: Any, answer: str, gold: str, writing: int) -> None:
    """In the child: limits first, then one comparison; whatever happens, the child ends here."""
    import resource

    try:
        resource.setrlimit(resource.RLIMIT_CPU, (2, 2))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        same = _same(math_verify, answer, gold)
        os.write(writing, b"" if same is None else b"1" if same else b"0")
    finally:
        os._exit(0)


def _same(math_verify: Any, answer: str, gold: str) -> bool | None:
    sides = [math_verify.parse(f"${side}$", parsing_timeout=None) for side in (gold, answer)]
    return bool(math_verify.verify(*sides, timeout_seconds=None)) if all(sides) else None


if __name__ == "__main__":
    _serve()
