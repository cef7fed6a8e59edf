"""Read numbers as a person writes them, and compare them exactly.

A value is a `fractions.Fraction`; nothing is evaluated, so "2+3" is a formula and not a number.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from onevision.answers.clean import bare, tidy, unwrap

RELATIVE_TOLERANCE = Fraction(1, 10**6)
"""How far two decimals may lie apart; two whole numbers may not at all."""

_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: i for i, word in enumerate(_ONES + _TEENS)} | {word: 10 * i for i, word in enumerate(_TENS, 2)}
_WORD = rf"(?:(?:{'|'.join(_TENS)})(?:[-\s](?:{'|'.join(_ONES[1:])})\b)?|{'|'.join(_TEENS + _ONES)})\b"
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9}

_DIGITS = r"(?:(?:\d{1,3}(?:,\d{3}){1,40}(?!\d)|\d{1,400})(?:\.\d{1,400})?|\.\d{1,400})"
_STRICT = re.compile(
    rf"(?P<sign>[-+]\s?|(?:minus|negative)\s)?[€£¥]?\s?"
    rf"(?:(?P<whole>\d{{1,9}})\s(?=\d{{1,9}}\s?/\s?\d))?"
    rf"(?:(?P<word>{_WORD})|(?P<num>{_DIGITS})(?:\s?/\s?(?P<den>{_DIGITS}))?"
    rf"(?:(?:e|\s?[x×*]\s?10\s?\^\s?\{{?)(?P<exp>[-+]?\d{{1,2}})\b\}}?)?)"
    rf"(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)

_MEASURES = {
    name: unit
    for unit, names in {
        "mm": "mm millimeter millimeters millimetre millimetres",
        "cm": "cm centimeter centimeters centimetre centimetres",
        "m": "m meter meters metre metres",
        "km": "km kilometer kilometers kilometre kilometres",
        "g": "g gram grams",
        "kg": "kg kilogram kilograms",
        "s": "s sec second seconds",
        "min": "min minute minutes",
        "h": "h hr hour hours",
        "ml": "ml milliliter milliliters millilitre millilitres",
        "l": "l liter liters litre litres",
    }.items()
    for name in names.split()
}
_SYMBOLS = ("a", "v", "w", "k", "c", "f", "n", "j", "hz", "mg", "ft", "in", "lb", "oz", "mph", "cal", "pt", "px")
_ATTACHED = frozenset(_MEASURES) | frozenset(_SYMBOLS)
_NOT_UNITS = frozenset("or and to than plus minus times x y i pi squared cubed over more less factorial root not e of".split())
_UNIT = re.compile(r"[^\d\\^_=+*<>(){}\[\]√π×|~#@&]{1,60}(?:(?<=[a-z])\^?\{?[23]\}?)?")


@dataclass(frozen=True)
class Quantity:
    """A number and what was written behind it. unit: the canonical measure ("cm"), "%" or "" for anything else."""

    value: Fraction
    unit: str = ""


def read_number(text: str) -> Quantity | None:
    """The number that `text` as a whole states, a unit or counted noun allowed behind it; None where there is none.

    Integers, decimals, `a/b`, `1 1/2`, thousands commas, `3e5`, signs, %, °, currency, and number words to
    ninety-nine. "5x", "5 or 6", "x^5" and "5 pi" are not numbers. Never raises.
    """
    text = bare(text)
    match = _STRICT.match(text)
    if match is None:
        return None
    scale, rest = _take_scale(match["rest"])
    unit = _unit(rest, attached=not match["word"])
    value = _value(match)
    if unit is None or value is None:
        return None
    return Quantity(value * scale, unit)


def _value(match: re.Match[str]) -> Fraction | None:
    if match["word"]:
        value = Fraction(sum(_WORDS[part] for part in re.split(r"[-\s]", match["word"].lower())))
    else:
        value = Fraction(match["num"].replace(",", ""))
        if match["den"]:
            below = Fraction(match["den"].replace(",", ""))
            if not below:
                return None
            value /= below
        value *= Fraction(10) ** int(match["exp"] or 0)
    value += int(match["whole"] or 0)
    return -value if (match["sign"] or "+").strip().lower() in ("-", "minus", "negative") else value


def _take_scale(rest: str) -> tuple[int, str]:
    word, _, after = rest.strip().partition(" ")
    scale = _SCALES.get(unwrap(word).casefold())
    return (scale, after) if scale else (1, rest)


def _unit(rest: str, attached: bool) -> str | None:
    """What stands behind a number, as a unit; None where it shows that the number was only part of something."""
    if rest[:1] in ("%", "％"):
        return "%" if _unit(rest[1:], attached=False) is not None else None
    attached = attached and rest[:1].isascii() and rest[:1].isalpha()
    rest = rest.strip(" \n.,;:!°").casefold()
    if not rest:
        return ""
    if not _UNIT.fullmatch(rest):
        return None
    words = re.findall(r"[a-z]+", rest)
    if len(words) > 6 or not _NOT_UNITS.isdisjoint(words[:1] + [w for w in words if w in ("or", "and", "than")]):
        return None
    if not _WORDS.keys().isdisjoint(words):
        return None
    first = words[0] if words and rest.startswith(words[0]) else ""
    if (len(first) == 1 and first not in _ATTACHED) or (attached and len(first) == 2 and first not in _ATTACHED):
        return None
    return "%" if rest in ("percent", "per cent") else _MEASURES.get(rest, "")


_CHUNK = re.compile(rf"(?<![A-Za-z0-9_^\\])-?\.?\d[\d.,:/]*(?:%|(?P<tail>[A-Za-z]{{1,12}}))?|\b{_WORD}", re.IGNORECASE | re.ASCII)
_HEDGE_BEFORE = re.compile(
    r"(?:\bnot|n't|\bthan|\bleast|\bmost|\bover|\bunder|\babove|\bbelow|\bno|\bor|\bbetween\s\S{1,8}\sand|\d\s?-)\s?$",
    re.I,
)
_HEDGE_AFTER = re.compile(r"\s{0,3}(?:or|to)\b", re.I)
_OPERATORS = re.compile(r"[\\^√π+*=×≈<>]")
_ORDINAL = ("st", "nd", "rd", "th")


def find_number(text: str) -> Quantity | None:
    """The one number that an answer states, as a whole, behind its last "=", or as the only number in its sentence.

    "There are 5 circles" gives 5; "5 or 6", "more than 5" and "5x" give None. Never raises.
    """
    text = tidy(text)
    whole = read_number(text)
    if whole is not None:
        return whole
    _head, sign, tail = text.replace("≈", "=").rpartition("=")
    if sign:
        return read_number(tail)
    if len(text) > 400 or _OPERATORS.search(text):
        return None
    chunks = list(_chunks(text))
    values = {quantity.value if quantity else None for quantity, _ in chunks}
    hedged = any(_hedged(text, match) for _, match in chunks)
    return chunks[0][0] if len(values) == 1 and not hedged else None


def last_number(sentence: str) -> str | None:
    """The last number in a sentence as it is written there, for a completion that ends in plain words.

    None where there is none, where it is hedged ("5 or 6"), or where it is part of a formula, a time or a name.
    """
    sentence = tidy(sentence)[-2000:]
    chunks = list(_chunks(sentence))
    if not chunks or chunks[-1][0] is None:
        return None
    match = chunks[-1][1]
    grows = re.match(r"\s{0,3}[\^\\√π+*=×]", sentence[match.end() :])
    grew = re.search(r"[\^\\√π+*×/]\s{0,3}$", sentence[max(0, match.start() - 4) : match.start()])
    return None if grows or grew or _hedged(sentence, match) else match[0].rstrip(".,:/")


def _chunks(text: str) -> Iterator[tuple[Quantity | None, re.Match[str]]]:
    """Every number-like piece of a sentence, with its value or None where it is a time, a name or a term.

    Ordinals ("the 3rd figure") are not numbers at all and are left out.
    """
    for match in _CHUNK.finditer(text):
        if match["tail"] and match["tail"].lower() in _ORDINAL:
            continue
        yield read_number(match[0].rstrip(".,:/")), match


def _hedged(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 24) : match.start()]
    return bool(_HEDGE_BEFORE.search(before) or _HEDGE_AFTER.match(text, match.end()))


def same_number(left: Quantity, right: Quantity) -> bool | None:
    """Whether two quantities are equal; None where their measures differ (cm against m) and so cannot be judged.

    Whole numbers are compared exactly, others within `RELATIVE_TOLERANCE`. A percent sign on one side only may stand
    for a hundredth or for nothing: 50% equals both 50 and 0.5.
    """
    if left.unit != right.unit and "%" in (left.unit, right.unit):
        percent, plain = (left, right) if left.unit == "%" else (right, left)
        return _close(percent.value, plain.value) or _close(percent.value / 100, plain.value)
    if left.unit and right.unit and left.unit != right.unit:
        return None
    return _close(left.value, right.value)


def _close(left: Fraction, right: Fraction) -> bool:
    if left.denominator == right.denominator == 1:
        return left == right
    return abs(left - right) <= RELATIVE_TOLERANCE * max(abs(left), abs(right))
