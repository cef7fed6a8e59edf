"""Ten minutes at twice a server's capacity: no crash, flat memory, and every request answered or refused with 429.

    python benchmarks/overload.py --minutes 10 [--dtype int8 --compile]

Twice as many clients as the server has room for, in its batch and its queue, send one request after the other: whole, streamed,
with a picture that is known or new, a tenth of them vanishing in the middle, some of them faulty. A client that is refused waits as
long as Retry-After says, up to a second, so that the queue stays full. Prints a table, memory each minute, and exits 1 if
anything else happened. --plot FILE draws memory and replies over time.
"""

import argparse
import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from client import body, problems

PORT = 8124


def asking(parts: bytes) -> bytes:
    """A request with these parts of one message's content."""
    return b'{"model": "nano", "messages": [{"role": "user", "content": [' + parts + b"]}]}"


FAULTS = {
    "no JSON": (b'{"model": "nano", "messages": ', 400),
    "invalid UTF-8": (b'{"model": "nano", "messages": [{"role": "user", "content": "\xff\xfe"}]}', 400),
    "ten thousand parts": (asking(b",".join([b'{"type":"text","text":"a"}'] * 10_000)), 400),
    "another host": (asking(b'{"type":"image_url","image_url":{"url":"http://169.254.169.254/"}},{"type":"text","text":"?"}'), 400),
}  # fmt: skip


def main() -> None:
    args = _arguments()
    command = [sys.executable, str(Path(__file__).parent / "ours_serve.py"), "--port", str(PORT), "--max-batch", "16", "--queue", "16"]
    command += ["--dtype", args.dtype, *(["--compile"] if args.compile else [])]
    with subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": str(args.threads)}, start_new_session=True) as server:
        try:
            seen, memory = asyncio.run(overload(args.minutes * 60, server))
        finally:
            os.killpg(server.pid, signal.SIGTERM)
        ended = server.wait(120)
    report(seen, memory, ended)
    if args.plot:
        plot(memory, args.plot)


async def overload(seconds: float, server: "subprocess.Popen[bytes]") -> tuple[Counter[str], list[tuple[float, float, int]]]:
    """What was seen, and (seconds, MiB, replies) over time."""
    await _up(server)
    pictures = problems(40, 224)
    known = [body(problem, tokens, stream=stream) for problem in pictures[:8] for tokens in (8, 64) for stream in (True, False)]
    seen: Counter[str] = Counter()
    memory: list[tuple[float, float, int]] = []
    end, begun = time.monotonic() + seconds, time.monotonic()
    clients = [asyncio.ensure_future(_client(random.Random(number), known, pictures, seen, end)) for number in range(64)]
    while time.monotonic() < end:
        memory.append((time.monotonic() - begun, _resident(server.pid), sum(seen.values())))
        await asyncio.sleep(min(5.0, max(0.0, end - time.monotonic())))
    await asyncio.gather(*clients)
    status, _ = await _send(known[0], random.Random(0), 0.0)
    seen["alive at the end" if status == 200 else "dead at the end"] += 1
    return seen, memory


async def _client(rng: random.Random, known: list[bytes], pictures: list[Any], seen: Counter[str], end: float) -> None:
    while time.monotonic() < end:
        kind = rng.random()
        if kind < 0.05:
            name, (request, wanted) = rng.choice(list(FAULTS.items()))
            status, _ = await _send(request, rng, 0.0)
            seen[f"fault refused: {name}" if status == wanted else f"WRONG: {name} got {status}"] += 1
            continue
        request = rng.choice(known) if kind < 0.6 else _new(rng, pictures)
        leaves = 0.1 if rng.random() < 0.1 else 0.0
        status, wait = await _send(request, rng, leaves)
        seen[{200: "answered", 429: "refused with 429", 0: "left in the middle"}.get(status, f"WRONG: status {status}")] += 1
        await asyncio.sleep(min(wait, 1.0))


def _new(rng: random.Random, pictures: list[Any]) -> bytes:
    """A picture that nobody has sent before: one pixel differs."""
    image, question = rng.choice(pictures)
    image = image.copy()
    image.putpixel((rng.randrange(224), rng.randrange(224)), tuple(rng.randrange(256) for _ in range(3)))
    return body((image, question), rng.choice((4, 16, 64)), stream=rng.random() < 0.5)


async def _send(request: bytes, rng: random.Random, leaves: float) -> tuple[int, float]:
    """Status (0 where we left, -1 where the server broke off) and Retry-After."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT, limit=2**24)
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(request)}\r\n\r\n"
    try:
        writer.write(head.encode() + request)
        if leaves:
            await asyncio.sleep(rng.random())
            return 0, 0.0
        reply = await asyncio.wait_for(reader.read(-1), 300)
        lines = reply.partition(b"\r\n\r\n")[0].split(b"\r\n")
        whole = b"[DONE]" in reply or b"event-stream" not in reply
        status = int(lines[0].split()[1]) if lines[0] and whole else -1
        wait = next((float(line.split()[1]) for line in lines if line.lower().startswith(b"retry-after")), 0.0)
        return status, wait
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _up(server: "subprocess.Popen[bytes]") -> None:
    while server.poll() is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", PORT)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.5)
    raise SystemExit("the server did not start")


def _resident(pid: int) -> float:
    """MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def report(seen: Counter[str], memory: list[tuple[float, float, int]], ended: int) -> None:
    """The table; exit 1 where anything went wrong."""
    print("| what | requests |\n| --- | ---: |")
    for name, count in sorted(seen.items()):
        print(f"| {name} | {count} |")
    minutes = [memory[int(share * (len(memory) - 1))] for share in (i / 10 for i in range(11))]
    print("\nmemory, MiB, at each tenth of the time: " + ", ".join(f"{mib:.0f}" for _, mib, _ in minutes))
    print(f"the server's exit code: {ended}")
    if ended or any(name.startswith("WRONG") or name.startswith("dead") for name in seen):
        raise SystemExit(1)


def plot(memory: list[tuple[float, float, int]], file: Path) -> None:
    """Memory and replies over time."""
    from matplotlib.figure import Figure

    figure = Figure((7, 3), layout="constrained")
    left = figure.subplots()
    times = [seconds / 60 for seconds, _, _ in memory]
    left.plot(times, [mib for _, mib, _ in memory], color="tab:blue")
    left.set(xlabel="minutes", ylabel="resident memory, MiB", ylim=(0, None))
    right = left.twinx()
    right.plot(times, [replies for _, _, replies in memory], color="tab:orange")
    right.set(ylabel="requests so far")
    figure.savefig(file, dpi=150)


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--compile", action="store_true", help="our server as machine code")
    parser.add_argument("--plot", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
