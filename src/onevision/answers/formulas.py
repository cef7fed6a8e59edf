"""Compare two formulas: matrices, regions, groups, ratios, equations, and plain expressions with or without a unit."""

import re

from onevision.answers.algebra import parse
from onevision.answers.clean import tidy
from onevision.answers.evaluate import is_constant, proportional, same
from onevision.answers.expressions import is_expression, same_expression
from onevision.answers.groups import read_group, read_matrix, read_ratio, same_group, same_matrix
from onevision.answers.numbers import read_number, same_number
from onevision.answers.regions import is_region, read_region, same_region
from onevision.answers.tokens import NotAlgebra

LONGEST = 1000
_WHERE = re.compile(r"\s?[,(]\s?(?:where\s)?[a-z]\s?(?:\\in|∈)\s?(?:\\mathbb\s?\{?[ZNQR]\}?|[ZNQRℤℕ])(?:\^?[+*])?\s?\)?$")
"""What a formula's letter runs over, as in `k\\pi, k \\in \\mathbb{Z}`; it is not compared."""


def same_formula(answer: str, gold: str, ordered: bool = False) -> bool | None:
    """Whether two formulas are equal; None where either is not understood. The gold decides how both are read.

    ordered: whether plain lists are read in their order (rows, then columns). Never raises.
    """
    answer, gold = (_WHERE.sub("", tidy(text)).strip().rstrip(".;,") for text in (answer, gold))
    if max(len(answer), len(gold)) > LONGEST:
        return None
    for compare in (_matrices, _regions, _groups, _ratios):
        decided, result = compare(answer, gold, ordered)
        if decided:
            return result
    return _relations(answer, gold)


Decision = tuple[bool, bool | None]
_UNDECIDED: Decision = (False, None)


def _matrices(answer: str, gold: str, ordered: bool) -> Decision:
    left, right = read_matrix(answer), read_matrix(gold)
    if left is None and right is None:
        return _UNDECIDED
    return True, bool(left and right) and same_matrix(left or (), right or (), same_item)


def _regions(answer: str, gold: str, ordered: bool) -> Decision:
    if not (is_region(answer) or is_region(gold)):
        return _UNDECIDED
    left, right = read_region(answer), read_region(gold)
    if left is None or right is None:
        return _UNDECIDED
    return True, same_region(left, right)


def _groups(answer: str, gold: str, ordered: bool) -> Decision:
    left, right = read_group(answer), read_group(gold)
    if left is None and right is None:
        return _UNDECIDED
    if left is None or right is None:
        group, single = (left, gold) if left else (right, answer)
        sides = _EQUALS.split(single)
        single = sides[-1] if len(sides) == 2 and _names_value(sides) else single
        if group and len(group.items) == 1:
            return True, same_formula(group.items[0], single)
        # What is no expression may be an equation such as x^2 = 4, which only the worker could solve.
        return True, False if is_expression(single) else None
    return True, same_group(left, right, same_item, ordered)


def same_item(answer: str, gold: str) -> bool | None:
    """Whether two entries of a group are equal: as numbers, as formulas, or as the same words."""
    left, right = read_number(answer), read_number(gold)
    equal = same_number(left, right) if left and right else same_formula(answer, gold)
    if equal is None:
        return tidy(answer).casefold().strip(" .\"'") == tidy(gold).casefold().strip(" .\"'") or None
    return equal


def _ratios(answer: str, gold: str, ordered: bool) -> Decision:
    right = read_ratio(gold)
    left = read_ratio(re.sub(r"\s(?:to|比)\s", ":", answer)) if right else None
    if right is None:
        left = read_ratio(answer)
        return (True, _relations("/".join(f"({term})" for term in left), gold)) if left and len(left) == 2 else _UNDECIDED
    if left is None:
        return (True, _relations(answer, "/".join(f"({term})" for term in right))) if len(right) == 2 else _UNDECIDED
    if len(left) != len(right):
        return True, False
    if any(_is_zero(term) for term in (*left, *right)):
        return True, all(same_item(a, b) for a, b in zip(left, right, strict=True))
    try:
        results = [
            same(*(parse(f"({a})({b})") for a, b in ((one, right[0]), (other, left[0])))) for one, other in zip(left, right, strict=True)
        ]
    except NotAlgebra:
        return _UNDECIDED
    return True, False if False in results else None if None in results else True


def _is_zero(term: str) -> bool:
    value = read_number(term)
    return value is not None and value.value == 0


_EQUALS = re.compile(r"\\(?:approx|simeq|equiv|doteq|cong)(?![a-zA-Z])|≈|≡|≅|≃|(?<![<>!])=+")
_NAME = re.compile(r"[^\d+*/^=-]*(?:\([^\d+*/=-]*\))?\s?")
_SUBSCRIPT = re.compile(r"_\s?(?:\{[^{}]*\}|\w)|\\angle\s?\d|\\[dt]?frac\s?\{[^\d{}]*\}\s?\{[^\d{}]*\}")
_FUNCTION = re.compile(r"\s?(?:y|[a-zA-Z]'{0,2}\s?\([a-z](?:,\s?[a-z])*\))\s?")


def _relations(answer: str, gold: str) -> bool | None:
    """Equations: `x=5` against `5` by the right side, two equations by whether they have the same solutions."""
    left, right = _EQUALS.split(answer), _EQUALS.split(gold)
    if len(left) == len(right) == 2 and not _is_value_of(left, right):
        return _same_equation(left, right)
    if len(left) > 1 and not _names_value(left):
        return False if len(right) == 1 and is_expression(gold) and is_expression(left[0]) else None
    if len(right) > 1 and not _names_value(right):
        return None if len(left) > 1 or not is_expression(answer) else False
    return same_expression(left[-1], right[-1])


def _names_value(sides: list[str]) -> bool:
    """Whether the last side is what the first is said to be: the first is a name (`x`, `f(x)`, `S_{ABC}`) or a sum."""
    if _NAME.fullmatch(_SUBSCRIPT.sub("", sides[0])):
        return True
    try:
        return is_constant(parse(sides[0])) and bool(same_expression(sides[0], sides[-1]))
    except NotAlgebra:
        return False


def _is_value_of(left: list[str], right: list[str]) -> bool:
    """Whether two equations give the value of one thing, so that their right sides alone are to be compared."""
    if _FUNCTION.fullmatch(left[0]) and _FUNCTION.fullmatch(right[0]):
        return True
    if not (_names_value(left) and _names_value(right)):
        return False
    try:
        return is_constant(parse(left[1])) and is_constant(parse(right[1])) and _same_name(left[0], right[0])
    except NotAlgebra:
        return _same_name(left[0], right[0])


def _same_name(left: str, right: str) -> bool:
    left, right = left.strip(), right.strip()
    return left == right or min(len(left), len(right)) > 1


def _same_equation(left: list[str], right: list[str]) -> bool | None:
    try:
        return proportional(*(("add", parse(side[0]), ("neg", parse(side[1]))) for side in (left, right)))
    except NotAlgebra:
        return None


def formula_in(sentence: str) -> str | None:
    """The last formula between dollar signs in a sentence, or what stands behind its last "=", where that can be read."""
    pieces = [match[1] or match[2] for match in _INLINE.finditer(sentence)]
    for piece in (pieces[-1] if pieces else "", sentence.rpartition("=")[2]):
        text = tidy(piece).strip().rstrip(".")
        if text and (is_expression(text) or read_group(text) or read_matrix(text)):
            return text
    return None


_INLINE = re.compile(r"\$([^$\n]{1,400})\$|\\\((.{1,400}?)\\\)")
