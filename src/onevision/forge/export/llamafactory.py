"""LLaMA-Factory's sharegpt form: NAME.jsonl, images/, and the entry of NAME in dataset_info.json (others in it stay)."""

import json
from collections.abc import Iterable
from pathlib import Path

from onevision.forge.export.files import json_lines, picture_files, told
from onevision.sources import read_listed
from onevision.store import write_atomic
from onevision.types import Sample

ROLES = {"user": "human", "assistant": "gpt"}


def write(samples: Iterable[Sample], folder: Path, name: str) -> int:
    """Write the files; how many samples. Train with `dataset_dir: FOLDER` and `dataset: NAME`."""
    listed, count = read_listed(folder), 0
    with json_lines(folder / f"{name}.jsonl") as put:
        for count, sample in enumerate(samples, start=1):  # noqa: B007
            system = "".join(told(message) for message in sample.messages if message["role"] == "system")
            turns = [{"from": ROLES[m["role"]], "value": told(m)} for m in sample.messages if m["role"] != "system"]
            put({"id": sample.problem.id, "conversations": turns, "images": picture_files(sample, folder), "system": system})
    columns = {"messages": "conversations", "images": "images", "system": "system"}
    listed[name] = {"file_name": f"{name}.jsonl", "formatting": "sharegpt", "columns": columns}
    write_atomic(folder / "dataset_info.json", json.dumps(listed, indent=2, ensure_ascii=False) + "\n")
    return count
