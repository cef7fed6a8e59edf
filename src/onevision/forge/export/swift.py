"""ms-swift's standard form: NAME.jsonl of {"messages", "images"} and images/. Paths are absolute, as ms-swift asks for."""

from collections.abc import Iterable
from pathlib import Path

from onevision.forge.export.files import json_lines, picture_files, told
from onevision.types import Sample


def write(samples: Iterable[Sample], folder: Path, name: str) -> int:
    """Write the files; how many samples. `solution` is there for its GRPO plugins."""
    count = 0
    with json_lines(folder / f"{name}.jsonl") as put:
        for count, sample in enumerate(samples, start=1):  # noqa: B007
            messages = [{"role": message["role"], "content": told(message)} for message in sample.messages]
            paths = [str((folder / one).resolve()) for one in picture_files(sample, folder)]
            put({"messages": messages, "images": paths, "solution": sample.problem.answer or ""})
    return count
