"""R1-Onevision's own columns: {"id", "image": base64, "conversations": [{"from": "human"|"gpt", "value"}]}."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from onevision.sources import sharegpt
from onevision.types import Sample

COLUMNS = "id, image, conversations"


def reads(columns: Collection[str]) -> bool:
    """Whether rows with these columns are of this form."""
    return {"image", "conversations"} <= set(columns)


def sample(row: Mapping[str, Any], folder: Path) -> Sample:
    """A row as a Sample; the picture may also be a path. Raises InputError naming what is missing or wrong."""
    return sharegpt.Described({"columns": {"images": "image"}}).sample(row, folder)
