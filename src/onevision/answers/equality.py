"""Compare an answer with the gold one: the gold decides which kind of answer it is, the kind how to read and compare.

A new kind is one more row of `KINDS`; the first row that can read the gold wins. What no kind's own reading decides is
compared as a formula.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from onevision.answers.chemistry import find_molecule, read_molecule
from onevision.answers.clean import is_formula, normal, tidy
from onevision.answers.expressions import is_expression
from onevision.answers.formulas import formula_in, same_formula, same_item
from onevision.answers.groups import Group, read_group, read_matrix, read_ratio, same_group
from onevision.answers.names import find_notes, find_squares, read_note, read_numbered, read_square, same_name, same_numbered
from onevision.answers.numbers import find_number, last_number, read_number, same_number
from onevision.answers.regions import is_region, read_region
from onevision.answers.texts import same_text
from onevision.answers.values import (
    find_date,
    find_letter,
    find_letters,
    find_pair,
    find_time,
    find_yes_no,
    read_letter,
    read_rows_columns,
    read_time,
    read_yes_no,
    same_time,
    says_neither,
    whole_or_none,
)

Finder = Callable[[str], str | None]

LONGEST_TEXT = 60
"""Characters of a gold text beyond which a mismatch says nothing: such an answer can be right in other words."""


@dataclass(frozen=True)
class Kind:
    """How one kind of answer is read and compared.

    read: the value of a gold answer, None where the gold is of another kind. find: the value in a model's answer, more
    leniently. same: whether two values are equal, None for "could not judge". in_sentence: the part of a plain closing
    sentence that is such an answer, None where there is none.
    """

    name: str
    read: Callable[[str], Any]
    find: Callable[[str], Any]
    same: Callable[[Any, Any], bool | None]
    in_sentence: Finder


@dataclass(frozen=True)
class Comparison:
    """score: 1.0 equal, 0.0 not, None could not judge. rule: how that was decided."""

    score: float | None
    rule: str


def _number_in_sentence(sentence: str) -> str | None:
    return sentence if find_number(sentence) is not None else last_number(sentence)


def _read_values(gold: str) -> Group | None:
    """A group of numbers or formulas, or anything in brackets; a list of words is text."""
    rows = read_rows_columns(gold)
    group = rows or read_group(gold)
    if group is None or (not rows and (is_region(tidy(gold)) or read_number(gold))):
        return None
    valued = all(read_number(item) or is_expression(item) for item in group.items)
    return group if valued or (group.open and len(group.items) > 1) else None


_LEAD = re.compile(
    r"(?:so|thus|hence|therefore|then|we (?:get|have)|the (?:answers?|solutions?) (?:is|are))\b[,:]?\s(?:that\s)?", re.IGNORECASE
)


def _find_values(answer: str) -> Group | None:
    answer = _LEAD.sub("", tidy(answer), count=1)
    letters = find_letters(answer)
    if letters and re.search(r"[a-z]{3}", answer) and not re.search(r"\d", answer):
        return Group(letters, ("",) * len(letters))
    return read_rows_columns(answer) or read_group(answer) or read_group(tidy(answer).rpartition("=")[2]) or find_pair(answer)


def _read_formula(gold: str) -> str | None:
    plain = tidy(gold)
    if len(plain) > 400 or not plain:
        return None
    known = read_matrix(plain) or read_region(plain) or _is_ratio(plain)
    return plain if known or is_formula(plain) or (_MATHS.search(plain) and is_expression(plain)) else None


def _is_ratio(text: str) -> bool:
    ratio = read_ratio(text)
    return bool(ratio) and all(is_expression(term) for term in ratio or ())


_MATHS = re.compile(r"\\|[√π]|\d(?!\d|st\b|nd\b|rd\b|th\b)")
_COPULA = re.compile(r"(?:\b(?:is|are|was|be|equals)\b|[：:]|为|是)\s?")


_HEDGE = re.compile(r"^\s?(?:approximately|about|around|roughly|exactly|约为?|大约)\s?")


def _find_formula(answer: str) -> str:
    """The answer itself, or what stands behind its last "is" where the whole is no formula."""
    plain = tidy(answer)
    if is_formula(plain) or _is_ratio(plain):
        return plain
    said = _HEDGE.sub("", _COPULA.split(plain)[-1]).strip(" .")
    return said if said and (is_formula(said) or is_expression(said)) else plain


def _read_prose(gold: str) -> str | None:
    return normal(gold) if len(gold) > LONGEST_TEXT else None


TIME = Kind("times", read_time, find_time, same_time, whole_or_none(find_time))
TIME_OR_RATIO = replace(TIME, name="times or ratios")
VALUES = Kind("several values", _read_values, _find_values, lambda a, g: same_group(a, g, same_item), whole_or_none(_find_values))
ORDERED = Kind("ordered values", _read_values, _find_values, lambda a, g: same_group(a, g, same_item, True), whole_or_none(_find_values))
NUMBER = Kind("numbers", read_number, find_number, same_number, _number_in_sentence)
DATE = replace(NUMBER, find=find_date, in_sentence=lambda text: text if find_date(text) else last_number(text))
YES_NO = Kind("yes or no", read_yes_no, find_yes_no, bool.__eq__, whole_or_none(find_yes_no))
LETTER = Kind("letters", read_letter, find_letter, str.__eq__, whole_or_none(find_letter))
NOTE = Kind("notes", read_note, find_notes, same_name, whole_or_none(find_notes))
SQUARE = Kind("squares", read_square, find_squares, same_name, whole_or_none(find_squares))
NUMBERED = Kind("names with numbers", read_numbered, tidy, same_numbered, lambda sentence: None)
MOLECULE = Kind("molecular formulas", read_molecule, find_molecule, Counter.__eq__, whole_or_none(find_molecule))
FORMULA = Kind("formulas", _read_formula, _find_formula, same_formula, formula_in)
PROSE = Kind("long text", _read_prose, normal, lambda answer, gold: answer == gold or None, lambda sentence: sentence)
TEXT = Kind("text", lambda gold: gold, lambda answer: answer, same_text, lambda sentence: None)
KINDS = (TIME_OR_RATIO, VALUES, NUMBER, NUMBERED, YES_NO, LETTER, FORMULA, PROSE, TEXT)

_ASKED = (
    (NOTE, re.compile(r"\bnotes?\b(?!:|\sthat\b)", re.IGNORECASE)),
    (SQUARE, re.compile(r"\bsquare\b", re.IGNORECASE)),
    (DATE, re.compile(r"\bdate\b|\bday of the month\b|\bof this month has which number\b", re.IGNORECASE)),
    (LETTER, re.compile(r"\b(?:which|what)\b[^.?\n]{0,40}\b(?:letter|character)\b", re.IGNORECASE)),
    (MOLECULE, re.compile(r"\b(?:molecular|chemical|empirical) formula\b|分子式|化学式", re.IGNORECASE)),
)
"""Kinds that only the question can tell, before any of `KINDS`."""

_ASKS_RATIO = re.compile(r"\bratio|\bproportion|\bodds\b|\bscale\b|比", re.IGNORECASE)
_ASKS_ORDER = re.compile(r"\brows?\b[^.?]{0,60}\bcolumns?\b|\bin order\b|\brespectively\b|\border(?:ed)?\b|分别", re.IGNORECASE)


@lru_cache(maxsize=1024)
def kind_of(gold: str, question: str | None = None) -> Kind:
    """The kind of answer a gold answer is; a question that asks for a letter makes "O" or "I" a letter, one that asks for
    a ratio makes "3:45" one, and any other a time.

    Never raises; what no other kind can read is text.
    """
    for kind, asks in _ASKED if question else ():
        if asks.search(question or "") and kind.read(gold) is not None:
            return kind
    kind = next(kind for kind in KINDS if kind.read(gold) is not None)
    if kind is TIME_OR_RATIO and question:
        return FORMULA if _ASKS_RATIO.search(question) else TIME
    return ORDERED if kind is VALUES and question and _ASKS_ORDER.search(question) else kind


def compare(answer: str, gold: str, kind: Kind | None = None) -> Comparison:
    """Compare an extracted answer with the gold one, by `kind` or by the gold's own kind. Never raises.

    Identical text is always equal. A formula that is not understood is not judged.
    """
    kind = kind or kind_of(gold)
    if normal(answer).replace("_", "") == normal(gold).replace("_", "") and (
        kind not in (VALUES, ORDERED) or _brackets(answer) == _brackets(gold)
    ):
        return Comparison(1.0, "equal as text")
    value = kind.find(answer)
    same = None if value is None else kind.same(value, kind.read(gold))
    # A time that differs is a wrong time, though 2:30 and 1:15 are one ratio.
    formal = kind in (NUMBER, DATE, VALUES, ORDERED) or (kind is TIME_OR_RATIO and value is None)
    if value is None and read_time(answer) and (kind is LETTER or _is_whole(gold)):
        return Comparison(0.0, f"a time of day, not {kind.name}")  # nor is 12:01 the ratio 12
    if same or (formal and not same and same_formula(answer, gold, kind is ORDERED)):
        return Comparison(1.0, f"equal as {kind.name if same else 'formulas'}")
    if value is None and not _may_be(answer, kind):
        return Comparison(0.0, f"cannot be read as {kind.name}")
    if same is None and kind in (NUMBER, DATE, TIME_OR_RATIO, VALUES, ORDERED, LETTER):
        same = same_formula(answer, gold, kind is ORDERED)
    if same is None:
        return Comparison(None, f"could not judge as {kind.name}")
    return Comparison(float(same), f"{'' if same else 'not '}equal as {kind.name}")


def _is_whole(gold: str) -> bool:
    number = read_number(gold)
    return number is not None and number.value.denominator == 1 and find_time(gold) is None  # "5 pm" may be 17:00


def _may_be(answer: str, kind: Kind) -> bool:
    """Whether an answer that a kind cannot read may still be one of it, in other words or as a formula."""
    if kind is YES_NO:
        return says_neither(answer)
    return kind not in (TIME, NOTE, SQUARE) and bool(is_formula(answer) or read_ratio(answer))


def _brackets(text: str) -> str:
    return "".join(re.findall(r"[\[\](){}]", tidy(text)))
