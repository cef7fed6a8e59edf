"""Parts of the number line: intervals, unions of them, and the inequalities that say the same."""

import re
from dataclasses import dataclass
from fractions import Fraction

from onevision.answers.algebra import parse
from onevision.answers.evaluate import NoValue, Value, close, value
from onevision.answers.tokens import NotAlgebra

_INFINITE = re.compile(r"([-+]?)\s?(?:\\infty|∞|infinity|inf)", re.IGNORECASE)
_UNION = re.compile(r"\s?(?:\\cup|\\bigcup|∪|\bor\b|\\lor|\\vee|\bU\b|或)\s?")
_INTERVAL = re.compile(r"([(\[])\s?([^,;()\[\]]{1,80}|[^,;]{1,80})\s?[,;]\s?([^,;]{1,80}?)\s?([)\]])")
_COMPARES = re.compile(r"\\(?:leqslant|geqslant|leq|geq|le|ge|lt|gt|neq|ne)(?![a-zA-Z])|<=|>=|!=|[<>≤≥≠]")
_SIGN = {"leqslant": "≤", "geqslant": "≥", "leq": "≤", "geq": "≥", "le": "≤", "ge": "≥", "lt": "<", "gt": ">", "neq": "≠", "ne": "≠"}
_SIGN |= {"<=": "≤", ">=": "≥", "!=": "≠"}
_VARIABLE = re.compile(r"[a-zA-Zα-ωΑ-Ω]|\\[a-z]{2,8}")
_BUILDER = re.compile(r"\{\s?[a-zA-Z]\s?(?:\\mid|\||:|∣)\s?(.*)\}")
_MEMBER = re.compile(r"^(?:[a-zA-Z]|\\[a-z]{2,8})\s?(?:\\in|∈)\s?")
_REALS = re.compile(r"\\mathbb\s?\{?R\}?|ℝ|^all real numbers$", re.IGNORECASE)


@dataclass(frozen=True)
class Bound:
    """An end of an interval. sign: -1 or 1 for the infinities, 0 for `at`; closed: whether it belongs to it."""

    at: Value
    closed: bool
    sign: int = 0


Region = tuple[tuple[Bound, Bound], ...]
_LOW, _HIGH = Bound(0j, False, -1), Bound(0j, False, 1)


def is_region(text: str) -> bool:
    """Whether the text is written as a part of the number line: with an inequality, a union, or an infinite end."""
    return bool(
        _COMPARES.search(text) or _REALS.search(text) or (_INTERVAL.search(text) and (_UNION.search(text) or _INFINITE.search(text)))
    )


def read_region(text: str) -> Region | None:
    """The intervals of a union, an inequality or a chain of them, in order; None where the text is something else."""
    text = _BUILDER.sub(r"\1", text.strip(" .")).strip()
    text = _REALS.sub(r"(-\\infty,\\infty)", _MEMBER.sub("", text.strip(" .")))
    try:
        pieces = [piece for part in _UNION.split(text) for piece in _piece(part.strip())]
    except (NotAlgebra, NoValue):
        return None
    return tuple(sorted(pieces, key=lambda piece: _place(piece[0]))) if len(pieces) <= 20 else None


def _piece(text: str) -> list[tuple[Bound, Bound]]:
    interval = _INTERVAL.fullmatch(text)
    if interval:
        return [(_bound(interval[2], interval[1] == "["), _bound(interval[3], interval[4] == "]"))]
    return _inequality(text)


def _bound(text: str, closed: bool) -> Bound:
    infinite = _INFINITE.fullmatch(text.strip())
    if infinite:
        return _LOW if infinite[1] == "-" else _HIGH
    number = value(parse(text))
    if isinstance(number, complex) and abs(number.imag) > 1e-9:
        raise NoValue(text)
    return Bound(number, closed)


def _inequality(text: str) -> list[tuple[Bound, Bound]]:
    """`3 < x`, `-1 <= x < 4`, `x != 2` of one variable standing alone."""
    signs = [_SIGN.get(sign.lstrip("\\"), sign) for sign in _COMPARES.findall(text)]
    parts = [part.strip() for part in _COMPARES.split(text)]
    if len(signs) == 1 and not _VARIABLE.fullmatch(parts[0]):
        parts, signs = parts[::-1], [_turned(signs[0])]
    if len(signs) == 1 and _VARIABLE.fullmatch(parts[0]):
        return _half_line(signs[0], parts[1])
    if len(signs) == 2 and _VARIABLE.fullmatch(parts[1]):
        if signs[0] in ">≥" and signs[1] in ">≥":
            parts, signs = parts[::-1], [_turned(sign) for sign in signs[::-1]]
        if signs[0] in "<≤" and signs[1] in "<≤":
            return [(_bound(parts[0], signs[0] == "≤"), _bound(parts[2], signs[1] == "≤"))]
    raise NotAlgebra(text)


def _turned(sign: str) -> str:
    return sign.translate(str.maketrans("<>≤≥", "><≥≤"))


def _half_line(sign: str, end: str) -> list[tuple[Bound, Bound]]:
    bound = _bound(end, sign in "≤≥")
    if sign == "≠":
        return [(_LOW, bound), (bound, _HIGH)]
    return [(_LOW, bound)] if sign in "<≤" else [(bound, _HIGH)]


def _place(bound: Bound) -> tuple[int, Fraction | float]:
    return bound.sign, 0.0 if bound.sign else bound.at if isinstance(bound.at, Fraction) else bound.at.real


def same_region(left: Region, right: Region) -> bool:
    """Whether two regions have the same intervals with the same ends, open or closed alike."""
    return len(left) == len(right) and all(
        a.sign == b.sign and a.closed == b.closed and close(a.at, b.at)
        for one, other in zip(left, right, strict=True)
        for a, b in zip(one, other, strict=True)
    )
