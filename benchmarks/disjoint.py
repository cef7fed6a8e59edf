"""Whether training and test share a problem: python benchmarks/disjoint.py [NAME ...] --train 25000 --test 1000

Draws the first --test items of the test split and the first --train of the training split of every task, at the levels'
own sizes unless --size says otherwise, and counts pictures (by a hash of their pixels) and (Description, question) pairs
that are in both. With 40 tasks, --train 25000 is a million. Exit code 1 where anything is shared.
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from hashlib import blake2b
from typing import Any

from onevision import tasks

CHUNK = 100
Hashes = tuple[list[int], list[int]]


def hashes(name: str, split: str, size: tuple[int, int] | None, start: int, stop: int) -> Hashes:
    """64-bit hashes of the pictures, and of the (Description, question) pairs, of some items."""
    options: dict[str, Any] = {"size": size} if size else {}
    task = tasks.make(name, split=split, **options)
    items = [task.item(index) for index in range(start, stop)]
    pictures = [_hash(repr(item.image.size).encode(), item.image.tobytes()) for item in items]
    return pictures, [_hash(item.description.text.encode(), b"\0", item.question.encode()) for item in items]


def _hash(*parts: bytes) -> int:
    return int.from_bytes(blake2b(b"".join(parts), digest_size=8).digest())


def check(pool: ProcessPoolExecutor, name: str, args: argparse.Namespace) -> tuple[int, int]:
    """(pictures, pairs) of the training split that the test split holds too."""

    def run(split: str, count: int) -> list[Any]:
        starts = range(0, count, CHUNK)
        return [pool.submit(hashes, name, split, args.size, start, min(count, start + CHUNK)) for start in starts]

    held, trained = run("test", args.test), run("train", args.train)
    test = [{h for one in held for h in one.result()[kind]} for kind in (0, 1)]
    shared = [0, 0]
    for part in trained:
        for kind, found in enumerate(part.result()):
            shared[kind] += sum(h in test[kind] for h in found)
    return shared[0], shared[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=tasks.names())
    parser.add_argument("--train", type=int, default=25_000)
    parser.add_argument("--test", type=int, default=1000)
    parser.add_argument("--size", type=int, nargs=2, help="smallest and largest mean of a picture's sides")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    args.size = tuple(args.size) if args.size else None
    start, total = time.perf_counter(), [0, 0]
    print(f"{'task':22}{'pictures':>10}{'pairs':>10}   shared by {args.train} training and {args.test} test items")
    with ProcessPoolExecutor(args.processes) as pool:
        for number, name in enumerate(args.names, start=1):
            found = check(pool, name, args)
            total = [a + b for a, b in zip(total, found, strict=True)]
            left = (time.perf_counter() - start) / number * (len(args.names) - number)
            print(f"{name:22}{found[0]:>10}{found[1]:>10}   {left / 60:.0f} min left", flush=True)
    print(f"{'all':22}{total[0]:>10}{total[1]:>10}   {time.perf_counter() - start:.0f} s")
    return 1 if any(total) else 0


if __name__ == "__main__":
    sys.exit(main())
