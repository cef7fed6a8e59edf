"""Rows of JSON, JSONL, CSV and parquet files by number, without holding a data set in memory (a .json or .csv file is read whole)."""

import csv
import json
import re
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from onevision.errors import InputError, MissingPartError
from onevision.store import json_object

_HALF = re.compile(rb"\\u[dD]|\xed[\xa0-\xbf]")

KINDS = (".jsonl", ".json", ".csv", ".tsv", ".parquet")


def open_rows(path: Path) -> Sequence[Mapping[str, Any]]:
    """The rows of a .jsonl, .json (a list of objects, or objects by id), .csv, .tsv or .parquet file, or of all such files
    in a folder, by name; of a forge run's folder, also an unfinished one's, its samples and not what it dropped.

    Raises InputError for a file that is not there or is something else.
    """
    if (path / "recipe.json").is_file() and (path / "done").is_dir():
        if not (path / "data").is_dir():
            raise InputError(f"{path}: no samples; the forge run in it has kept none so far")
        return open_rows(path / "data")
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.suffix in KINDS and one.name != "dataset_info.json")
        if not files:
            raise InputError(f"{path}: no {', '.join(KINDS)} file in this folder")
        return Chain([open_rows(one) for one in files])
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.suffix == ".parquet":
        return _parquet(path)
    if path.suffix == ".jsonl" or (path.suffix == ".json" and _is_lines(path)):
        return JsonLines(path)
    if path.suffix == ".json":
        return _json_rows(path)
    if path.suffix in (".csv", ".tsv"):
        return _csv(path)
    raise InputError(f"{path}: a data set is a {', '.join(KINDS)} file")


def open_hub(name: str, subset: str | None = None, split: str = "train") -> Sequence[Mapping[str, Any]]:
    """The rows of a data set on the Hugging Face hub, downloaded if it is not in the cache. No code of it is run."""
    datasets = _datasets()
    try:
        return _raw_pictures(datasets.load_dataset(name, subset, split=split))
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"cannot load data set '{name}': {_first_line(error)}") from None


class JsonLines(Sequence[Mapping[str, Any]]):
    """A JSONL file; only where its lines begin is kept in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.starts = array("q")
        with path.open("rb") as file:
            place = 0
            for line in file:
                if line.strip():
                    self.starts.append(place)
                place += len(line)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: Any) -> Any:
        with self.path.open("rb") as file:
            file.seek(self.starts[index])
            line = file.readline()
        return _whole(json_object(line, f"{self.path}, row {index}"), line)


class Chain(Sequence[Mapping[str, Any]]):
    """Several files as one."""

    def __init__(self, parts: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        self.parts = parts
        self.ends = list(accumulate(len(part) for part in parts))

    def __len__(self) -> int:
        return self.ends[-1]

    def __getitem__(self, index: Any) -> Any:
        part = bisect_right(self.ends, index)
        return self.parts[part][index - (self.ends[part] - len(self.parts[part]))]

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return (row for part in self.parts for row in part)


def _whole(held: Any, data: bytes) -> Any:
    """What JSON held, with "?" for half a character (one of a surrogate pair): that is JSON, but no text that can be written again."""
    return json.loads(json.dumps(held, ensure_ascii=False).encode(errors="replace")) if _HALF.search(data) else held


def _is_lines(path: Path) -> bool:
    """Whether a .json file holds an object a line."""
    with path.open("rb") as file:
        first = file.readline().strip()
    if not first.startswith(b"{"):
        return False
    try:
        row = json.loads(first)
    except ValueError:
        return first != b"{"  # an object over several lines begins so; anything else is a broken line
    return not _by_id(row)


def _by_id(held: Any) -> bool:
    return isinstance(held, dict) and bool(held) and all(isinstance(row, dict) for row in held.values())


def _json_rows(path: Path) -> Sequence[Mapping[str, Any]]:
    try:
        data = path.read_bytes()
        rows = _whole(json.loads(data), data)
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    if _by_id(rows):
        rows = [{"id": key, **row} for key, row in rows.items()]
    if not isinstance(rows, list):
        raise InputError(f"{path}: a list of objects, or objects by id, was expected")
    wrong = next((row for row in rows if not isinstance(row, dict)), None)
    if wrong is not None:
        raise InputError(f"{path}: a list of objects was expected; it holds {type(wrong).__name__}")
    return rows


def _csv(path: Path) -> Sequence[Mapping[str, Any]]:
    """Rows under the header's names; an empty cell is None."""
    csv.field_size_limit(sys.maxsize)  # a cell may be a picture in base64
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",", strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not {path.suffix[1:].upper()} ({error})") from None
    wrong = next((number for number, row in enumerate(rows, start=2) if None in row or None in row.values()), None)
    if wrong is not None:
        raise InputError(f"{path}: line {wrong} has another number of cells than the header")
    return [{key: value or None for key, value in row.items()} for row in rows]


def _parquet(path: Path) -> Sequence[Mapping[str, Any]]:
    """Through datasets, which lays a parquet file out once so that any row can be read alone."""
    datasets = _datasets()
    try:
        return _raw_pictures(datasets.Dataset.from_parquet(str(path)))
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise InputError(f"{path}: not parquet ({_first_line(error)})") from None


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _raw_pictures(data: Any) -> Sequence[Mapping[str, Any]]:
    """Pictures stay the bytes they are: `models.pictures` opens them, and says what is wrong with one."""
    image, several = _datasets().Image, _datasets().List
    for name, kind in data.features.items():
        if isinstance(kind, image):
            data = data.cast_column(name, image(decode=False))
        elif isinstance(kind, several) and isinstance(kind.feature, image):
            data = data.cast_column(name, several(image(decode=False)))
    return data  # type: ignore[no-any-return]


def _datasets() -> Any:
    try:
        import datasets
    except ImportError:
        raise MissingPartError("reading parquet needs datasets: pip install 'onevision[train]'") from None
    datasets.disable_progress_bars()
    return datasets
