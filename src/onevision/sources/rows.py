"""Rows of JSON, JSONL and parquet files by number, without holding a data set in memory."""

import json
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from onevision.errors import InputError, MissingPartError
from onevision.store import json_object

KINDS = (".jsonl", ".json", ".parquet")


def open_rows(path: Path) -> Sequence[Mapping[str, Any]]:
    """The rows of a .jsonl, .json (a list of objects) or .parquet file, or of all such files in a folder, by name.

    Raises InputError for a file that is not there or is something else.
    """
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.suffix in KINDS and one.name != "dataset_info.json")
        if not files:
            raise InputError(f"{path}: no {', '.join(KINDS)} file in this folder")
        return Chain([open_rows(one) for one in files])
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.suffix == ".parquet":
        return _parquet(path)
    if path.suffix == ".jsonl" or (path.suffix == ".json" and not _is_list(path)):
        return JsonLines(path)
    if path.suffix == ".json":
        return _json_list(path)
    raise InputError(f"{path}: a data set is a {', '.join(KINDS)} file")


def open_hub(name: str, subset: str | None = None, split: str = "train") -> Sequence[Mapping[str, Any]]:
    """The rows of a data set on the Hugging Face hub, downloaded if it is not in the cache. No code of it is run."""
    datasets = _datasets()
    try:
        return _raw_pictures(datasets.load_dataset(name, subset, split=split))
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"cannot load data set '{name}': {str(error).strip().splitlines()[0]}") from None


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
            return json_object(file.readline(), f"{self.path}, row {index}")


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


def _is_list(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(64).lstrip().startswith(b"[")


def _json_list(path: Path) -> Sequence[Mapping[str, Any]]:
    try:
        rows: list[Mapping[str, Any]] = json.loads(path.read_bytes())
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    wrong = next((row for row in rows if not isinstance(row, dict)), None)
    if wrong is not None:
        raise InputError(f"{path}: a list of objects was expected; it holds {type(wrong).__name__}")
    return rows


def _parquet(path: Path) -> Sequence[Mapping[str, Any]]:
    """Through datasets, which lays a parquet file out once so that any row can be read alone."""
    return _raw_pictures(_datasets().Dataset.from_parquet(str(path)))


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
