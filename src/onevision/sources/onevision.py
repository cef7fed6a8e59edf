"""Our own parquet sets: a Sample a row, pictures as the bytes of their files.

Columns: id, images (list of bytes), question, choices, answer, source, split, meta (JSON), formalism, description,
made_by_description, messages (JSON, pictures as {"type": "image"} in order), score, made_by.
"""

import io
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL.Image import Image

from onevision.errors import InputError, MissingPartError
from onevision.sources.chat import encoded, pictures
from onevision.store import write_atomic
from onevision.types import Description, Message, Problem, Sample, Verdict

NAMES = (
    *("id", "images", "question", "choices", "answer", "source", "split", "meta"),
    *("formalism", "description", "made_by_description", "messages", "score", "made_by"),
)
COLUMNS = ", ".join(NAMES)

HELD: Mapping[str, Any] = {"images": list, "choices": list | None, "answer": str | None, "score": float | int | None}
"""What the columns hold that do not hold text."""


def reads(columns: Collection[str]) -> bool:
    """Whether rows with these columns are of this form."""
    return set(NAMES) <= set(columns)


def sample(row: Mapping[str, Any], folder: Path) -> Sample:
    """A row as the Sample that was saved, but for what has no column: the Description's regions, and the answer and the reason of
    the verdict, which are the gold answer and "as saved". Raises InputError naming what is missing or wrong."""
    wrong = next((name for name in NAMES if not isinstance(row[name], HELD.get(name, str))), None)
    if wrong:
        raise InputError(f"column {wrong!r} holds {type(row[wrong]).__name__}")
    images = pictures(row["images"], folder)
    problem = Problem(
        id=row["id"],
        images=images,
        question=row["question"],
        choices=tuple(row["choices"]) if row["choices"] else None,
        answer=row["answer"],
        source=row["source"],
        split=row["split"],
        meta=json.loads(row["meta"]),
    )
    description = Description(row["formalism"], row["description"], made_by=row["made_by_description"])
    verdict = Verdict(row["score"], row["answer"], "as saved") if row["score"] is not None else None
    return Sample(problem, description, _with_pictures(json.loads(row["messages"]), images), verdict, row["made_by"])


def save(path: Path, samples: Iterable[Sample]) -> None:
    """Write Samples as one parquet file."""
    write_atomic(path, packed([row(one) for one in samples]))


def packed(rows: Sequence[Mapping[str, Any]], more: Sequence[str] = ()) -> bytes:
    """Rows with the columns above as a parquet file. more: further columns of text. Raises MissingPartError without pyarrow."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingPartError("parquet files need pyarrow: pip install 'onevision[tasks]'") from None

    kinds = {"images": pa.list_(pa.binary()), "choices": pa.list_(pa.string()), "score": pa.float64()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in (*NAMES, *more)])
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema), sink, compression="zstd", compression_level=1)
    return sink.getvalue()


def row(sample: Sample, files: Sequence[bytes] | None = None) -> dict[str, Any]:
    """A Sample as the columns above; a picture stays the file it was read from. files: the pictures' files, where the Sample
    does not hold the pictures."""
    problem = sample.problem
    return {
        "id": problem.id,
        "images": [encoded(image) for image in problem.images] if files is None else list(files),
        "question": problem.question,
        "choices": list(problem.choices or ()),
        "answer": problem.answer,
        "source": problem.source,
        "split": problem.split,
        "meta": json.dumps(dict(problem.meta), ensure_ascii=False),
        "formalism": sample.description.formalism,
        "description": sample.description.text,
        "made_by_description": sample.description.made_by,
        "messages": json.dumps([_without_pictures(message) for message in sample.messages], ensure_ascii=False),
        "score": sample.verdict.score if sample.verdict else None,
        "made_by": sample.made_by,
    }


def _without_pictures(message: Message) -> Message:
    content = message["content"]
    if isinstance(content, str):
        return message
    return {**message, "content": [{"type": "image"} if part["type"] == "image" else part for part in content]}


def _with_pictures(messages: list[Message], images: tuple[Image, ...]) -> list[Message]:
    places = [
        part for message in messages if isinstance(message["content"], list) for part in message["content"] if part["type"] == "image"
    ]
    if len(places) != len(images):
        raise InputError(f"{len(images)} pictures, but {len(places)} places for them in the messages")
    for part, image in zip(places, images, strict=True):
        part["image"] = image
    return messages
