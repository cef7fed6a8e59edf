"""A forge run's folder as people read it: what is in the set, what was dropped and why, how long texts are, and samples to look at."""

import base64
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from onevision.models.prompts import parse
from onevision.report.html import write_html
from onevision.report.plots import plain
from onevision.report.tables import cell, show

SHOWN_KEPT, SHOWN_DROPPED = 60, 6
"""Samples in the gallery: of those kept, spread over the run; of those dropped, for each reason."""

THUMBNAIL = 360

TEXTS = {"question": "words of the question", "description": "words of the Description", "steps": "words of the steps"}


Place = tuple[Path, int]
"""A shard, and the number of a row in it."""


@dataclass(frozen=True)
class Made:
    """A run: its folder, its totals (forge.json), what was near (near.json), and words of each text, over all samples."""

    folder: Path
    totals: dict[str, Any]
    near: dict[str, Any]
    lengths: dict[str, np.ndarray]


def read_made(folder: Path) -> Made:
    """Read a run's folder; pictures are left where they are."""
    totals = json.loads((folder / "forge.json").read_text(encoding="utf-8"))
    near = json.loads((folder / "near.json").read_text(encoding="utf-8")) if (folder / "near.json").exists() else {}
    counts: dict[str, list[int]] = {name: [] for name in TEXTS}
    for row in _rows(folder / "data", ["question", "description", "messages"]):
        counts["question"].append(len(row["question"].split()))
        counts["description"].append(len(row["description"].split()))
        counts["steps"].append(len(parse(json.loads(row["messages"])[-1]["content"]).steps.split()))
    return Made(folder, totals, near, {name: np.asarray(found) for name, found in counts.items()})


def show_made(folder: Path) -> Path:
    """Print the tables, draw the plots, write the page; its path."""
    made = read_made(folder)
    for title, heads, rows in _tables(made):
        show(title, heads, rows)
    plots = {"what is in the set": _draw_mix(made), "how long its texts are": _draw_lengths(made)} if made.totals["kept"] else {}
    return _write_page(made, plots)


def _tables(made: Made) -> Iterator[tuple[str, Sequence[str], list[list[Any]]]]:
    items = made.totals["items"]
    kept, total = items.get("kept", 0), sum(items.values())
    yield f"{made.folder}: {kept} samples of {total} items", ("step", "came in", "dropped", "went on"), _by_step(made, total)
    reasons = sorted(made.totals["dropped"].items(), key=lambda one: -one[1])
    yield "why items were dropped", ("step: reason", "items", "of all"), [[name, count, count / total] for name, count in reasons]
    sources = [(place, count, made.totals["kept"].get(place, 0)) for place, count in made.totals["all"].items()]
    yield "domain / source", ("", "items", "samples", "accepted"), [[place, count, good, good / count] for place, count, good in sources]
    spoken = [[f"{when} rewriting", made.totals["phrases"].get(when, 0)] for when in ("before", "after")]
    yield "phrases such as 'based on the description'", ("", "in the steps"), spoken
    if made.near:
        yield "near-duplicates and kept-out items", ("", "items"), _near(made.near)
    if asked := made.totals.get("endpoints"):
        heads = ("endpoint", "answers", "prompt tokens", "completion tokens", "cost")
        rows = [[name, one["answers"], one["prompt_tokens"], one["completion_tokens"], f"{one['cost']:g}"] for name, one in asked.items()]
        yield "whom the steps asked", heads, rows


def _by_step(made: Made, total: int) -> list[list[Any]]:
    """What came into each step and what of it was dropped there; a step that stands in the list twice counts as one."""
    dropped = Counter[str]()
    for reason, count in made.totals["dropped"].items():
        dropped[reason.partition(": ")[0]] += count
    rows, left = [], total
    for step in dict.fromkeys(("read", "near", *made.totals["steps"])):
        rows.append([step, left, dropped[step], (left - dropped[step]) / left if left else None])
        left -= dropped[step]
    return rows


def _near(near: Mapping[str, Any]) -> list[list[Any]]:
    rows = [["looked at", near["items"]]]
    if "duplicates" in near:
        rows += [["with pictures near an earlier item's", near["near_pictures"]], ["different questions", near["different_questions"]]]
        rows += [["dropped as duplicates", near["duplicates"]]]
    for name, found in near["kept_out"].items():
        rows += [
            [f"near a picture of {name} ({found['items']} items)", found["picture"]],
            [f"near a question of {name}", found["question"]],
        ]
    return rows


# The plots.


