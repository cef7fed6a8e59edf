"""A Hugging Face data set: parquet with the pictures inside, and a data card. `datasets.load_dataset(FOLDER)` reads it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from onevision.forge.export.files import hf, in_row, parquet_files, told
from onevision.models.prompts import parse
from onevision.store import write_atomic
from onevision.types import Sample

CARD = """---
language: [en]
task_categories: [visual-question-answering, image-text-to-text]
tags: [reasoning, chain-of-thought, synthetic]
size_categories: [{size}]
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*.parquet
---
# {name}

{count} questions about pictures, each with a formal description of its picture, reasoning steps and an answer. Made with OneVision's
forge: the answers agree with the sources' by its grader.

| domain / source | samples |
| --- | ---: |
{sources}

| column | what |
| --- | --- |
| images | the pictures, embedded |
| question, choices, answer | as the source asks; the answer to a multiple-choice question is a letter |
| formalism, description, description_by | what is in the picture, the language it is written in, and who wrote it |
| steps, reasoning_by | the worked steps, and who wrote them |
| messages | the chat to train on, with `<image>` where a picture stands |
| source, domain, meta | where it is from; what else is known, as JSON |

The pictures and questions are the sources' own, under the sources' own licences.
"""


def write(samples: Iterable[Sample], folder: Path, name: str) -> int:
    """Write folder/data/train-*.parquet and folder/README.md; how many samples."""
    datasets = hf()
    text, counts = datasets.Value("string"), Counter[str]()
    message = {"role": text, "content": text}
    columns = (
        "id",
        "question",
        "answer",
        "source",
        "domain",
        "formalism",
        "description",
        "description_by",
        "steps",
        "reasoning_by",
        "meta",
    )
    lists = {"images": datasets.List(datasets.Image()), "choices": datasets.List(text), "messages": datasets.List(message)}
    features = datasets.Features(lists | dict.fromkeys(columns, text))
    count = parquet_files(_rows(samples, counts), folder / "data", features)
    sources = "\n".join(f"| {place} | {number} |" for place, number in counts.most_common())
    write_atomic(folder / "README.md", CARD.format(name=name, count=count, sources=sources, size=_size(count)))
    return count


def _rows(samples: Iterable[Sample], counts: Counter[str]) -> Iterator[dict[str, Any]]:
    for sample in samples:
        problem, domain = sample.problem, str(sample.problem.meta.get("domain", ""))
        counts[f"{domain} / {problem.source}"] += 1
        said = str(sample.messages[-1]["content"])
        yield {
            "id": problem.id,
            "images": in_row(sample),
            "question": problem.question,
            "choices": list(problem.choices or ()),
            "answer": problem.answer,
            "source": problem.source,
            "domain": domain,
            "formalism": sample.description.formalism,
            "description": sample.description.text,
            "description_by": sample.description.made_by,
            "steps": parse(said).steps,
            "reasoning_by": sample.made_by,
            "messages": [{"role": message["role"], "content": told(message)} for message in sample.messages],
            "meta": json.dumps(dict(problem.meta), ensure_ascii=False),
        }


def _size(count: int) -> str:
    """The hub's own words for sizes."""
    bounds = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))
    return next((word for bound, word in bounds if count < bound), "10M<n<100M")
