"""Small records as JSON objects."""

import json
from typing import Any

from onevision.errors import InputError


def write(record: dict[str, Any]) -> str:
    """A JSON object on one line."""
    return json.dumps(record, ensure_ascii=False)


def parse(text: str) -> dict[str, Any]:
    """The object a JSON text holds; raises InputError when it is not JSON or not an object."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:  # thousands of digits, or of brackets, are refused too
        raise InputError(f"json: {error}") from None
    if not isinstance(record, dict):
        raise InputError(f"json: an object was expected, not {type(record).__name__}")
    return record
