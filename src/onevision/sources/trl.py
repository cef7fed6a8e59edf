"""TRL's conversational form with pictures: {"images": […], "messages": [{"role", "content"}]}, or with "prompt" and
"completion" in place of "messages". A content is a text, or a list of {"type": "image"} and {"type": "text", "text"}.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from onevision.errors import InputError
from onevision.sources.chat import PLACE, chat, pictures, sample_of
from onevision.types import Sample

COLUMNS = "images, messages (or prompt, completion)"


def reads(columns: Collection[str]) -> bool:
    """Whether rows with these columns are of this form."""
    return "messages" in columns or {"prompt", "completion"} <= set(columns)


def sample(row: Mapping[str, Any], folder: Path) -> Sample:
    """A row as a Sample. Raises InputError naming what is missing or wrong."""
    images = pictures(row.get("images", row.get("image")), folder)
    turns = row["messages"] if "messages" in row else [*_said(row, "prompt", "user"), *_said(row, "completion", "assistant")]
    if not isinstance(turns, Sequence):
        raise InputError(f"column 'messages' holds {type(turns).__name__}, where a list of messages was expected")
    return sample_of(row, chat([_turn(turn) for turn in turns], images), images, "trl")


def _said(row: Mapping[str, Any], column: str, role: str) -> Sequence[Any]:
    said = row[column]
    return [{"role": role, "content": said}] if isinstance(said, str) else said


def _turn(message: Any) -> tuple[str, str]:
    if not isinstance(message, Mapping) or message.get("role") not in ("user", "assistant", "system"):
        raise InputError(f"a message needs a role (user, assistant or system) and a content, not {str(message)[:60]!r}")
    content = message.get("content")
    if isinstance(content, str):
        return message["role"], content
    if not isinstance(content, Sequence) or not all(isinstance(part, Mapping) for part in content):
        raise InputError(f"a message's content is {str(content)[:60]!r}, where a text or a list of parts was expected")
    return message["role"], "".join(PLACE if part.get("type") == "image" else str(part.get("text") or "") for part in content)
