"""Tables out of pictures, without a network: TabMWP's real table pictures against their exact tables, OCR included.

    python benchmarks/tables.py --data FOLDER --half second --out docs/describe/tabmwp.csv

--data: a folder with problems.json and tables/ID.png. A table is exact when it has the gold's rows and columns and every cell, empty ones
included; commas and spaces inside a cell do not count, the title stands aside. Cell F1 is over cells with their row and column. The
extractor was developed on the first half by id; the second was run only to be reported.
"""

import argparse
import csv
import io
import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from onevision.describe import ocr, table
from onevision.describe.sight import Sight
from onevision.errors import InputError
from onevision.formal import csv as tables
from onevision.models.pictures import open_picture
from onevision.store import write_atomic


@dataclass(frozen=True)
class Result:
    id: str
    exact: bool
    f1: float
    seconds: float
    processor: float
    gold: tables.Rows
    got: tables.Rows


def gold_rows(text: str) -> tables.Rows:
    """TabMWP's own text form: a row a line, cells parted by bars."""
    return tuple(tuple(cell.strip() for cell in row.split("|")) for row in text.split("\n"))


def read(picture: Path) -> tables.Rows:
    try:
        return tables.parse(table.describe(Sight(open_picture(picture))).text)
    except InputError:
        return ()


def run(data: Path, ids: list[str]) -> list[Result]:
    problems = json.loads((data / "problems.json").read_text())
    results = []
    for number, name in enumerate(ids, start=1):
        wall, processor = time.perf_counter(), time.process_time()
        got = read(data / "tables" / f"{name}.png")
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        gold = gold_rows(problems[name]["table"])
        exact = [[tables.plain(cell) for cell in row] for row in got] == [[tables.plain(cell) for cell in row] for row in gold]
        results.append(Result(name, exact, tables.compare(got, gold), wall, processor, gold, got))
        if number % 10 == 0:
            print(f"{number}/{len(ids)}: {sum(r.exact for r in results)} exact", flush=True)
    return results


def failures(results: list[Result]) -> str:
    """The tables that are not exact, as CSV: id, F1, the cells that differ."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["id", "cell F1", "size of gold", "size read", "first cells that differ (gold / read)"])
    for r in results:
        if not r.exact:
            pairs = [
                (a, b)
                for x, y in zip(r.gold, r.got, strict=False)
                for a, b in zip(x, y, strict=False)
                if tables.plain(a) != tables.plain(b)
            ]
            sizes = [f"{len(rows)} x {len(rows[0]) if rows else 0}" for rows in (r.gold, r.got)]
            writer.writerow([r.id, f"{r.f1:.3f}", *sizes, "; ".join(f"{a} / {b}" for a, b in pairs[:4])])
    return out.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--half", choices=("first", "second", "both"), default="second")
    parser.add_argument("--out", type=Path, help="where the failures go")
    args = parser.parse_args()
    ids = sorted(json.loads((args.data / "problems.json").read_text()), key=int)
    middle = len(ids) // 2
    chosen = {"first": ids[:middle], "second": ids[middle:], "both": ids}[args.half]
    ocr.engine()
    read(args.data / "tables" / f"{chosen[0]}.png")  # the models are loaded and warm
    results = run(args.data, chosen)
    if args.out:
        write_atomic(args.out, failures(results))
    exact, f1 = statistics.mean(r.exact for r in results), statistics.mean(r.f1 for r in results)
    wall, processor = (sum(getattr(r, name) for r in results) for name in ("seconds", "processor"))
    print(f"{args.half} half, {len(results)} pictures: exact {100 * exact:.1f} %, cell F1 {f1:.4f}")
    print(f"{len(results) / wall:.2f} pictures/s by the clock, {processor / len(results):.3f} s of processor time a picture")


if __name__ == "__main__":
    main()
