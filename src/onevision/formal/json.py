"""Small records as JSON objects (RFC 8259): no NaN, no Infinity, no key given twice."""

import json
import math
from collections import Counter
from typing import Any, NoReturn

from onevision.errors import InputError


def write(record: dict[str, Any]) -> str:
    """A JSON object on one line."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False)


def parse(text: str) -> dict[str, Any]:
    """The object a JSON text holds; raises InputError when it is not JSON or not an object."""
    try:
        record = json.loads(text, parse_constant=_refuse, parse_float=_number, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:  # thousands of digits, or of brackets, are refused too
        raise InputError(f"json: {error}") from None
    if not isinstance(record, dict):
        raise InputError(f"json: an object was expected, not {type(record).__name__}")
    return record


def summary(record: dict[str, Any]) -> str:
    """What is in it, in a few words."""
    return f"an object of {len(record)} keys"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _number(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {twice!r} is given twice")
    return record
