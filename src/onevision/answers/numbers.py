"""Read numbers as a person writes them, and compare them exactly.

A value is a `fractions.Fraction`; nothing is evaluated, so "2+3" is a formula and not a number.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from onevision.answers.clean import bare, tidy, unwrap
from onevision.answers.spelled import SCALES, WORD, WORDS, read_spelled
from onevision.answers.units import LATIN, NO_UNIT, PERCENT, Unit, nouns_agree, read_unit

RELATIVE_TOLERANCE = Fraction(1, 10**6)
"""How far two decimals may lie apart; a whole number may not at all."""

_DIGITS = r"(?:(?:\d{1,3}(?:,\d{3}){1,40}(?!\d)|\d{1,3}(?:\s\d{3}){1,9}(?![\d.,]|\s?\d)|\d{1,400})(?:\.\d{1,400})?|\.\d{1,400})"
_STRICT = re.compile(
    rf"[€£¥]?\s?"
    rf"(?:(?P<whole>\d{{1,9}})\s(?=\d{{1,9}}\s?/\s?\d))?"
    rf"(?:(?P<num>{_DIGITS})(?:\s?/\s?(?P<den>{_DIGITS}))?"
    rf"(?:(?:e|\s?[x×*]\s?10\s?\^\s?\{{?)(?P<exp>[-+]?\d{{1,2}})\b\}}?)?)"
    rf"(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)

_SYMBOLS = ("a", "v", "w", "k", "c", "f", "n", "j", "hz", "mg", "ft", "in", "lb", "oz", "mph", "cal", "pt", "px")
_ATTACHED = LATIN | frozenset(_SYMBOLS)
_NOT_UNITS = frozenset("or and to than plus minus times x y i pi squared cubed over more less factorial root not e of".split())
_UNIT = re.compile(r"[^\d\\^_=+*<>(){}\[\]√π×|~#@&]{1,60}(?:(?<=[a-z])\^?\{?[23]\}?)?")


@dataclass(frozen=True)
class Quantity:
    """A number and what was written behind it."""

    value: Fraction
    unit: Unit = NO_UNIT


def read_number(text: str) -> Quantity | None:
    """The number that `text` as a whole states, a unit or counted noun allowed behind it; None where there is none.

    Integers, decimals, `a/b`, `1 1/2`, thousands commas, `3e5`, signs, %, °, currency, and numbers in words,
    English or Chinese. "5x", "5 or 6", "x^5" and "5 pi" are not numbers. Never raises.
    """
    text = _ABOUT.sub("", bare(text))
    compound = _COMPOUND.fullmatch(text)
    if compound:
        return _summed(compound)
    sign = _SIGN.match(text)
    positive = text[sign.end() :] if sign else text
    spelled = read_spelled(positive)
    match = None if spelled else _STRICT.match(positive)
    if spelled is None and match is None:
        return None
    value = Fraction(spelled[0]) if spelled else _value(match) if match else None
    scale, rest = _take_scale(spelled[1] if spelled else match["rest"] if match else "", bool(spelled))
    unit = _unit(rest, attached=not spelled)
    if unit is None or value is None:
        return None
    return Quantity(value * scale * (-1 if sign and sign[0].strip().lower() != "+" else 1), unit)


_ABOUT = re.compile(r"^(?:(?:about|approximately|approx\.?|around|roughly)\s|≈\s?|~\s?|\\approx\s?|约为?)", re.IGNORECASE)
_PART = r"(\d{1,9}(?:\.\d{1,9})?)\s?([^\W\d_]{1,12})"
_COMPOUND = re.compile(rf"{_PART}\.?,?\s?(?:and\s)?{_PART}\.?")


def _summed(match: re.Match[str]) -> Quantity | None:
    """Two measures of one kind written together, "2 h 30 min" or "5 ft 4 in", as the first of them."""
    first, second = read_unit(match[2]), read_unit(match[4])
    if first is None or second is None or first.dimension != second.dimension or first.factor <= second.factor:
        return None
    return Quantity(Fraction(match[1]) + Fraction(match[3]) * second.factor / first.factor, first)


_SIGN = re.compile(r"(?:[-+]\s?|(?:minus|negative)\s|负)", re.IGNORECASE)


def _value(match: re.Match[str]) -> Fraction | None:
    value = Fraction(_plain(match["num"]))
    if match["den"]:
        below = Fraction(_plain(match["den"]))
        if not below:
            return None
        value /= below
    return value * Fraction(10) ** int(match["exp"] or 0) + int(match["whole"] or 0)


def _plain(digits: str) -> str:
    return digits.replace(",", "").replace(" ", "")


_PARTS = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4}
_PARTS |= {"fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "eighth": 8, "eighths": 8, "tenth": 10, "tenths": 10}


def _take_scale(rest: str, spelled: bool) -> tuple[Fraction | int, str]:
    word, _, after = rest.strip(" -").partition(" ")
    if spelled and word.casefold() in _PARTS:
        return Fraction(1, _PARTS[word.casefold()]), after
    if word[:1] in SCALES:
        word, after = word[0], f"{word[1:]} {after}"
    scale = SCALES.get(unwrap(word).casefold())
    return (scale, after) if scale else (1, rest)


def _unit(rest: str, attached: bool) -> Unit | None:
    """What stands behind a number, as a unit; None where it shows that the number was only part of something."""
    if rest[:1] in ("%", "％"):
        return PERCENT if _unit(rest[1:], attached=False) is not None else None
    measure = read_unit(rest.strip(" \n.,;:!")) if len(rest) <= 60 else None
    if measure and not (attached and _is_term(rest)):
        return measure
    attached = attached and rest[:1].isascii() and rest[:1].isalpha()
    rest = rest.strip(" \n.,;:!°").casefold()
    if not rest:
        return NO_UNIT
    if not _UNIT.fullmatch(rest):
        return None
    return _noun(rest, re.findall(r"[a-z]+", rest), attached)


def _is_term(rest: str) -> bool:
    """Whether letters directly behind a number are a variable rather than a unit: "5x", "5 a"."""
    name = rest.strip()
    return len(name) == 1 and name.isascii() and name.casefold() not in _ATTACHED


def _noun(rest: str, words: list[str], attached: bool) -> Unit | None:
    if len(words) > 6 or not _NOT_UNITS.isdisjoint(words[:1] + [w for w in words if w in ("or", "and", "than")]):
        return None
    if not WORDS.keys().isdisjoint(words):
        return None
    first = words[0] if words and rest.startswith(words[0]) else ""
    if (len(first) == 1 and first not in _ATTACHED) or (attached and len(first) == 2 and first not in _ATTACHED):
        return None
    if rest in ("percent", "per cent"):
        return PERCENT
    return NO_UNIT if rest in _PLAIN_NOUNS else Unit(noun=rest)


_PLAIN_NOUNS = frozenset("degree degrees unit units square units sq units square unit cubic units dollars dollar 度 元 个".split()) | {
    *("square units", "square unit", "sq units", "cubic units", "units squared", "degrees celsius")
}


# Behind other words "- 5" is a dash and a 5.
_MINUS = r"(?:-|(?:^|(?<=\b(?:is|be|of|at|by|to)\s)|(?<=\bequals\s))-\s)"
_WHOLE = r"(?!-(?:first|second|thirds?|half|halves|quarters?|\w{3,7}ths?)\b)"
_MIXED = r"\d{1,9}\s\d{1,9}/\d{1,9}(?![\d:/]|[.,]\d)"
_CHUNK = re.compile(
    rf"(?<![A-Za-z0-9_^\\]){_MINUS}?(?:{_MIXED}|\.?\d[\d.,:/]*)(?:%|(?P<tail>[A-Za-z]{{1,12}}))?|\b{WORD}{_WHOLE}",
    re.IGNORECASE | re.ASCII,
)
_HEDGE_BEFORE = re.compile(
    r"(?:\bnot|n't|\bthan|\bleast|\bmost|\bover|\bunder|\babove|\bbelow|\bno|\bor|\bbetween\s\S{1,8}\sand|\d\s?-)\s?$",
    re.I,
)
_HEDGE_AFTER = re.compile(r"\s{0,3}(?:or|to)\b", re.I)
_OPERATORS = re.compile(r"[\\^√π+*=×≈<>]")
_ORDINAL = ("st", "nd", "rd", "th")


_TUPLE = re.compile(r"\([^()]*[,;][^()]*\)\.?")


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
    if len(chunks) > 1 and _TUPLE.fullmatch(text):  # (3,3) is a point, not a 3
        return None
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
    """Whether two quantities are equal, measures converted; None where they count different things.

    Whole numbers are compared exactly, two others within `RELATIVE_TOLERANCE`. A percent sign on one side only may stand
    for a hundredth or for nothing: 50% equals both 50 and 0.5. A measure on one side only counts for nothing.
    """
    if PERCENT in (left.unit, right.unit) and left.unit != right.unit:
        percent, plain = (left, right) if left.unit == PERCENT else (right, left)
        return _close(percent.value, plain.value) or _close(percent.value / 100, plain.value)
    if left.unit.dimension and right.unit.dimension:
        same_kind = left.unit.dimension == right.unit.dimension
        return same_kind and _close(left.value * left.unit.factor, right.value * right.unit.factor)
    return _close(left.value, right.value) and (nouns_agree(left.unit, right.unit) or None)


def _close(left: Fraction, right: Fraction) -> bool:
    if 1 in (left.denominator, right.denominator):
        return left == right
    return abs(left - right) <= RELATIVE_TOLERANCE * max(abs(left), abs(right))
