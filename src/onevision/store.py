"""Files that are either whole or not there, JSON lines, and names made of content."""

import hashlib
import json
import os
import tempfile
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
