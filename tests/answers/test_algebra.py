"""The formula reader and the comparison by value."""

import ast
import operator
import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onevision.answers.algebra import parse
from onevision.answers.evaluate import NoValue, same, value
from onevision.answers.tokens import NotAlgebra


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2+3*4", 14), ("2^3^2", 512), ("-2^2", -4), ("(-2)^2", 4), ("1/2/2", Fraction(1, 4)), ("2(3+4)", 14),
        ("3 1/2", Fraction(7, 2)),
        ("\\frac{1}{2}+\\frac34", Fraction(5, 4)), ("\\sqrt{9/4}", Fraction(3, 2)), ("|-3|+|2-5|", 6), ("5!", 120),
        ("50\\%", Fraction(1, 2)),
        ("\\binom{5}{2}", 10), ("1,234.5", Fraction(2469, 2)), ("2\\cdot 10^{-3}", Fraction(1, 500)), ("\\lfloor 2.5 \\rfloor", 2),
    ],
)  # fmt: skip
def test_rational_formulas_have_exact_values(text: str, number: Fraction | int) -> None:
    assert value(parse(text)) == Fraction(number)


@pytest.mark.parametrize(
    "text", ["", "three", "1+", "(1", "\\frac{1}", "\\int x", "x=1", "1/0 0/0", "(" * 60 + ")" * 60, "1" * 401, "\\foo{x}"]
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises((NotAlgebra, NoValue)):
        value(parse(text))


@pytest.mark.parametrize("text", ["9^9^9^9", "500!!", "2^{99999999}", "(((9^99)^99)^99)^99", "1/0", "\\binom{10^9}{10^8}", "e^{e^{e^9}}"])
def test_hostile_values_are_refused_at_once(text: str) -> None:
    start = time.process_time()
    with pytest.raises(NoValue):
        value(parse(text))
    assert time.process_time() - start < 1


rationals = st.recursive(
    st.integers(0, 99).map(str),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
    max_leaves=8,
)


@given(rationals)
@settings(deadline=None, max_examples=60)
def test_sums_and_products_agree_with_python(text: str) -> None:
    assert value(parse(text)) == walk(ast.parse(text, mode="eval").body)


OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}


def walk(node: ast.expr) -> int:
    """An independent evaluator: Python's own parser with three operators."""
    if isinstance(node, ast.BinOp):
        return OPERATIONS[type(node.op)](walk(node.left), walk(node.right))
    assert isinstance(node, ast.Constant)
    return int(node.value)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=4), st.integers(1, 5))
@settings(deadline=None, max_examples=40)
def test_expanded_and_factored_are_the_same(roots: list[int], factor: int) -> None:
    factored = f"{factor}" + "".join(f"(x-({root}))" for root in roots)
    coefficients = [factor]
    for root in roots:
        coefficients = [a - root * b for a, b in zip([*coefficients, 0], [0, *coefficients], strict=True)]
    expanded = "+".join(f"({c})x^{{{len(roots) - i}}}" for i, c in enumerate(coefficients))
    assert same(parse(factored), parse(expanded)) is True
    assert same(parse(factored), parse(f"{expanded}+1")) is False


@pytest.mark.parametrize("text", ["5" + "!" * 300, "a" + "'" * 300 + "!" * 90, "1" + "+1" * 180, "a" * 3 + "%" * 350, "x" + "°" * 300])
def test_a_tower_of_operations_is_not_read(text: str) -> None:
    try:
        tree = parse(text)
    except NotAlgebra:
        return
    same(tree, tree)  # what is read can be looked at


def test_a_long_sum_is_read() -> None:
    assert value(parse("+".join(["1"] * 100))) == 100
