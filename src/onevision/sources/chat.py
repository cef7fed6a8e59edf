"""What the forms share: pictures however a row holds them, and chats whose texts name the places of pictures."""

import base64
import binascii
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import PIL.Image
from PIL.Image import Image

from onevision.errors import InputError
from onevision.models.pictures import open_picture
from onevision.models.prompts import parse
from onevision.types import Description, Message, Problem, Sample

PLACE = "<image>"

_SIGNATURES = ("iVBORw0KGgo", "/9j/", "UklGR", "R0lGOD")
"""How PNG, JPEG, WebP and GIF begin in base64."""


def pictures(values: Any, folder: Path) -> tuple[Image, ...]:
    """The pictures of a row: one or a list; each a path (relative to `folder`), base64, bytes or {"bytes", "path"}.

    Raises InputError naming the picture that is missing or broken.
    """
    listed = values if isinstance(values, Sequence) and not isinstance(values, str | bytes) else [values]
    return tuple(_picture(value, number, folder) for number, value in enumerate(listed) if values is not None)


def _picture(value: Any, number: int, folder: Path) -> Image:
    if isinstance(value, Mapping):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, bytes):
        return _with_file(open_picture(value), value)
    if not isinstance(value, str) or not value:
        raise InputError(f"picture {number} is missing")
    if value.startswith(("http://", "https://")):
        raise InputError(f"picture {value} is on the web; download it and give its path")
    if _is_base64(value, folder):
        data = _from_base64(value, number)
        return _with_file(open_picture(data), data)
    if not _is_file(folder / value):
        raise InputError(f"{folder / value[:60]}: no such file; give the path of a picture, or its base64")
    return _with_file(open_picture(folder / value), (folder / value).read_bytes())


def _is_base64(value: str, folder: Path) -> bool:
    # No path is that long; a small picture's base64 is shorter, and known by how it begins.
    return len(value) > 1024 or value.startswith("data:") or (value.startswith(_SIGNATURES) and not _is_file(folder / value))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # the name is too long for one
        return False


def _from_base64(text: str, number: int) -> bytes:
    try:
        return base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError(f"picture {number} is neither a path nor base64") from None


_UPRIGHT = 1
_ORIENTATION = 0x0112


def _with_file(image: Image, data: bytes) -> Image:
    """The picture, remembering its file where that holds the same pixels, so that a photograph is never saved as PNG."""
    header = PIL.Image.open(io.BytesIO(data))
    plain = header.format in ("PNG", "JPEG", "WEBP") and header.mode in ("RGB", "L", "P", "1") and header.size == image.size
    if plain and not header.has_transparency_data and getattr(header, "n_frames", 1) == 1:
        # Not in `info`: a resized copy would inherit that.
        image.file = data if header.getexif().get(_ORIENTATION, _UPRIGHT) == _UPRIGHT else None  # type: ignore[attr-defined]
    return image


def encoded(image: Image) -> bytes:
    """A picture as the bytes of a file: the one it was read from where that holds the same pixels, otherwise a PNG."""
    data: bytes | None = getattr(image, "file", None)
    if data is None:
        out = io.BytesIO()
        image.save(out, "PNG")
        data = out.getvalue()
    return data


def chat(turns: Sequence[tuple[str, str]], images: Sequence[Image]) -> list[Message]:
    """(role, text) turns as messages, a picture for each "<image>" in them. Pictures that no text names come first.

    Raises InputError where texts and pictures do not match.
    """
    places = sum(text.count(PLACE) for role, text in turns if role == "user")
    if places == 0 and images:
        first = next((number for number, (role, _) in enumerate(turns) if role == "user"), 0)
        turns = [(role, PLACE * len(images) + text if number == first else text) for number, (role, text) in enumerate(turns)]
    elif places != len(images):
        raise InputError(f"{len(images)} pictures, but {places} places for them ({PLACE})")
    left = iter(images)
    return [{"role": role, "content": _parts(text, left) if role == "user" else text} for role, text in turns]


def _parts(text: str, images: Any) -> list[dict[str, Any]]:
    first, *rest = text.split(PLACE)
    parts: list[dict[str, Any]] = [{"type": "text", "text": first}]
    for piece in rest:
        parts += [{"type": "image", "image": next(images)}, {"type": "text", "text": piece.removeprefix("\n")}]
    return [part for part in parts if part["type"] == "image" or part["text"]]


def sample_of(row: Mapping[str, Any], messages: Sequence[Message], images: Sequence[Image], made_by: str) -> Sample:
    """The Sample of a chat; description and answer are read from its last message. Raises InputError for a chat without
    a question and an answer."""
    roles = [message["role"] for message in messages]
    if "user" not in roles or roles[-1] != "assistant":
        raise InputError(f"a question and then an answer were expected; the roles are {', '.join(roles) or 'none'}")
    parsed = parse(str(messages[-1]["content"]))
    question = words(next(message for message in reversed(messages) if message["role"] == "user"))
    problem = Problem(row_id(row), tuple(images), question, answer=parsed.answer, source=made_by)
    return Sample(problem, parsed.description or Description("", "", made_by=""), list(messages), made_by=made_by)


def row_id(row: Mapping[str, Any]) -> str:
    """The row's id as text, "" where it has none."""
    return "" if row.get("id") is None else str(row["id"])


def words(message: Message) -> str:
    """A message's text without its pictures."""
    content = message["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
