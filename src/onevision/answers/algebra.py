"""Read a formula, written in LaTeX or plainly, into a small tree. Nothing is evaluated here, and nothing is ever executed.

A node is a tuple: ("number", Fraction), ("symbol", name), or (operation, node, ...). The reader takes what answers are made
of: sums, products, fractions, powers, roots, absolute values, factorials, binomials, degrees, percent, named functions.
What it does not know (integrals, sums with bounds, words) raises `NotAlgebra` rather than being guessed at.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

from onevision.answers.tokens import FUNCTIONS, SKIPPED, NotAlgebra, tokens_of

Node = tuple[Any, ...]

LONGEST, DEEPEST, TALLEST = 400, 40, 120
"""Characters of a formula, levels of nesting, and operations one upon the other (`5!!!…`, a sum's terms) beyond which nothing
is read: what looks at a tree calls itself for every level."""


_WORD = re.compile(r"(?<!\\)(?<![a-zA-Z\\])[a-zA-Z]{4,}")


@lru_cache(maxsize=2048)
def parse(text: str) -> Node:
    """The tree of one expression. Raises NotAlgebra where the text is too long, too deep, or not fully understood."""
    if len(text) > LONGEST:
        raise NotAlgebra(f"{len(text)} characters")
    if any(word.lower() not in FUNCTIONS and word.lower() != "infinity" for word in _WORD.findall(text)):
        raise NotAlgebra(text)
    reader = _Reader(tokens_of(text))
    node = reader.sum()
    if reader.at < len(reader.tokens) or _height(node) > TALLEST:
        raise NotAlgebra(text)
    return node


def _height(node: Node) -> int:
    level, height = [node], 0
    while level:
        level, height = [part for above in level for part in above[1:] if isinstance(part, tuple)], height + 1
    return height


class _Reader:
    """Recursive descent over the tokens; each method reads one level of precedence and moves `at` behind it."""

    def __init__(self, tokens: list[tuple[str, Any]]) -> None:
        self.tokens = [token for token in tokens if token[0] != "command" or token[1] not in SKIPPED]
        self.at = 0
        self.depth = 0
        self.bars = 0

    def peek(self) -> tuple[str, Any]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self, *signs: str) -> str:
        """The next token's sign where it is one of `signs`, which is then behind us; otherwise ""."""
        kind, value = self.peek()
        if kind == "sign" and value in signs:
            self.at += 1
            return str(value)
        return ""

    def need(self, sign: str) -> None:
        if not self.take(sign):
            raise NotAlgebra(f"{sign} is missing")

    def sum(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise NotAlgebra("nested too deeply")
        node = self.product()
        while sign := self.take("+", "-"):
            right = self.product()
            node = ("add", node, right if sign == "+" else ("neg", right))
        self.depth -= 1
        return node

    def product(self) -> Node:
        if sign := self.take("-", "+"):
            self.depth += 1
            if self.depth > DEEPEST:
                raise NotAlgebra("too many signs")
            inner = self.product()
            self.depth -= 1
            return ("neg", inner) if sign == "-" else inner
        node = self.power()
        while True:
            if sign := self.take("*", "/"):
                right = self.signed_power()
                node = ("mul" if sign == "*" else "div", node, right)
            elif self.begins_atom():
                node = ("mul", node, self.power())
            else:
                return node

    def signed_power(self) -> Node:
        sign = self.take("-", "+")
        return ("neg", self.power()) if sign == "-" else self.power()

    def begins_atom(self) -> bool:
        kind, value = self.peek()
        if kind == "sign":
            return value in ("(", "{", "√") or (value == "|" and not self.bars)
        return kind in ("number", "symbol", "function") or (kind == "command" and value in _COMMANDS)

    def power(self) -> Node:
        node = self.postfix(self.atom())
        if self.take("^"):
            if self.take("°"):
                return ("degree", node)
            node = self.postfix(("pow", node, self.exponent()))
        return node

    def postfix(self, node: Node) -> Node:
        while sign := self.take("!", "°", "%", "'"):
            if sign == "'":
                node = ("symbol", f"{node[1]}'") if node[0] == "symbol" else node
            else:
                node = ({"!": "factorial", "°": "degree", "%": "percent"}[sign], node)
        return node

    def exponent(self) -> Node:
        if self.take("{"):
            degree = self.take("°")
            if degree:
                raise NotAlgebra("a degree as exponent")
            node = self.sum()
            self.need("}")
            return node
        sign = self.take("-", "+")
        inner = self.atom()
        if self.take("^"):
            inner = ("pow", inner, self.exponent())
        return ("neg", inner) if sign == "-" else inner

    def atom(self) -> Node:
        kind, value = self.peek()
        self.at += 1
        if kind == "number":
            return ("number", value)
        if kind == "symbol":
            return ("symbol", value)
        if kind == "function" or (kind == "command" and value.partition("_")[0] in FUNCTIONS):
            return self.function(value)
        if kind == "command" and value in _COMMANDS:
            return _COMMANDS[value](self)
        if kind == "sign" and value in "({√|":
            return self.bracketed(value)
        raise NotAlgebra(str(value))

    def bracketed(self, sign: str) -> Node:
        if sign == "√":
            return ("root", self.argument(), ("number", Fraction(2)))
        if sign == "|":
            self.bars += 1
            node = self.sum()
            self.need("|")
            self.bars -= 1
            return ("abs", node)
        bars, self.bars = self.bars, 0
        node = self.sum()
        self.need(")" if sign == "(" else "}")
        self.bars = bars
        return node

    def argument(self) -> Node:
        """What \\frac, \\sqrt and √ take: a group, or one atom; of a number right behind \\frac only its first digit."""
        if self.take("{"):
            node = self.sum()
            self.need("}")
            return node
        return self.atom()

    def digit(self) -> Node:
        kind, value = self.peek()
        if kind == "number" and value >= 10 and value.denominator == 1:
            first, rest = str(value)[0], str(value)[1:]
            self.tokens[self.at] = ("number", Fraction(rest))
            return ("number", Fraction(first))
        return self.argument()

    def fraction(self, operation: str = "div") -> Node:
        return (operation, self.digit(), self.digit())

    def root(self) -> Node:
        degree: Node = ("number", Fraction(2))
        if self.take("("):  # \sqrt[3]{x}: brackets come as parentheses; \sqrt(x) has no group behind them
            degree, inside = self.sum(), True
            self.need(")")
            if self.peek() != ("sign", "{"):
                return ("root", degree, ("number", Fraction(2)))
            assert inside
        return ("root", self.argument(), degree)

    def function(self, value: str) -> Node:
        name, _, base = value.partition("_")
        if name == "sqrt":
            return self.root()
        exponent = self.exponent() if self.take("^") else None
        argument = self.function_argument()
        inverse = exponent == ("neg", ("number", Fraction(1)))
        node: Node = ("call", f"arc{name}" if inverse else name, argument)
        if base:
            node = ("div", ("call", "ln", argument), ("call", "ln", parse(base)))
        return ("pow", node, exponent) if exponent is not None and not inverse else node

    def function_argument(self) -> Node:
        """Of `sin 2x + 1` the `2x`, of `sin(2x)y` the `2x`, of `sin x cos x` the `x`."""
        if self.peek() in (("sign", "("), ("sign", "{")):
            return self.power()
        sign = self.take("-")
        node = self.power()
        while (self.begins_atom() and self.peek()[0] in ("number", "symbol")) or self.peek() == ("command", "frac"):
            node = ("mul", node, self.power())
        if self.peek() == ("sign", "/") and node[0] != "call":
            self.at += 1
            node = ("div", node, self.power())
        return ("neg", node) if sign else node

    def floor(self, name: str) -> Node:
        node = self.sum()
        if self.peek() != ("command", f"r{name}"):
            raise NotAlgebra(f"\\r{name} is missing")
        self.at += 1
        return (name, node)


_COMMANDS: dict[str, Callable[[_Reader], Node]] = {
    "frac": _Reader.fraction,
    "binom": lambda reader: reader.fraction("binomial"),
    "lfloor": lambda reader: reader.floor("floor"),
    "lceil": lambda reader: reader.floor("ceil"),
}
