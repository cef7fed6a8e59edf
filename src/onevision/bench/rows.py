"""What the benchmarks' readers share: rows from a folder, a file or the hub; options; answers given as lists of text."""

import csv
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from PIL.Image import Image

from onevision.errors import InputError
from onevision.models.pictures import open_picture
from onevision.sources.options import split_options

__all__ = ["Row", "field", "picture", "read_file", "read_rows", "split_options"]

Row = Mapping[str, Any]


def read_rows(data: Path | None, files: tuple[str, ...], hub: str, split: str, subset: str | None = None) -> tuple[Iterable[Row], Path]:
    """A benchmark's rows, and the folder that its picture paths start from.

    data: a file, or a folder that holds one of `files` or the hub's parquet files of the split; None asks the hub.
    Raises InputError that names what to fetch.
    """
    fetch = f"fetch it with `hf download {hub} --repo-type dataset --local-dir FOLDER` and give --data FOLDER"
    if data is None:
        return _from_hub(hub, subset, split, fetch), Path()
    if not data.exists():
        raise InputError(f"{data}: no such file or folder; {fetch}")
    if data.is_file():
        return read_file(data), data.parent
    for name in files:
        if (data / name).is_file():
            return read_file(data / name), (data / name).parent
    shards = sorted(data.rglob(f"{split}-*.parquet"))
    if not shards:
        raise InputError(f"{data} holds none of {', '.join(files)} and no {split}-*.parquet; {fetch}")
    return (row for shard in shards for row in read_file(shard)), data


def read_file(path: Path) -> Iterable[Row]:
    """The rows of a .tsv, .json, .jsonl or .parquet file; of a JSON object of objects, its values."""
    from onevision.sources.rows import open_rows

    return _tsv(path) if path.suffix == ".tsv" else open_rows(path)


def field(row: Row, *names: str) -> Any:
    """A row's value under the first of the names that it has. Raises InputError naming them when it has none, or is no row."""
    if not isinstance(row, Mapping):
        raise InputError(f"columns such as {names[0]} were expected, not {type(row).__name__}")
    for name in names:
        if name in row:
            return row[name]
    raise InputError(f"column {' or '.join(names)} is missing; the row has {', '.join(row)}")


def picture(row: Row, folder: Path, *columns: str) -> tuple[Image, ...]:
    """The row's picture, from the first column that has one: bytes, a data set's {"bytes", "path"}, or a path."""
    value = next((row[column] for column in columns if row.get(column)), None)
    if isinstance(value, Mapping):
        value = value.get("bytes") or value.get("path")
    if value is None:
        raise InputError(f"no picture in column {' or '.join(columns)}")
    return (open_picture(value if isinstance(value, bytes) else folder / str(value)),)


def _tsv(path: Path) -> Iterable[Row]:
    """A TSV with a header; fields may be quoted, and as long as a base64 picture is."""
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t")


def _from_hub(hub: str, subset: str | None, split: str, fetch: str) -> Iterable[Row]:
    from onevision.sources.rows import open_hub

    try:
        return open_hub(hub, subset, split)
    except InputError as error:
        raise InputError(f"{error}; {fetch}") from None
