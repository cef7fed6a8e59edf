"""Files that are either whole or not there, JSON lines, names made of content, and work done in numbered shards."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from onevision.errors import InputError


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file (text as UTF-8) so that a reader, or a crash at any moment, finds the old one or the new one whole.

    Folders on the way are made. Raises OSError as `open` does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def content_id(*parts: str | bytes) -> str:
    """sha256 of the parts, as hex; their boundaries count, so ("ab", "c") and ("a", "bc") differ."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8) + data)
    return digest.hexdigest()


def json_object(line: str | bytes, where: str) -> dict[str, Any]:
    """The object that a line of JSON holds. Raises InputError, beginning with `where`, for anything else."""
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InputError(f"{where}: not JSON ({error})") from None
    if not isinstance(row, dict):
        raise InputError(f"{where}: an object was expected, not {type(row).__name__}")
    return row


class Markers:
    """Which shards of a work are done: a small JSON file each, written last, so that what it speaks of is whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def set(self, number: int, record: dict[str, Any]) -> None:
        """Shard `number` is done; record: what to remember of it."""
        write_atomic(self.folder / f"{number:05d}.json", json.dumps(record, ensure_ascii=False) + "\n")

    def all(self) -> dict[int, dict[str, Any]]:
        """The records of all that is done."""
        return {int(path.stem): json.loads(path.read_text(encoding="utf-8")) for path in sorted(self.folder.glob("*.json"))}


_HELD: set[Path] = set()
"""Folders that this process works in alone. A lock of lockf's is the whole process's: it would let itself in twice, and closing the
file of the second time would end the first."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other processes out of a folder. Raises InputError where one is at work in it; one that was killed is not, though
    workers that it forked may still be about."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    busy = InputError(f"{folder}: another run is at work in this folder")
    if (whole := folder.resolve()) in _HELD:
        raise busy
    with (whole / ".lock").open("w") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # of this process: not handed to what it forks, as flock's is
        except (BlockingIOError, PermissionError):
            raise busy from None
        _HELD.add(whole)
        try:
            yield
        finally:
            _HELD.discard(whole)
