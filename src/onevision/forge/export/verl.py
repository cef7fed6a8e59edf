"""verl's RL form: parquet of data_source, prompt, images, ability, reward_model, extra_info, as its RLHFDataset reads it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from onevision.forge.export.files import hf, in_row, parquet_files, told
from onevision.types import Sample


def write(samples: Iterable[Sample], folder: Path, name: str) -> int:
    """Write folder/train-*.parquet; how many samples. Those without an answer cannot be rewarded and are left out."""
    datasets = hf()
    text = datasets.Value("string")
    features = {
        "data_source": text,
        "prompt": datasets.List({"role": text, "content": text}),
        # Not a column of pictures: verl opens {"bytes"} itself.
        "images": datasets.List({"bytes": datasets.Value("binary"), "path": text}),
        "ability": text,
        "reward_model": {"style": text, "ground_truth": text},
        "extra_info": {"split": text, "index": datasets.Value("int64"), "id": text, "question": text, "answer": text, "completion": text},
    }
    return parquet_files(_rows((one for one in samples if one.problem.answer), name), folder, datasets.Features(features))


def _rows(samples: Iterable[Sample], name: str) -> Iterator[dict[str, Any]]:
    for index, sample in enumerate(samples):
        problem = sample.problem
        said = [{"role": message["role"], "content": told(message)} for message in sample.messages]
        about = {"split": "train", "index": index, "id": problem.id, "question": problem.question, "answer": problem.answer}
        yield {
            "data_source": f"{name}/{problem.source}",
            "prompt": said[:-1],
            "images": in_row(sample),
            "ability": str(problem.meta.get("domain", "visual reasoning")),
            "reward_model": {"style": "rule", "ground_truth": problem.answer},
            "extra_info": {**about, "completion": said[-1]["content"]},
        }
