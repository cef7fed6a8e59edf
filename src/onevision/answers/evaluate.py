"""Decide whether two formulas are equal by their values: exactly where they are rational, at sample points otherwise.

Two analytic expressions that agree at several points chosen without regard to them are equal with overwhelming likelihood
(Schwartz 1980 and Zippel 1979 for polynomials). A symbol's values depend on its name alone, so a verdict never changes.
"""

import cmath
import math
import zlib
from collections.abc import Callable
from fractions import Fraction

from onevision.answers.algebra import Node

Value = Fraction | complex

POINTS = 3
"""Sample points with positive symbols, as lengths and counts are; where only one side has an absolute value, one
negative point more."""

CLOSE = 1e-9
_MOST_BITS = 20_000


class NoValue(ArithmeticError):
    """The formula has no finite value at this point, or one too large to compute."""


def value(node: Node, point: int = 0) -> Value:
    """The value of a formula at a sample point. Raises NoValue."""
    try:
        result = _value(node, point)
    except (ArithmeticError, ValueError, TypeError) as error:
        raise NoValue(str(error)) from None
    if isinstance(result, complex) and not cmath.isfinite(result):
        raise NoValue("not finite")
    return result


def _value(node: Node, point: int) -> Value:
    kind = node[0]
    if kind == "number":
        return Fraction(node[1])
    if kind == "symbol":
        return _symbol(node[1], point)
    if kind == "call":
        return _call(node[1], _value(node[2], point))
    if kind in _OPERATIONS:
        return _OPERATIONS[kind](*(_value(part, point) for part in node[1:]))
    raise NoValue(kind)


def _symbol(name: str, point: int) -> Value:
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    draw = zlib.crc32(f"{name}/{point}".encode()) % 9973
    sample = Fraction(3000 + draw, 7919)
    return -sample if point == POINTS else sample


_CONSTANTS: dict[str, Value] = {"π": complex(math.pi), "e": complex(math.e), "i": 1j}


def _power(base: Value, exponent: Value) -> Value:
    if isinstance(exponent, Fraction) and exponent.denominator == 1 and isinstance(base, Fraction):
        bits = max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(exponent.numerator)
        if bits <= _MOST_BITS:
            return base**exponent.numerator
        raise NoValue("too large")
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent == Fraction(1, 2):
        return _root(base, Fraction(2))
    if isinstance(exponent, Fraction) and isinstance(base, Fraction) and base < 0 and exponent.denominator % 2:
        return complex((-1) ** exponent.numerator * float(-base) ** float(exponent))
    return complex(base) ** complex(exponent)


def _root(inside: Value, degree: Value) -> Value:
    if isinstance(inside, Fraction) and degree == 2 and inside >= 0:
        top, below = math.isqrt(inside.numerator), math.isqrt(inside.denominator)
        if top * top == inside.numerator and below * below == inside.denominator:
            return Fraction(top, below)
    if isinstance(inside, Fraction) and isinstance(degree, Fraction) and degree.denominator == 1 and degree.numerator % 2 and inside < 0:
        return -complex(float(-inside) ** (1 / int(degree)))
    return complex(inside) ** (1 / complex(degree))


def _factorial(n: Value) -> Value:
    if not isinstance(n, Fraction) or n.denominator != 1 or not 0 <= n <= 500:
        raise NoValue("factorial")
    return Fraction(math.factorial(n.numerator))


def _binomial(n: Value, k: Value) -> Value:
    if isinstance(n, Fraction) and isinstance(k, Fraction) and n.denominator == k.denominator == 1 and 0 <= k <= n <= 1000:
        return Fraction(math.comb(n.numerator, k.numerator))
    if isinstance(k, Fraction) and k.denominator == 1 and 0 <= k <= 20:  # n a sample of a symbol
        return math.prod((n - i for i in range(k.numerator)), start=Fraction(1)) / math.factorial(k.numerator)
    raise NoValue("binomial")


def _real(number: Value) -> float:
    if isinstance(number, complex) and abs(number.imag) > CLOSE:
        raise NoValue("not real")
    return float(number.real)


_OPERATIONS: dict[str, Callable[..., Value]] = {
    "add": lambda a, b: a + b,
    "neg": lambda a: -a,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": _power,
    "root": _root,
    "abs": lambda a: abs(a) if isinstance(a, Fraction) else complex(abs(a)),
    "percent": lambda a: a / 100,
    "degree": lambda a: complex(a) * math.pi / 180,
    "factorial": _factorial,
    "binomial": _binomial,
    "floor": lambda a: Fraction(math.floor(_real(a))),
    "ceil": lambda a: Fraction(math.ceil(_real(a))),
}
_CALLS: dict[str, Callable[[complex], complex]] = {
    **{name: getattr(cmath, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp")},
    **{f"{prefix}{name}": getattr(cmath, f"a{name}") for name in ("sin", "cos", "tan") for prefix in ("a", "arc")},
    "cot": lambda z: 1 / cmath.tan(z),
    "sec": lambda z: 1 / cmath.cos(z),
    "csc": lambda z: 1 / cmath.sin(z),
    "ln": cmath.log,
    "log": cmath.log10,
    "lg": cmath.log10,
    "cbrt": lambda z: z ** (1 / 3),
    "abs": lambda z: complex(abs(z)),
}


def _call(name: str, argument: Value) -> Value:
    if name not in _CALLS:
        raise NoValue(name)
    return _CALLS[name](complex(argument))


def close(left: Value, right: Value) -> bool:
    """Whether two values are equal: exactly where both are rational, to nine digits otherwise."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left == right
    try:
        one, other = complex(left), complex(right)
    except OverflowError:  # a fraction beyond all floats, beside a float
        return False
    if 0 in (one, other):
        return abs(one - other) < 1e-12
    return abs(one - other) <= CLOSE * max(abs(one), abs(other))


def same(left: Node, right: Node) -> bool | None:
    """Whether two formulas are equal wherever they are compared; None where a value cannot be had."""
    one_sided = _has(left, "abs") != _has(right, "abs")
    for point in range(POINTS + one_sided):
        try:
            if not close(value(left, point), value(right, point)):
                return False
        except (NoValue, OverflowError):
            return None
    return True


def proportional(left: Node, right: Node) -> bool | None:
    """Whether one formula is a constant multiple of the other, as the two sides' differences of one equation are."""
    try:
        ratios = [value(left, point) / value(right, point) for point in range(POINTS)]
    except (NoValue, ArithmeticError):
        return None
    return all(close(ratio, ratios[0]) for ratio in ratios) and not close(ratios[0], Fraction(0))


def is_constant(node: Node) -> bool:
    """Whether no symbol but π, e and i stands in the formula."""
    if node[0] == "symbol":
        return node[1] in _CONSTANTS
    return node[0] == "number" or all(is_constant(part) for part in node[1:] if isinstance(part, tuple))


def _has(node: Node, operation: str) -> bool:
    return node[0] == operation or any(_has(part, operation) for part in node[1:] if isinstance(part, tuple))
