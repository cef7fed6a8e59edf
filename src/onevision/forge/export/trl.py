"""TRL's conversational prompt-completion form with pictures: for SFTTrainer as it is; GRPOTrainer also takes `solution`, and leaves
`completion` aside. `datasets.load_dataset("parquet", data_dir=FOLDER)` reads it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from onevision.forge.export.files import hf, in_row, parquet_files, told
from onevision.sources.chat import PLACE
from onevision.types import Sample


def write(samples: Iterable[Sample], folder: Path, name: str) -> int:
    """Write folder/train-*.parquet; how many samples."""
    datasets = hf()
    text = datasets.Value("string")
    chat = datasets.List({"role": text, "content": text})
    features = {"images": datasets.List(datasets.Image()), "prompt": chat, "completion": chat, "solution": text, "id": text}
    return parquet_files(_rows(samples), folder, datasets.Features(features))


def _rows(samples: Iterable[Sample]) -> Iterator[dict[str, Any]]:
    for sample in samples:
        # TRL puts the places of pictures into the first user turn itself.
        said = [{"role": message["role"], "content": told(message).replace(PLACE, "").lstrip()} for message in sample.messages]
        answer = sample.problem.answer or ""
        yield {"images": in_row(sample), "prompt": said[:-1], "completion": said[-1:], "solution": answer, "id": sample.problem.id}
