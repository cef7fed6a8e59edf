"""Items drawn per second and task on one core, by picture size: python benchmarks/draw.py [NAME ...]"""

import sys
import time

from onevision import tasks

SIZES = (168, 300, 1200)
SECONDS = 1.0


def rate(name: str, size: int, seconds: float = SECONDS) -> float:
    """Items per second of a task, all levels, at one size."""
    task = tasks.make(name, size=(size, size))
    # Fonts and imports are loaded once in a run of any length.
    for index in range(3):
        task.item(index)
    start, drawn = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - start) < seconds:
        task.item(1000 + drawn)
        drawn += 1
    return drawn / elapsed


def main(names: list[str]) -> None:
    print(f"{'items/s':20}" + "".join(f"{size:>8} px" for size in SIZES))
    for name in names or tasks.names():
        print(f"{name:20}" + "".join(f"{rate(name, size):>11.0f}" for size in SIZES), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
