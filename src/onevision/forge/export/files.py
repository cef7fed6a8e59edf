"""What the formats share: pictures as files, texts with places for pictures, JSON lines, parquet with pictures inside."""

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from onevision.errors import MissingPartError
from onevision.sources.chat import PLACE, encoded
from onevision.store import write_atomic
from onevision.types import Message, Sample

ROWS_A_FILE = 1000


def picture_files(sample: Sample, folder: Path) -> list[str]:
    """The sample's pictures under folder/images, named after their content; paths from the folder."""
    names = []
    for image in sample.problem.images:
        data = encoded(image)
        kind = "jpg" if data.startswith(b"\xff\xd8") else "webp" if data[8:12] == b"WEBP" else "png"
        name = f"images/{hashlib.sha256(data).hexdigest()[:24]}.{kind}"
        if not (folder / name).exists():
            write_atomic(folder / name, data)
        names.append(name)
    return names


def told(message: Message) -> str:
    """A message's text with "<image>" where a picture stands."""
    content = message["content"]
    if isinstance(content, str):
        return content
    return "".join(PLACE if part["type"] == "image" else part["text"] for part in content)


@contextmanager
def json_lines(path: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A JSONL file that is there once it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    growing = path.with_name(f".{path.name}.growing")
    with growing.open("w", encoding="utf-8") as file:
        yield lambda row: print(json.dumps(row, ensure_ascii=False), file=file)
    growing.replace(path)


def parquet_files(rows: Iterable[dict[str, Any]], folder: Path, features: Any) -> int:
    """Rows as folder/train-00000.parquet, …, with the features that `datasets` reads back; how many rows. Further files of an
    earlier export go: whoever reads the folder would read them too."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    left, count = iter(rows), 0
    for number in range(10**9):
        some = list(islice(left, ROWS_A_FILE))
        if not some:
            break
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(some, features.arrow_schema), sink, compression="zstd", compression_level=1)
        write_atomic(folder / _shard(number), sink.getvalue())
        count += len(some)
    for old in folder.glob("train-[0-9][0-9][0-9][0-9][0-9].parquet"):
        if old.name >= _shard(number):
            old.unlink()
    return count


def _shard(number: int) -> str:
    return f"train-{number:05d}.parquet"


def in_row(sample: Sample) -> list[dict[str, Any]]:
    """The sample's pictures as a column of pictures holds them."""
    return [{"bytes": encoded(image), "path": None} for image in sample.problem.images]


def hf() -> Any:
    """The package datasets. Raises MissingPartError without it."""
    try:
        import datasets
    except ImportError:
        raise MissingPartError("this format needs datasets: pip install 'onevision[forge]'") from None
    return datasets
