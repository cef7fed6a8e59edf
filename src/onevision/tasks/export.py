"""Samples of the tasks as rows of other trainers' parquet files: TRL's conversational form and verl's.

TRL: docs "Dataset formats and types", vision datasets: images, prompt and completion as messages.
verl: docs "Prepare Data for Post-Training": data_source, prompt, images, ability, reward_model, extra_info.
"""

import io
import json
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from PIL.Image import Image

from onevision.errors import MissingPartError
from onevision.store import write_atomic
from onevision.types import Message, Sample

PLACE = "<image>"
ROWS_A_GROUP = 256
"""Rows of one parquet row group: what is held in memory while a file is written."""


def trl_row(sample: Sample) -> dict[str, Any]:
    """images: list of {"bytes", "path"}, as datasets' Image feature reads them; answer: the gold for a reward function."""
    asked, said = sample.messages[:-1], sample.messages[-1]
    return {
        "images": [{"bytes": png(image), "path": None} for image in sample.problem.images],
        "prompt": [{"role": turn["role"], "content": _parts(turn)} for turn in asked],
        "completion": [{"role": said["role"], "content": _parts(said)}],
        "answer": sample.problem.answer,
        "meta": json.dumps(dict(sample.problem.meta), ensure_ascii=False),
    }


def verl_row(sample: Sample) -> dict[str, Any]:
    """The prompt as text turns with <image> where a picture stands; the gold answer is the reward's ground truth."""
    problem = sample.problem
    return {
        "data_source": f"onevision/{problem.source}",
        "prompt": [{"role": turn["role"], "content": _flat(turn)} for turn in sample.messages[:-1]],
        "images": [{"bytes": png(image), "path": None} for image in problem.images],
        "ability": problem.source,
        "reward_model": {"style": "rule", "ground_truth": problem.answer},
        "extra_info": {"split": problem.split, "index": problem.meta["index"], "level": problem.meta["level"], "id": problem.id,
                       "choices": list(problem.choices or ())},
    }  # fmt: skip


def png(image: Image) -> bytes:
    """A picture as the bytes of a PNG file."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _parts(turn: Message) -> list[dict[str, str | None]]:
    if isinstance(turn["content"], str):
        return [{"type": "text", "text": turn["content"]}]
    return [
        {"type": "image", "text": None} if part["type"] == "image" else {"type": "text", "text": part["text"]} for part in turn["content"]
    ]


def _flat(turn: Message) -> str:
    return "".join(part["text"] or PLACE for part in _parts(turn))


FORMATS: dict[str, Callable[[Sample], dict[str, Any]]] = {"trl": trl_row, "verl": verl_row}


def write(path: Path, form: str, samples: Iterable[Sample]) -> None:
    """Write Samples as one parquet file of a format, whole or not at all; only a row group at a time is held as rows.

    Raises OSError as `open` does, MissingPartError without pyarrow.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingPartError("parquet files need pyarrow: pip install 'onevision[tasks]'") from None

    sink, rows = io.BytesIO(), map(FORMATS[form], samples)
    with pq.ParquetWriter(sink, _schema(pa, form)) as writer:
        while group := list(islice(rows, ROWS_A_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, writer.schema))
    write_atomic(path, sink.getvalue())


def _schema(pa: Any, form: str) -> Any:
    """The columns' types, said outright: no row group may guess others from what it happens to hold."""
    text, images = pa.string(), pa.list_(pa.struct({"bytes": pa.binary(), "path": pa.string()}))
    if form == "trl":
        turns = pa.list_(pa.struct({"role": text, "content": pa.list_(pa.struct({"type": text, "text": text}))}))
        return pa.schema({"images": images, "prompt": turns, "completion": turns, "answer": text, "meta": text})
    extra = pa.struct({"split": text, "index": pa.int64(), "level": pa.int64(), "id": text, "choices": pa.list_(text)})
    reward = pa.struct({"style": text, "ground_truth": text})
    turns = pa.list_(pa.struct({"role": text, "content": text}))
    return pa.schema({"data_source": text, "prompt": turns, "images": images, "ability": text, "reward_model": reward, "extra_info": extra})
