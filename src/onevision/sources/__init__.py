"""Data sets as Samples: one file per form of rows, each with `reads(columns)` and `sample(row, folder)`; forms whose rows
hold several questions have `questions(row, folder)` too.

data = open_dataset("r1-onevision.jsonl")
len(data), data[7]
"""

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from onevision.errors import InputError
from onevision.sources import cauldron, llava, onevision, questions, r1_onevision, sharegpt, tabmwp, trl
from onevision.sources.chat import row_id
from onevision.sources.rows import open_hub, open_rows
from onevision.types import Sample

FORMS: tuple[ModuleType, ...] = (onevision, llava, r1_onevision, cauldron, trl, sharegpt, tabmwp, questions)
"""The first that reads a row's columns takes it."""


class Dataset(Protocol):
    """Samples by number, read when asked for. `[i]` raises InputError naming the row and what is wrong with it."""

    name: str

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...


class Rows:
    """Rows of one file, folder or hub data set; pictures named in them are looked for in `folder`."""

    def __init__(self, name: str, rows: Sequence[Mapping[str, Any]], folder: Path, entry: Mapping[str, Any] | None = None) -> None:
        self.name, self.rows, self.folder, self.entry = name, rows, folder, entry

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Sample:
        return self._read(index, lambda form, row: form.sample(row, self.folder))  # type: ignore[no-any-return]

    def questions(self, index: int) -> list[Sample]:
        """The row as one Sample for each of its questions. Raises InputError as `[index]` does."""
        return self._read(  # type: ignore[no-any-return]
            index, lambda form, row: form.questions(row, self.folder) if hasattr(form, "questions") else [form.sample(row, self.folder)]
        )

    def _read(self, index: int, read: Callable[[Any, Mapping[str, Any]], Any]) -> Any:
        row: Mapping[str, Any] = self.rows[index]
        try:
            return read(self._form(row), row)
        # A row may be wrong in more ways than its form looks for.
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            said = error if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
            raise InputError(f"{self.name}, row {row_id(row) or index}: {said}") from None

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def _form(self, row: Mapping[str, Any]) -> Any:
        if self.entry is not None:
            return sharegpt.Described(self.entry)
        for form in FORMS:
            if form.reads(row.keys()):
                return form
        known = "; ".join(f"{form.__name__.rpartition('.')[2]}: {form.COLUMNS}" for form in FORMS)
        raise InputError(f"columns {', '.join(row)} are of no known form ({known})")


def open_dataset(name: str, dataset_dir: str | Path = "data") -> Rows:
    """A data set by its name in `dataset_dir`/dataset_info.json (as LLaMA-Factory has it), by a path, or by a hub id.

    A path is a .jsonl, .json, .csv, .tsv or .parquet file, or a folder of them; of a hub id "OWNER/NAME:SUBSET" takes one
    subset. Raises InputError for one that is not there, naming the nearest known name.
    """
    listed = read_listed(Path(dataset_dir))
    if name in listed:
        return _described(name, listed[name], Path(dataset_dir))
    path = Path(name).expanduser()
    if path.exists():
        return Rows(name, open_rows(path), path if path.is_dir() else path.parent)
    if hub := _hub(name):
        return Rows(name, open_hub(hub[1], hub[2]), Path())
    near = difflib.get_close_matches(name, listed, n=1, cutoff=0)
    hint = f"; did you mean {near[0]!r}?" if near else f" (no dataset_info.json in {dataset_dir})"
    raise InputError(f"unknown data set {name!r}: give a file, a folder, a hub id or a name in dataset_info.json{hint}")


def on_hub(name: str, dataset_dir: str | Path = "data") -> bool:
    """Whether `open_dataset` would look for it on the hub."""
    entry = read_listed(Path(dataset_dir)).get(name)
    return "file_name" not in entry if isinstance(entry, dict) else not Path(name).expanduser().exists() and _hub(name) is not None


def _hub(name: str) -> re.Match[str] | None:
    """ "OWNER/NAME" or "OWNER/NAME:SUBSET"; what ends as a file does is a file that is not there."""
    found = re.fullmatch(r"([\w-][\w.-]*/[\w.-]+)(?::(.+))?", name)
    return found if found and (found[2] or not Path(name).suffix) else None


def read_listed(folder: Path) -> dict[str, Any]:
    """Data sets by name, as a folder's dataset_info.json has them; none where there is no such file. Raises InputError where it
    holds something else."""
    path = folder / "dataset_info.json"
    if not path.is_file():
        return {}
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    if not isinstance(listed, dict):
        raise InputError(f"{path}: an object of data sets by name was expected, not {type(listed).__name__}")
    return listed


def _described(name: str, entry: Any, folder: Path) -> Rows:
    """A data set as dataset_info.json describes it."""
    if not isinstance(entry, dict) or not entry.keys() & {"file_name", "hf_hub_url"}:
        raise InputError(f"data set {name!r} in {folder}/dataset_info.json has neither file_name nor hf_hub_url")
    if entry.get("formatting", "alpaca") != "sharegpt":
        raise InputError(f"data set {name!r} has formatting {entry.get('formatting', 'alpaca')!r}; only 'sharegpt' is read")
    if "file_name" in entry:
        return Rows(name, open_rows(folder / str(entry["file_name"])), folder, entry)
    return Rows(name, open_hub(str(entry["hf_hub_url"]), entry.get("subset"), entry.get("split", "train")), folder, entry)
