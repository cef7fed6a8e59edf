"""A Hugging Face data set: parquet with the pictures inside, and a data card. `datasets.load_dataset(FOLDER)` reads it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
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

{count} questions about pictures, each with a formal description of its picture, reasoning steps and an answer. Made with
OneVision: the answers agree with the sources' by its grader.

| domain / source | samples | formalism | distinct answers | commonest answer | words: question / description / steps | picture, px |
| --- | ---: | --- | ---: | ---: | ---: | ---: |
{sources}

Words and pixels are medians, a picture's the mean of its sides; the commonest answer is what a constant guess would score.

| column | what |
| --- | --- |
| images | the pictures, embedded |
| question, choices, answer | as the source asks; the answer to a multiple-choice question is a letter |
| formalism, description, description_by | what is in the picture, the language it is written in, and who wrote it |
| steps, reasoning_by | the worked steps, and who wrote them |
| messages | the chat to train on, with `<image>` where a picture stands |
| source, domain, meta | where it is from; what else is known, as JSON |

What OneVision's tasks have drawn is under Apache-2.0; other pictures and questions are the sources' own, under their licences.
"""


def write(samples: Iterable[Sample], folder: Path, name: str) -> int:
    """Write folder/data/train-*.parquet and folder/README.md; how many samples."""
    datasets = hf()
    text, groups = datasets.Value("string"), dict[str, _Group]()
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
    count = parquet_files(_rows(samples, groups), folder / "data", features)
    largest = sorted(groups.items(), key=lambda item: -item[1].samples)
    sources = "\n".join(f"| {place} | {group.cells()} |" for place, group in largest)
    write_atomic(folder / "README.md", CARD.format(name=name, count=count, sources=sources, size=_size(count)))
    return count


@dataclass
class _Group:
    """What is counted of a source's samples."""

    formalisms: Counter[str] = field(default_factory=Counter)
    answers: Counter[str | None] = field(default_factory=Counter)
    words: list[tuple[int, int, int]] = field(default_factory=list)
    sides: list[float] = field(default_factory=list)

    @property
    def samples(self) -> int:
        return len(self.words)

    def add(self, sample: Sample, steps: str) -> None:
        problem, description = sample.problem, sample.description
        self.formalisms[description.formalism] += 1
        self.answers[problem.answer] += 1
        self.words.append(tuple(len(text.split()) for text in (problem.question, description.text, steps)))  # type: ignore[arg-type]
        self.sides += [sum(image.size) / 2 for image in problem.images]

    def cells(self) -> str:
        """The card's columns behind the name."""
        words = " / ".join(f"{median(texts):.0f}" for texts in zip(*self.words, strict=True))
        commonest = 100 * max(self.answers.values()) / self.samples
        formalisms = ", ".join(sorted(name for name in self.formalisms if name))
        pixels = f"{median(self.sides):.0f}" if self.sides else ""
        return f"{self.samples} | {formalisms} | {len(self.answers)} | {commonest:.1f} % | {words} | {pixels}"


def _rows(samples: Iterable[Sample], groups: dict[str, _Group]) -> Iterator[dict[str, Any]]:
    for sample in samples:
        problem, domain = sample.problem, str(sample.problem.meta.get("domain", ""))
        steps = parse(str(sample.messages[-1]["content"])).steps
        groups.setdefault(" / ".join(name for name in (domain, problem.source) if name), _Group()).add(sample, steps)
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
            "steps": steps,
            "reasoning_by": sample.made_by,
            "messages": [{"role": message["role"], "content": told(message)} for message in sample.messages],
            "meta": json.dumps(dict(problem.meta), ensure_ascii=False),
        }


def _size(count: int) -> str:
    """The hub's own words for sizes."""
    bounds = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))
    return next((word for bound, word in bounds if count < bound), "10M<n<100M")
