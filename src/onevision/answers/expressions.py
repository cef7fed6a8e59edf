"""A single expression with its unit, degree or percent sign, and whether two of them are equal."""

import re
from dataclasses import dataclass
from fractions import Fraction

from onevision.answers.algebra import Node, parse
from onevision.answers.evaluate import CLOSE, NoValue, Value, is_constant, same, value
from onevision.answers.groups import enclosed
from onevision.answers.tokens import NotAlgebra
from onevision.answers.units import NO_UNIT, Unit, split_unit


@dataclass(frozen=True)
class Expression:
    """A formula with its unit. degrees, percent: whether the whole was written with that sign, which `node` leaves out."""

    text: str
    node: Node
    unit: Unit = NO_UNIT
    degrees: bool = False
    percent: bool = False


_DEGREES = re.compile(r"(?:°|\bdegrees?|度)$")
_PERCENT = re.compile(r"(?:%|\bpercent|\bper cent)$")
_CURRENCY = re.compile(r"^[$€£¥￥]\s?|\s?(?:元|美元|dollars?|USD|euros?|yuan)$")


def read_expression(text: str) -> Expression:
    """A single expression with what stands behind it. Raises NotAlgebra."""
    text = _CURRENCY.sub("", text.strip().rstrip(".")).strip()
    if enclosed(text) and text[0] in "({":
        text = text[1:-1]
    degrees, percent = bool(_DEGREES.search(text)), bool(_PERCENT.search(text))
    if degrees or percent:
        text = (_DEGREES if degrees else _PERCENT).sub("", text).strip()
    text, unit = (text, NO_UNIT) if degrees or percent else split_unit(text)
    return Expression(text, parse(text), unit, degrees, percent)


def is_expression(text: str) -> bool:
    """Whether the text can be read as one expression."""
    try:
        read_expression(text)
    except NotAlgebra:
        return False
    return True


_CALLED = re.compile(r"(?:sin|cos|tan|cot|sec|csc)[^+-]*$")


def same_expression(answer: str, gold: str) -> bool | None:
    """Whether two expressions are equal, units converted; None where one is not understood."""
    try:
        left, right = (_with_call(read_expression(text)) for text in (answer, gold))
    except NotAlgebra:
        return None
    equal = _same_quantity(left, right)
    if not equal and (left.unit.dimension or right.unit.dimension):  # the letter m may also be a variable
        return _plainly_same(answer, gold) or equal
    return equal


def _plainly_same(answer: str, gold: str) -> bool | None:
    try:
        return same(parse(answer), parse(gold))
    except NotAlgebra:
        return None


def _same_quantity(left: Expression, right: Expression) -> bool | None:
    if left.unit.dimension and right.unit.dimension:
        if left.unit.dimension != right.unit.dimension:
            return False
        ratio = left.unit.factor / right.unit.factor
        return same(("mul", ("number", ratio), left.node), right.node) or _rounds(left, right, ratio)
    readings = [(a, b) for a in _readings(left, right) for b in _readings(right, left)]
    results = [same(a, b) for a, b in readings]
    return True if True in results else None if None in results else _rounds(left, right)


def _with_call(expression: Expression) -> Expression:
    """`\\sin 30°` as what it is, an expression that ends in a degree sign of its own."""
    if expression.degrees and _CALLED.search(expression.text):
        return Expression(expression.text, parse(f"{expression.text}°"))
    return expression


def _readings(expression: Expression, other: Expression) -> list[Node]:
    """The node as it stands, and what a degree or percent sign on this side alone may make of it."""
    nodes = [expression.node]
    if expression.percent and not other.percent:
        nodes.append(("percent", expression.node))
    if expression.degrees and not other.degrees and not _is_rational(other.node):
        nodes.append(("degree", expression.node))
    return nodes


def _is_rational(node: Node) -> bool:
    """A whole or rational number beside degrees means degrees too; π/3 or arcsin 1/2 beside them means radians."""
    try:
        return isinstance(value(node), Fraction)
    except NoValue:
        return True


_DECIMAL = re.compile(r"[-+]?(\d*)\.(\d+)")


def _rounds(left: Expression, right: Expression, ratio: Fraction = Fraction(1)) -> bool:
    """Whether the two differ only by rounding: a gold decimal may be met by a more exact answer, an exact gold by an
    answer of at least three significant digits. Whole numbers are never rounded."""
    if right.percent and not left.percent:
        ratio *= 100
    elif left.percent and not right.percent:
        return False
    if not (is_constant(left.node) and is_constant(right.node)):
        return False
    try:
        a, b = value(left.node) * ratio, value(right.node)
    except NoValue:
        return False
    given, wanted = _DECIMAL.fullmatch(left.text), _DECIMAL.fullmatch(right.text)
    if wanted and (not given or len(given[2]) > len(wanted[2])):
        return _significant(wanted) > (1 if len(wanted[2]) > 1 else 2) and _near(a, b, len(wanted[2]))
    return bool(given and not wanted and _significant(given) > 2 and not _is_whole(b) and _near(a, b, len(given[2])))


def _significant(decimal: re.Match[str]) -> int:
    return len((decimal[1] + decimal[2]).lstrip("0"))


def _is_whole(number: Value) -> bool:
    return isinstance(number, Fraction) and number.denominator == 1


def _near(a: Value, b: Value, decimals: int) -> bool:
    try:
        return abs(complex(a) - complex(b)) <= 0.5 * 10.0**-decimals * (1 + CLOSE) + 1e-15
    except OverflowError:
        return False
