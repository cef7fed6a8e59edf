"""We-Math (Qiao et al. 2024, arXiv:2407.01284): composite problems beside the one-step problems they are made of."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from onevision.bench.rows import Row, field, picture, read_rows
from onevision.types import Problem

HUB = "We-Math/We-Math"


def load(data: Path | None, split: str) -> list[Problem]:
    """testmini (1,740). data: a folder with testmini.json and data/, or the hub's own files.

    The steps of a composite problem and the problem itself share an ID: they are one cluster.
    """
    rows, folder = read_rows(data, (f"{split}.json", f"data/{split}.json"), HUB, split)
    pictures = folder / "data" if (folder / "data").is_dir() else folder
    return [_problem(row, pictures, split) for row in rows]


def _problem(row: Row, folder: Path, split: str) -> Problem:
    family, part = field(row, "ID"), field(row, "key")
    return Problem(
        id=f"we-math-{family}-{part}",
        images=picture(row, folder, "image", "image_path"),
        question=field(row, "question"),
        choices=_options(field(row, "option")),
        answer=field(row, "answer"),
        source="we-math",
        split=split,
        meta={"part": part, "cluster": f"we-math-{family}", "concept": field(row, "knowledge concept")},
    )


def _options(text: str) -> tuple[str, ...]:
    """ "A. 300, 400;B. 400, 300; C. …" without letters."""
    parts = re.split(r"(?:^|;)\s*[A-H]\.\s*", text)
    return tuple(part.strip(" ;") for part in parts[1:])


def metric(records: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The four-dimensional metric (section 3.3): shares of composite problems, over those whose every part was judged.

    IK: the composite wrong and a step wrong; IG: the composite wrong, all steps right; CM: mastered; RM: right without
    the steps. Strict asks all steps for mastery, loose any; RM is a share of the composites answered right, as published.
    score = 1 - IK - IG / 2 - RM. Empty when no composite problem is whole.
    """
    families = [family for family in _families(records) if None not in family]
    if not families:
        return {}
    result = {"composites": float(len(families))}
    result["IK"] = _share(families, lambda steps, whole: not whole and not all(steps))
    result["IG"] = _share(families, lambda steps, whole: not whole and all(steps))
    for name, mastered in (("strict", all), ("loose", any)):
        cm = _share(families, lambda steps, whole: whole and mastered(steps))  # noqa: B023  used at once
        rm = _share(families, lambda steps, whole: whole and not mastered(steps))  # noqa: B023
        result |= {f"CM {name}": cm, f"RM {name}": rm / (cm + rm) if cm + rm else 0.0}
        result[f"score {name}"] = 1 - result["IK"] - result["IG"] / 2 - rm
    return result


Family = Sequence[float | None]
"""The scores of a composite problem's steps, then its own."""


def _share(families: Sequence[Family], holds: Any) -> float:
    return sum(bool(holds([score == 1 for score in family[:-1]], family[-1] == 1)) for family in families) / len(families)


def _families(records: Sequence[Mapping[str, Any]]) -> list[Family]:
    """Composite problems whose parts are all there; a part is keyed "2steps_1", "2steps_2", "2steps_multi"."""
    by_id: dict[str, dict[str, float | None]] = {}
    for record in records:
        by_id.setdefault(record["cluster"], {})[record["meta"]["part"]] = record["score"]
    families: list[Family] = []
    for cluster, parts in by_id.items():
        count = int(cluster.removeprefix("we-math-")[0])
        wanted = [f"{count}steps_{step}" for step in (*range(1, count + 1), "multi")]
        if set(wanted) <= parts.keys():
            families.append([parts[part] for part in wanted])
    return families