def _draw_mix(made: Made) -> Path:
    """Two rings as in the original's figure: domains inside, their sources outside."""
    plt = _pyplot()
    domains: dict[str, dict[str, int]] = {}
    for place, count in made.totals["kept"].items():
        domain, _, source = place.partition(" / ")
        domains.setdefault(domain, {})[source] = count
    ordered = sorted(domains.items(), key=lambda one: -sum(one[1].values()))
    figure, axes = plt.subplots(figsize=(9, 9), layout="constrained")
    colours = plt.get_cmap("tab10")
    inner, outer = [], []
    for number, (domain, sources) in enumerate(ordered):
        inner.append((sum(sources.values()), f"{plain(domain)}\n{sum(sources.values())}", colours(number % 10)))
        for place, (source, count) in enumerate(sorted(sources.items(), key=lambda one: -one[1])):
            outer.append((count, f"{plain(source)} {count}", (*colours(number % 10)[:3], 0.75 - 0.4 * place / len(sources))))
    for ring, radius, width, where in ((inner, 0.68, 0.4, 0.7), (outer, 1.0, 0.3, 1.04)):
        values, labels, fills = zip(*ring, strict=True)
        small = [label if value > 0.012 * sum(values) else "" for value, label in zip(values, labels, strict=True)]
        look = {"wedgeprops": {"width": width, "edgecolor": "white"}, "textprops": {"fontsize": 8}}
        texts = axes.pie(values, radius=radius, labels=small, labeldistance=where, colors=fills, **look)[1]
        for text in texts if radius < 1 else ():
            text.set(horizontalalignment="center", fontweight="bold")
    figure.savefig(made.folder / "mix.png", dpi=110)
    plt.close(figure)
    return made.folder / "mix.png"


def _draw_lengths(made: Made) -> Path:
    plt = _pyplot()
    figure, row = plt.subplots(1, len(TEXTS), figsize=(4 * len(TEXTS), 3), layout="constrained")
    for axes, (name, title) in zip(row, TEXTS.items(), strict=True):
        words = made.lengths[name]
        if len(words):
            axes.hist(words, bins=min(40, max(1, int(words.max()))), color="#4c78a8")
            axes.axvline(float(np.median(words)), color="#333", linestyle="--", linewidth=1)
            title += f", median {np.median(words):.0f}"
        axes.set(title=title, ylabel="samples")
    figure.savefig(made.folder / "lengths.png", dpi=110)
    plt.close(figure)
    return made.folder / "lengths.png"


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


# The page.


def _write_page(made: Made, plots: Mapping[str, Path]) -> Path:
    data = {
        "title": str(made.folder.name),
        "tables": [
            {"title": title, "heads": heads, "rows": [[cell(one) for one in row] for row in rows]} for title, heads, rows in _tables(made)
        ],
        "plots": {title: _data_url("png", path.read_bytes()) for title, path in plots.items()},
        "samples": [*_gallery(made.folder / "data"), *_gallery(made.folder / "dropped", "dropped_step", "dropped_kind")],
    }
    return write_html(made.folder / "report.html", "forge.html", data)


def _gallery(folder: Path, *why: str) -> Iterator[dict[str, Any]]:
    """Samples of a folder's shards; of dropped ones so many for each reason, which is in the columns `why`."""
    places: dict[str, list[Place]] = defaultdict(list)
    for path in sorted(folder.glob("*.parquet")):
        for number, row in enumerate(_table(path, ["id", *why])):
            places[": ".join(row[name] for name in why)].append((path, number))
    for reason, found in places.items():
        yield from _shown(found, reason, SHOWN_DROPPED if why else SHOWN_KEPT)


def _shown(places: Sequence[Place], reason: str, most: int) -> Iterator[dict[str, Any]]:
    """Samples with their pictures, spread over the places."""
    names = ["id", "images", "question", "choices", "answer", "source", "description", "formalism", "messages"]
    names += ["dropped_words"] if reason else []
    count = min(most, len(places))
    chosen = [places[number * len(places) // count] for number in range(count)]
    for path, some in groupby(chosen, key=lambda place: place[0]):
        table = _table(path, names)
        for row in (table[number] for _, number in some):
            yield {
                **{name: row[name] for name in ("id", "question", "choices", "answer", "source", "description", "formalism")},
                "text": json.loads(row["messages"])[-1]["content"],
                "pictures": [thumbnail(data) for data in row["images"]],
                "reason": reason or "kept",
                "words": row.get("dropped_words") or "",
            }


def thumbnail(data: bytes) -> str:
    """A picture, small, as a data URL."""
    from PIL import Image

    image = Image.open(io.BytesIO(data)).convert("RGB")
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return _data_url("jpeg", out.getvalue())


def _data_url(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _rows(folder: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.parquet")):
        yield from _table(path, columns)


def _table(path: Path, columns: list[str]) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = pq.read_table(path, columns=columns).to_pylist()
    return rows
