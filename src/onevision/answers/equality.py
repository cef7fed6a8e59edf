"""Compare an answer with the gold one: the gold decides which kind of answer it is, the kind how to read and compare.

A new kind is one more row of `KINDS`; the first row that can read the gold wins.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from onevision.answers.clean import is_formula, normal, tidy
from onevision.answers.numbers import find_number, last_number, read_number, same_number
from onevision.answers.values import (
    find_letter,
    find_time,
    find_tuple,
    find_yes_no,
    read_letter,
    read_time,
    read_tuple,
    read_yes_no,
    same_time,
    same_tuple,
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


_COPULA = re.compile(r"(?:\b(?:is|are|was|be)\b|[=:])\s?")


def _find_text(answer: str) -> tuple[str, ...]:
    """An answer's comparable forms: the whole, and what stands behind its last "is" in a short sentence."""
    whole = normal(answer)
    said = _COPULA.split(tidy(answer).lower())[-1] if len(answer) <= 200 else ""
    return (whole, normal(said)) if said else (whole,)


def _same_text(answer: tuple[str, ...], gold: tuple[str, ...]) -> bool | None:
    if gold[0] in answer:
        return True
    formulas = is_formula(gold[0]) and (is_formula(answer[0]) or read_number(answer[0]) is not None)
    return None if formulas else False


def _read_prose(gold: str) -> str | None:
    return normal(gold) if len(gold) > LONGEST_TEXT else None


def _same_prose(answer: str, gold: str) -> bool | None:
    return True if answer == gold else None


TIME = Kind("times", read_time, find_time, same_time, whole_or_none(find_time))
TUPLE = Kind("ordered numbers", read_tuple, find_tuple, same_tuple, whole_or_none(find_tuple))
NUMBER = Kind("numbers", read_number, find_number, same_number, _number_in_sentence)
YES_NO = Kind("yes or no", read_yes_no, find_yes_no, bool.__eq__, whole_or_none(find_yes_no))
LETTER = Kind("letters", read_letter, find_letter, str.__eq__, whole_or_none(find_letter))
PROSE = Kind("long text", _read_prose, normal, _same_prose, lambda sentence: sentence)
TEXT = Kind("text", lambda gold: (normal(gold),), _find_text, _same_text, lambda sentence: None)
KINDS = (TIME, TUPLE, NUMBER, YES_NO, LETTER, PROSE, TEXT)

_ASKS_LETTER = re.compile(r"\b(?:which|what)\b[^.?\n]{0,40}\b(?:letter|character)\b", re.IGNORECASE)


def kind_of(gold: str, question: str | None = None) -> Kind:
    """The kind of a gold answer. question: one that asks for a letter or character makes a lone letter's kind certain.

    Never raises; what no other kind can read is text.
    """
    if question and read_letter(gold) and _ASKS_LETTER.search(question):
        return LETTER
    return next(kind for kind in KINDS if kind.read(gold) is not None)


def compare(answer: str, gold: str, kind: Kind | None = None) -> Comparison:
    """Compare an extracted answer with the gold one, by `kind` or by the gold's own kind. Never raises.

    Identical text is always equal. A formula (`2+3`, `5\\pi`) that differs in text is not judged.
    """
    kind = kind or kind_of(gold)
    value = kind.find(answer)
    same = None if value is None else kind.same(value, kind.read(gold))
    if same or normal(answer) == normal(gold):
        return Comparison(1.0, f"equal as {kind.name}" if same else "equal as text")
    if value is None and not is_formula(answer):
        return Comparison(0.0, f"cannot be read as {kind.name}")
    if same is None:
        return Comparison(None, f"could not judge as {kind.name}")
    return Comparison(0.0, f"not equal as {kind.name}")
