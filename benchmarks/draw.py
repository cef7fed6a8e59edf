"""Items drawn per second of one core's time, by task and picture size: python benchmarks/draw.py [NAME ...]

--processes 1 2 4 measures instead how all of them together scale, in items per second of wall time at 336 px.
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from statistics import fmean

from onevision import tasks

SIZES = (168, 336, 1200)
SECONDS = 1.0


def rate(name: str, size: int, seconds: float = SECONDS) -> float:
    """Items per second of CPU time of a task, all levels, at one size."""
    task = tasks.make(name, size=(size, size))
    # Fonts, sprites and imports are loaded once in a run of any length.
    for index in range(10):
        task.item(index)
    start, drawn = time.process_time(), 0
    while (elapsed := time.process_time() - start) < seconds:
        task.item(1000 + drawn)
        drawn += 1
    return drawn / elapsed


def draw_all(names: list[str], process: int, each: int) -> int:
    """Draw so many items of every task at 336 px; the number drawn."""
    for name in names:
        task = tasks.make(name, size=(336, 336))
        for index in range(each):
            task.item(process * each + index)
    return each * len(names)


def scaling(names: list[str], processes: int, each: int = 20) -> float:
    """Items per second of wall time over all tasks, with so many processes that are warm."""
    with ProcessPoolExecutor(processes) as pool:
        for number in [pool.submit(draw_all, names, process, 2) for process in range(processes)]:
            number.result()
        start = time.perf_counter()
        drawn = sum(number.result() for number in [pool.submit(draw_all, names, process, each) for process in range(processes)])
        return drawn / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=tasks.names())
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--processes", type=int, nargs="+")
    args = parser.parse_args()
    if args.processes:
        for processes in args.processes:
            print(f"{processes} processes: {scaling(args.names, processes):.0f} items/s", flush=True)
        return
    print(f"{'items/s':22}" + "".join(f"{size:>8} px" for size in args.sizes))
    rates = []
    for name in args.names:
        rates.append([rate(name, size) for size in args.sizes])
        print(f"{name:22}" + "".join(f"{value:>11.0f}" for value in rates[-1]), flush=True)
    print(f"{'mean':22}" + "".join(f"{fmean(column):>11.0f}" for column in zip(*rates, strict=True)))
    print(f"{'slowest':22}" + "".join(f"{min(column):>11.0f}" for column in zip(*rates, strict=True)))


if __name__ == "__main__":
    main()
