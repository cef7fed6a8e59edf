"""What a run leaves: shards of samples, shards of dropped items, and what it counted.

OUT/data/shard-00000.parquet      samples (`sources.onevision`), to train on or to export
OUT/dropped/shard-00000.parquet   the others, with step, kind and reason
OUT/done/00000.json               written last: the shard is whole
OUT/forge.json                    the recipe's signature, totals, endpoints; OUT/near.json: duplicates and kept-out items
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onevision.errors import InputError
from onevision.forge.draft import Draft
from onevision.forge.recipe import ForgeRecipe
from onevision.sources.onevision import packed
from onevision.store import Markers, write_atomic

WHY = ("dropped_step", "dropped_kind", "dropped_words")


class Shards:
    """The shards of a run in its folder. Raises InputError where the folder holds another recipe's run."""

    def __init__(self, recipe: ForgeRecipe, items: int) -> None:
        self.folder, self.size, self.items = Path(recipe.output_dir), recipe.shard, items
        self.count = -(-items // self.size)
        self.markers = Markers(self.folder / "done")
        self._open: dict[int, dict[int, Draft]] = {}
        self._claim(recipe)
        self.done = self.markers.all()

    def _claim(self, recipe: ForgeRecipe) -> None:
        path, ours = self.folder / "recipe.json", {"signature": recipe.signature(), "items": self.items}
        if path.exists() and json.loads(path.read_text(encoding="utf-8")) != ours:
            raise InputError(f"{self.folder} holds another recipe's run (sources, steps, seed or models differ): give another output_dir")
        write_atomic(path, json.dumps(ours) + "\n")

    def numbers(self, shard: int) -> range:
        """The items of a shard."""
        return range(shard * self.size, min(self.items, (shard + 1) * self.size))

    def left(self) -> list[int]:
        """The shards that are not done."""
        return [shard for shard in range(self.count) if shard not in self.done]

    def add(self, draft: Draft) -> tuple[int, list[Draft]] | None:
        """Take in a finished item; the shard, to be written, when it was the last of it."""
        shard = draft.number // self.size
        drafts = self._open.setdefault(shard, {})
        drafts[draft.number] = draft
        if len(drafts) < len(self.numbers(shard)):
            return None
        del self._open[shard]
        return shard, [drafts[number] for number in self.numbers(shard)]

    def write(self, shard: int, packed: "Packed") -> None:
        """Write a whole shard; the marker comes last."""
        for folder, data in (("data", packed.data), ("dropped", packed.dropped)):
            if data:
                write_atomic(self.folder / folder / f"shard-{shard:05d}.parquet", data)
        self.markers.set(shard, packed.record)
        self.done[shard] = packed.record

    def totals(self) -> dict[str, Any]:
        """Counts over all shards that are done."""
        total: dict[str, Counter[str]] = {}
        for record in self.done.values():
            for name, counts in record.items():
                total.setdefault(name, Counter()).update(counts)
        return {name: dict(sorted(counts.items())) for name, counts in total.items()}


@dataclass(frozen=True)
class Packed:
    """A finished shard. data, dropped: the parquet files of samples and of the others, b"" where there are none; record: what
    its marker keeps."""

    data: bytes
    dropped: bytes
    record: dict[str, dict[str, int]]


def pack(drafts: Sequence[Draft]) -> Packed:
    """The finished items of a shard, in their order."""
    kept, dropped = [d.row() for d in drafts if not d.dropped], [d.row() for d in drafts if d.dropped]
    return Packed(packed(kept) if kept else b"", packed(dropped, WHY) if dropped else b"", _counted(drafts))


def _counted(drafts: Sequence[Draft]) -> dict[str, dict[str, int]]:
    """Items by outcome; dropped ones by step and kind; all and kept ones by source and domain; phrases before and after."""
    kept = [draft for draft in drafts if not draft.dropped]
    phrases = [draft.notes["phrases"] for draft in drafts if "phrases" in draft.notes]
    return {
        "items": dict(Counter("kept" if not draft.dropped else "dropped" for draft in drafts)),
        "dropped": dict(Counter(f"{draft.dropped.step}: {draft.dropped.kind}" for draft in drafts if draft.dropped)),
        "all": dict(Counter(_place(draft) for draft in drafts)),
        "kept": dict(Counter(_place(draft) for draft in kept)),
        "phrases": {"before": sum(before for before, _ in phrases), "after": sum(after for _, after in phrases)},
        "bytes": {"pictures": sum(len(one) for draft in kept for one in draft.pictures)},
    }


def _place(draft: Draft) -> str:
    return f"{draft.problem.meta.get('domain', 'other')} / {draft.problem.source}"
