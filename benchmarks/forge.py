"""The forge's speed, what it costs an item, and what faults and kills do to it.

    python benchmarks/forge.py tasks [ITEMS]       from nothing to a data set and its report, on this machine's cores
    python benchmarks/forge.py busy [ITEMS]        the share of 32 lanes that a 200 ms endpoint is kept busy
    python benchmarks/forge.py faults [ITEMS]      injected faults and three kill -9 against an undisturbed run
    python benchmarks/forge.py units               CPU milliseconds and bytes an item, step by step
    python benchmarks/forge.py evidence [ITEMS]    what the filter lets pass of right steps, and of steps with one number changed

The endpoint is tests/forge/endpoint.py in a process of its own; it knows the answers of the recipe's items (of a tenth of them
a wrong one) and stands for both the model that sees pictures and the one that reasons.
"""

import asyncio
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

LANES, DELAY = 32, 0.2
TASKS = ("chain", "scene", "bar_chart", "clock", "table_lookup", "line_crossings", "two_circles", "circled_letter")


def recipe(out: Path, items: int, url: str = "", **more: Any) -> dict[str, Any]:
    """`items` of eight tasks; with a URL a model describes, reasons and rewrites, without one all is offline."""
    sources = [{"task": name, "name": name, "domain": "drawn", "count": items // len(TASKS), "size": [112, 168]} for name in TASKS]
    made: dict[str, Any] = {"stage": "forge", "output_dir": str(out), "shard": 100, "sources": sources}
    if url:
        made["endpoints"] = {"model": {"model": f"openai:oracle@{url}", "concurrency": LANES, "timeout": 2, "attempts": 30, **more}}
        made["steps"] = [
            {"describe": {"by": "model", "round_trip": False}},
            {"reason": {"by": "model"}},
            "judge",
            {"rewrite": {"by": "model"}},
            "judge",
            "filter",
        ]
    return made


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def url_of(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1"


def write(path: Path, made: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(made))
    return path


# The endpoint's mind.


def oracle(path: Path) -> Callable[[list[dict[str, Any]]], str]:
    """What the endpoint says, from the items of a recipe."""
    from onevision.engine.openai import data_url
    from onevision.forge.read import Mix
    from onevision.forge.reason import Reason
    from onevision.forge.recipe import load_recipe
    from onevision.models.prompts import compose, fenced
    from tests.forge.endpoint import picture, words

    mix, seen, known = Mix(load_recipe(path)), {}, {}
    for number in range(len(mix)):
        draft = mix.draft(number)
        draft = replace(draft, description=draft.given)
        seen[data_url(draft.pictures[0])] = fenced(draft.given)
        answer = draft.problem.answer if number % 10 else "none of it"
        steps = f"Based on the description I go on.\n{draft.worked.steps}"
        known[Reason().requests(draft)[0].messages[0]["content"]] = compose(None, steps, answer)

    def say(messages: list[dict[str, Any]]) -> str:
        asked = words(messages)
        if url := picture(messages):
            return seen[url]
        if asked in known:
            return known[asked]
        steps, answer = re.search(r"Their steps:\n(.*)\n\nTheir answer: (.*?)\n\n", asked, re.S).groups()
        return compose(None, f"I look at the picture.\n{steps}", answer)

    return say


async def serve(path: str, port: str, options: str) -> None:
    from tests.forge.endpoint import Endpoint

    endpoint = Endpoint(oracle(Path(path)), **json.loads(options))
    server = await endpoint.serve(port=int(port))
    await server.serve_forever()


@contextmanager
def endpoint(path: Path, port: int, **options: Any) -> Iterator[Callable[[], dict[str, float]]]:
    """The endpoint in a process of its own; gives its figures when asked."""
    process = subprocess.Popen([sys.executable, __file__, "serve", str(path), str(port), json.dumps(options)])

    def figures() -> dict[str, float]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as reply:
            return dict(json.load(reply))

    try:
        while True:
            try:
                figures()
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit("the endpoint did not start") from None
                time.sleep(0.2)
        yield figures
    finally:
        process.kill()
        process.wait()


def start(path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "onevision", "forge", str(path)], cwd=ROOT)


def run(path: Path) -> float:
    begun = time.perf_counter()
    if start(path).wait():
        raise SystemExit("the forge failed")
    return time.perf_counter() - begun


# What is measured.


def tasks(items: int, out: Path) -> None:
    made = yaml.safe_load((ROOT / "recipes" / "forge-tasks.yaml").read_text())
    share = items / sum(source["count"] for source in made["sources"])
    made |= {"output_dir": str(out / "tasks"), "sources": [s | {"count": max(1, round(s["count"] * share))} for s in made["sources"]]}
    seconds = run(write(out / "tasks.yaml", made))
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "onevision", "report", str(out / "tasks")], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    report = time.perf_counter() - begun
    kept = json.loads((out / "tasks" / "forge.json").read_text())["items"]["kept"]
    size = sum(path.stat().st_size for path in (out / "tasks" / "data").glob("*"))
    print(f"{kept} samples in {seconds:.0f} s and their report in {report:.0f} s: {kept / (seconds + report):.1f} samples/s")
    print(f"{os.cpu_count()} cores; {size / kept / 1000:.1f} kB a sample")


def busy(items: int, out: Path) -> None:
    port = free_port()
    path = write(out / "busy.yaml", recipe(out / "busy", items, url_of(port)))
    with endpoint(path, port, delay=DELAY) as figures:
        seconds, found = run(path), figures()
    share = found["busy"] / (LANES * found["span"])
    print(f"{found['answered']:.0f} answers in {seconds:.1f} s, {found['span']:.1f} s from the first request to the last answer")
    print(f"{share:.1%} of {LANES} lanes busy; at most {found['most']:.0f} requests at a time")


def faults(items: int, out: Path) -> None:
    port = free_port()
    calm = write(out / "calm.yaml", recipe(out / "calm", items, url_of(port)))
    with endpoint(calm, port, delay=DELAY) as figures:
        print(f"undisturbed: {run(calm):.1f} s, {figures()['answered']:.0f} answers")
    port = free_port()
    path = write(out / "faulty.yaml", recipe(out / "faulty", items, url_of(port)))
    begun = time.perf_counter()
    # Dead for a minute, from 20 seconds on.
    with endpoint(path, port, delay=DELAY, faults=0.2, dead=[20, 80]) as figures:
        wanted = figures_of(calm)["answers"]
        lost = [kill_at(path, figures, share * wanted) for share in (0.25, 0.5, 0.75)]
        run(path)
        found = figures()
    print(f"a fault in every fifth request, a minute dead, three kills: {time.perf_counter() - begun:.1f} s")
    again = found["answered"] - found["different"]
    print(f"{found['different']:.0f} requests answered, {again:.0f} of them twice; on the wire when killed: {' + '.join(map(str, lost))}")
    print("no answer that was kept was asked for again" if again <= sum(lost) else "KEPT ANSWERS WERE ASKED FOR AGAIN")
    same = all((out / "faulty" / name).read_bytes() == (out / "calm" / name).read_bytes() for name in files(out / "calm"))
    print(f"{len(files(out / 'calm'))} files of samples and dropped items, {'all' if same else 'NOT all'} the same bytes")
    print(json.dumps(json.loads((out / "faulty" / "forge.json").read_text())["dropped"]))


def files(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for name in ("data", "dropped") for path in sorted((folder / name).glob("*.parquet"))]


def figures_of(path: Path) -> dict[str, Any]:
    out = Path(yaml.safe_load(path.read_text())["output_dir"])
    return dict(json.loads((out / "forge.json").read_text())["endpoints"]["model"])


def kill_at(path: Path, figures: Callable[[], dict[str, float]], answers: float) -> int:
    """Kill a run after so many answers; how many the endpoint had given that the run had not kept."""
    process = start(path)
    while figures()["different"] < answers:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(1.5)  # what is under way at the endpoint comes to its end
    base = sqlite3.connect(Path(yaml.safe_load(path.read_text())["output_dir"]) / "replies.sqlite")
    (kept,) = base.execute("select count(*) from said").fetchone()
    base.close()
    return int(figures()["different"]) - kept


def units(out: Path) -> None:
    from onevision.forge.near import fingerprint
    from onevision.forge.read import Mix
    from onevision.forge.recipe import load_recipe
    from onevision.forge.shards import Shards, pack

    made = load_recipe(ROOT / "recipes" / "forge-tasks.yaml", [f"output_dir={out / 'units'}", "shard=100"])
    mix = Mix(made)
    numbers = random.Random(0).sample(range(len(mix)), 200)
    drafts = timed("read, draw and encode", numbers, mix.draft)
    timed("fingerprint (drawing left out)", [mix.problem(number) for number in numbers], fingerprint)
    for place, step in enumerate(made.steps):
        drafts = timed(f"{place + 1}. {step.name}", [draft for draft in drafts if not draft.dropped], step)
    shards = Shards(replace(made, output_dir=str(out / "units")), 200)
    kept = [draft for draft in drafts if not draft.dropped]
    timed("write", [kept], lambda rows: shards.write(0, pack(rows)), len(kept))
    size = (out / "units" / "data" / "shard-00000.parquet").stat().st_size
    stores(out)
    print(f"| bytes a sample | {size / len(kept):.0f}, of them pictures {sum(len(d.pictures[0]) for d in kept) / len(kept):.0f} |")


def stores(out: Path) -> None:
    """What the driver alone holds: the index of items seen, and the cache of answers."""
    import tracemalloc

    import numpy as np

    from onevision.forge.cache import Cache, Said
    from onevision.forge.near import Near, Print, Seen

    rng, count = np.random.default_rng(0), 20_000

    def one() -> Print:
        hashes, words = rng.integers(0, 256, (1, 32), dtype=np.uint8), rng.integers(0, 2**32, 64, dtype=np.uint32)
        return Print("item", hashes, words, 12)

    tracemalloc.start()
    prints, held = [one() for _ in range(count)], Seen(Near())
    for number, print_ in enumerate(prints):
        held.add(number, print_)
    print(f"| bytes an item in the index | {tracemalloc.get_traced_memory()[0] / count:.0f} |")
    tracemalloc.stop()
    seen, cache = Seen(Near()), Cache(out / "replies.sqlite")
    timed("near-duplicates: look up and add", list(enumerate(prints)), lambda one: seen.add(*one))
    timed("cache: put an answer of 3,600 characters", range(5000), lambda n: cache.put(f"{n:064x}", Said("x" * 3600, "stop", "m", 1, 1)))
    cache.close()
    print(f"| bytes an answer | {(out / 'replies.sqlite').stat().st_size / 5000:.0f} |")


def timed(name: str, things: Sequence[Any], work: Callable[[Any], Any], count: int = 0) -> list[Any]:
    begun = time.process_time()
    done = [work(thing) for thing in things]
    print(f"| {name} | {1000 * (time.process_time() - begun) / (count or len(things)):.2f} ms |", flush=True)
    return done


def evidence(items: int) -> None:
    from onevision.forge.draft import Thought
    from onevision.forge.evidence import objection
    from onevision.forge.read import Mix
    from onevision.forge.recipe import load_recipe

    mix, rng = Mix(load_recipe(ROOT / "recipes" / "forge-tasks.yaml")), random.Random(0)
    passed = changed = caught = 0
    for number in rng.sample(range(len(mix)), items):
        draft = mix.draft(number)
        draft = replace(draft, description=draft.given, thoughts=(draft.worked,))
        if objection(draft):
            continue
        passed += 1
        if places := list(re.finditer(r"\d+", draft.worked.steps)):
            place = rng.choice(places)
            other = str(abs(int(place[0]) + rng.choice((-7, -3, -1, 1, 2, 5, 11))) + (place[0] == "0"))
            steps = draft.worked.steps[: place.start()] + other + draft.worked.steps[place.end() :]
            changed += 1
            caught += objection(replace(draft, thoughts=(Thought(steps, draft.worked.answer, ""),))) is not None
    print(f"right steps let pass: {passed} of {items}; one number changed: {caught} of {changed} caught")


def main() -> None:
    command, *rest = sys.argv[1:] or ["help"]
    if command == "serve":
        return asyncio.run(serve(*rest))
    out = Path(tempfile.mkdtemp(prefix="forge-"))
    try:
        if command in ("tasks", "busy", "faults"):
            {"tasks": tasks, "busy": busy, "faults": faults}[command](int(rest[0]) if rest else 11_000 if command == "tasks" else 2000, out)
        elif command == "units":
            units(out)
        elif command == "evidence":
            evidence(int(rest[0]) if rest else 500)
        else:
            print(__doc__)
    finally:
        shutil.rmtree(out, ignore_errors=True)


if __name__ == "__main__":
    main()
