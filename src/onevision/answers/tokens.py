"""Cut a formula, written in LaTeX or plainly, into tokens: numbers, symbols, functions, commands and signs."""

import re
from fractions import Fraction
from typing import Any


class NotAlgebra(ValueError):
    """The text is no formula, or holds something the reader does not know."""


FUNCTIONS = frozenset("sin cos tan cot sec csc arcsin arccos arctan asin acos atan sinh cosh tanh ln log lg exp sqrt cbrt abs".split())
_GREEK = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau".split()
    + "phi varphi chi psi omega".split()
)
_GREEK |= {name.capitalize() for name in _GREEK} | {"ell", "hbar", "triangle", "infty", "emptyset"}
SKIPPED = frozenset("left right big Big bigg Bigg displaystyle limits mathrm text mathbf angle overline overrightarrow vec hat bar".split())
_SIGNS = {"\\cdot": "*", "\\times": "*", "\\ast": "*", "\\div": "/", "\\over": "/", "×": "*", "·": "*", "∙": "*", "÷": "/", "∗": "*"}
_SIGNS |= {"\\{": "(", "\\}": ")", "[": "(", "]": ")", "\\lbrace": "(", "\\rbrace": ")", "\\vert": "|", "\\lvert": "|", "\\rvert": "|"}
_SIGNS |= {"\\pi": "π", "\\circ": "°", "\\degree": "°", "∞": "\\infty", "infinity": "\\infty", "\\%": "%", "\\mid": "|", "**": "^"}
_SIGNS |= {
    "∅": "\\emptyset",
    "\\varnothing": "\\emptyset",
    "\\cfrac": "\\frac",
    "\\dfrac": "\\frac",
    "\\tfrac": "\\frac",
    "\\dbinom": "\\binom",
}
_TOKEN = re.compile(
    r"\s*(?:(?P<mixed>(?<![\^_\d.])\d{1,9}\s+\d{1,9}\s?/\s?\d{1,9}(?![\d.]))"
    r"|(?P<repeating>\d{0,20}\.\d{0,20})\\(?:overline|dot|bar)\s?\{(?P<period>\d{1,20})\}"
    r"|(?P<number>\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?|\d+\.\d+|\d+\.(?=[})\]])|\d+|\.\d+)(?:[eE](?P<exp>[-+]?\d{1,3})(?![\w.]))?"
    r"|(?P<sign>\*\*|\\[{}%|]|\\[a-zA-Z]+|infinity|[-+*/^_(){}\[\]|!°%'×·∙÷∗√π∞∅])"
    rf"|(?P<name>{'|'.join(sorted(FUNCTIONS, key=len, reverse=True))}|pi(?![a-z])|[^\W\d_]))"
)
_SUBSCRIPT = re.compile(r"_\s?(?:\{([\w,+\-' ]{1,20})\}|(\w))")


def tokens_of(text: str) -> list[tuple[str, Any]]:
    """The text as (kind, value): number, symbol, function, command or sign."""
    tokens: list[tuple[str, Any]] = []
    at, text = 0, text.rstrip()
    while at < len(text):
        subscript = _SUBSCRIPT.match(text, at) if tokens else None
        if subscript:
            kind, value = tokens[-1]
            low = (subscript[1] or subscript[2]).replace(" ", "")
            if kind not in ("number", "symbol", "function"):
                raise NotAlgebra(text)
            tokens[-1] = (kind, f"{value}_{low}") if kind != "number" else ("symbol", f"{value}_{low}")
            at = subscript.end()
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotAlgebra(text)
        tokens.append(_token(match))
        at = match.end()
    return tokens


def _repeating(start: str, period: str) -> Fraction:
    """`0.1\\overline{6}`: what stands before the period, and the period over as many nines."""
    decimals = len(start.partition(".")[2])
    return Fraction(f"{start}0") + Fraction(int(period), (10 ** len(period) - 1) * 10**decimals)


def _token(match: re.Match[str]) -> tuple[str, Any]:
    if match["mixed"]:
        whole, part = match["mixed"].split(None, 1)
        top, below = part.split("/")
        if not int(below):
            raise NotAlgebra(match[0])
        return "number", int(whole) + Fraction(int(top), int(below))
    if match["period"]:
        return "number", _repeating(match["repeating"], match["period"])
    if match["number"]:
        return "number", Fraction(match["number"].replace(",", "")) * Fraction(10) ** int(match["exp"] or 0)
    text = match["sign"] or match["name"]
    text = _SIGNS.get(text, text)
    plain = text.lstrip("\\")
    if plain in FUNCTIONS:
        return "function", plain
    if text in ("π", "pi"):
        return "symbol", "π"
    if match["name"] or (text != plain and plain in _GREEK):
        return "symbol", plain
    return ("command", plain) if text != plain and plain.isalpha() else ("sign", text)
