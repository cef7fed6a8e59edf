"""Calculations in a text, "3 + 4 = 7", found and checked. Nothing is executed: both sides are read by the grader's own algebra."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from onevision.answers.algebra import parse
from onevision.answers.evaluate import NoValue, Value, close, value
from onevision.answers.tokens import NotAlgebra

LARGEST = 1e300

NUMBER = r"\d+(?:\.\d+)?|\.\d+"
_SIGNS = {
    **dict.fromkeys(("\\times", "\\cdot", "×", "·", "∗"), "*"),
    **dict.fromkeys(("\\div", "÷"), "/"),
    **dict.fromkeys(("−", "–"), "-"),
    **{"\\%": "%", "\\approx": "≈"},
    **dict.fromkeys(("\\left", "\\right", "\\$", "$", "€", "£", "`"), ""),
    **dict.fromkeys(("\\,", "\\(", "\\)", "\\[", "\\]"), " "),
}
_FRACTION = re.compile(r"\\[dt]?frac\s?\{([^{}]*)\}\s?\{([^{}]*)\}")
_MIXED = re.compile(r"(\d+)\s?\\[dt]?frac\s?\{(\d+)\}\s?\{(\d+)\}")
_BOLD = re.compile(r"\*\*(?!\s?\d)|(?<!\d)\*\*")
_LEFT = re.compile(r"[\d.+\-*/()^% ]+$")
_RIGHT = re.compile(rf"\s*\(?-?(?:{NUMBER})%?\)?(?:\s?[*/+\-^]\s?\(?-?(?:{NUMBER})%?\)?)*")
_ALONE = re.compile(rf"(?:.*[:;,.]\s)?(?:{NUMBER})")
_OPERATION = re.compile(r"[\d)%]\s*[+\-*/^]\s*\(*\s*-?[\d.(]")
_ABOUT = re.compile(r"≈|\b(?:about|approximately|around|round(?:s|ed|ing)?|roughly|nearly|almost|remainder|truncat\w+)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Calculation:
    """left = right, as written; value is what the text says comes out, holds whether it does."""

    left: str
    right: str
    value: Value
    holds: bool


def plain(text: str) -> str:
    """LaTeX signs, mixed fractions, currency and arrows as plain arithmetic."""
    for sign, instead in _SIGNS.items():
        text = text.replace(sign, instead)
    text = _FRACTION.sub(r"(\1)/(\2)", _MIXED.sub(r"(\1+\2/\3)", text))
    return re.sub(r"→|⇒|\\r?[Rr]ightarrow", "=", _BOLD.sub("", text))


def calculations(line: str) -> Iterator[Calculation]:
    """Every calculation of a line that can be read; a side with variables, units or words inside it is none. line: `plain`."""
    line = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", line)
    rounded = bool(_ABOUT.search(line))
    parts = re.split(r"(?<![<>!=])=(?!=)|≈", line)
    for before, after in pairwise(parts):
        left, right = _left(before), _right(after)
        if not _OPERATION.search(left) and not (_OPERATION.search(right) and _ALONE.fullmatch(before.strip())):
            continue
        values = _value(left), _value(right)
        if values[0] is not None and values[1] is not None:
            yield Calculation(left, right, values[1], _agree(values[0], values[1], right, rounded))


def _left(text: str) -> str:
    """The arithmetic that a text ends in, "" where there is none or it is only the end of a longer formula."""
    text = text.rstrip()
    match = _LEFT.search(text)
    found = match[0].lstrip() if match else ""
    before = text[: len(text) - len(found)]
    attached = before[-1:].isalnum() or before.rstrip()[-1:] in tuple("√π°\\{}=<>:∠")
    if attached and not before.rstrip().endswith(":"):
        return ""
    whole = found.count("(") == found.count(")") and found[:1] not in tuple("+*/^)%")
    return found if whole else ""


def _right(text: str) -> str:
    """What stands behind an equals sign, "" where it is no number but the beginning of a formula."""
    match = _RIGHT.match(text)
    rest = text[match.end() :] if match else ""
    variable = re.match(r"[A-Za-z](?![A-Za-z])|\s?[√π\\^(:]|\s?[*/+]\s?\S", rest)
    found = match[0].strip() if match and not variable else ""
    return found if found.count("(") == found.count(")") else ""


def _value(text: str) -> Value | None:
    """None for what cannot be read, or is too large to be compared as a float."""
    try:
        found = value(parse(text)) if text else None
        return found if found is None or abs(complex(found)) < LARGEST else None
    except (NotAlgebra, NoValue, OverflowError):
        return None


def _agree(left: Value, right: Value, written: str, rounded: bool) -> bool:
    """Whether the sides are equal, or differ as rounding to the decimals written differs. A percent sign may stand for a
    hundredth or for nothing."""
    pairs = [(left, right)] + ([(left, right * 100)] if "%" in written else [])
    decimals = len(written.rpartition(".")[2].rstrip("%) ")) if "." in written else 0
    unit = 10.0**-decimals
    loose = unit if rounded or decimals > 1 else unit / 2 if decimals else 0.0
    return any(close(a, b) or abs(complex(a) - complex(b)) <= loose * (1 + 1e-9) for a, b in pairs)
