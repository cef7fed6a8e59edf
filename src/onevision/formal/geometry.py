"""A geometry figure as its points, lines and relations, in the predicate language of Geometry3K (Lu et al., 2021, Inter-GPS):

Triangle(A,B,C)
Equals(LengthOf(Line(A,B)),5)
Perpendicular(Line(A,C),Line(B,C))
Find(LengthOf(Line(B,C)))

one statement a line; numbers and expressions as 3, 2.5, x+2, 3*x, sqrt(2), (x-1)/2.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from onevision.errors import InputError

_SHAPES = (
    *("Triangle", "Quadrilateral", "Parallelogram", "Square", "Rectangle", "Rhombus", "Trapezoid", "Kite", "Polygon"),
    *("Pentagon", "Hexagon", "Heptagon", "Octagon", "Shape"),
)
_CORNERS = {"Triangle": 3, "Pentagon": 5, "Hexagon": 6, "Heptagon": 7, "Octagon": 8, "Polygon": 0, "Shape": 0}

# A predicate's kind, and the kinds its arguments may have; "points": three or more of them.
_TERMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Line": ("line", ("point", "point")),
    "Ray": ("line", ("point", "point")),
    "Angle": ("angle", ("point", "point", "point")),
    "Circle": ("circle", ("point",)),
    "Arc": ("arc", ("point", "point")),
    "Sector": ("shape", ("point", "point", "point")),
    **dict.fromkeys(("LegOf", "BaseOf", "SideOf", "HypotenuseOf", "AltitudeOf", "MedianOf"), ("line", ("shape",))),
    "LengthOf": ("value", ("line|arc",)),
    "MeasureOf": ("value", ("angle|arc",)),
    "AreaOf": ("value", ("shape|circle",)),
    "PerimeterOf": ("value", ("shape",)),
    "RadiusOf": ("value", ("circle",)),
    "DiameterOf": ("value", ("circle",)),
    "CircumferenceOf": ("value", ("circle",)),
    **dict.fromkeys(("HeightOf", "WidthOf"), ("value", ("shape",))),
    **dict.fromkeys(("SinOf", "CosOf", "TanOf", "CotOf"), ("value", ("value|angle",))),
    **dict.fromkeys(("RatioOf", "SumOf", "AverageOf", "Add", "Sub", "Mul", "Div", "Pow"), ("value", ("value", "value"))),
    **dict.fromkeys(("HalfOf", "SquareOf", "SqrtOf"), ("value", ("value",))),
    "ScaleFactorOf": ("value", ("shape", "shape")),
    "Equals": ("relation", ("value", "value")),
    "LessThan": ("relation", ("value", "value")),
    "Perpendicular": ("relation", ("line", "line")),
    "Parallel": ("relation", ("line", "line")),
    "Congruent": ("relation", ("shape|line|angle|arc|circle", "same")),
    "Similar": ("relation", ("shape", "same")),
    "PointLiesOnLine": ("relation", ("point", "line")),
    "PointLiesOnCircle": ("relation", ("point", "circle")),
    "IntersectAt": ("relation", ("line", "line", "point")),
    "IsMidpointOf": ("relation", ("point", "line")),
    "BisectsAngle": ("relation", ("line", "angle")),
    "Bisects": ("relation", ("line", "line")),
    "Tangent": ("relation", ("line", "circle")),
    "Secant": ("relation", ("line", "circle")),
    "IsChordOf": ("relation", ("line", "circle")),
    "IsDiameterOf": ("relation", ("line", "circle")),
    "IsRadiusOf": ("relation", ("line", "circle")),
    **dict.fromkeys(("IsAltitudeOf", "IsMedianOf", "IsHypotenuseOf", "IsMidsegmentOf"), ("relation", ("line", "shape"))),
    **dict.fromkeys(("IsLegOf", "IsBaseOf", "IsSideOf", "IsDiagonalOf"), ("relation", ("line", "shape"))),
    **dict.fromkeys(("IsCentroidOf", "IsIncenterOf"), ("relation", ("point", "shape"))),
    "IsPerpendicularBisectorOf": ("relation", ("line", "line")),
    "InscribedIn": ("relation", ("shape|circle", "circle|shape")),
    "CircumscribedTo": ("relation", ("shape|circle", "circle|shape")),
    "Isosceles": ("relation", ("shape",)),
    "Equilateral": ("relation", ("shape",)),
    "Right": ("relation", ("shape|angle",)),
    "Regular": ("relation", ("shape",)),
    "Coordinates": ("relation", ("point", "value", "value")),
    "Find": ("goal", ("value|angle|line",)),
}

# What may be called by one name instead: Line(m), Angle(1), Angle(x), Angle(B).
_NAMED = {"Line": re.compile(r"[a-z]"), "Angle": re.compile(r"[A-Z]'?|[a-z]+|\d{1,2}")}
_TOKEN = re.compile(r"\s*(?:([A-Za-z][A-Za-z0-9_']*)|(\d+(?:\.\d+)?|\.\d+)|([-+*/^(),=]))")
_POINT = re.compile(r"[A-Z](?:\d{1,2}|')?")


@dataclass(frozen=True)
class Term:
    """name(arguments): a predicate, or a plain name or number where arguments is None. kind: line, angle, value, ..."""

    name: str
    kind: str
    arguments: "tuple[Term, ...] | None" = None

    def points(self) -> set[str]:
        """The points it speaks of."""
        if self.arguments is None:
            return {self.name} if self.kind == "point" else set()
        return set().union(*(term.points() for term in self.arguments))


def parse(text: str) -> tuple[Term, ...]:
    """The statements, in the order written; raises InputError naming the line that is none."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    if not lines:
        raise InputError("geometry: no statements")
    return tuple(_Line(line).statement() for line in lines)


def summary(statements: tuple[Term, ...]) -> str:
    """What is in it, in a few words."""
    points = set().union(*(statement.points() for statement in statements))
    return f"{len(statements)} statements about {len(points)} points"


class _Line:
    """One statement as a recursive descent over its tokens."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.tokens = [*_tokens(line), ""]
        self.at = 0
        self.depth = 0

    def statement(self) -> Term:
        term = self._term()
        if self.tokens[self.at] != "":
            raise self._error(f"the line's end, not {self.tokens[self.at]!r}")
        if term.arguments is None or term.kind not in ("relation", "goal", "shape", "line", "circle", "angle", "arc"):
            raise self._error("a statement such as Triangle(A,B,C) or Equals(x,5)")
        return term

    def _term(self) -> Term:
        name = self._take()
        self.depth += 1
        if self.depth > 30:
            raise self._error("fewer brackets")
        arguments = self._arguments()
        self.depth -= 1
        if name in _SHAPES:
            return self._shape(name, arguments)
        if name not in _TERMS:
            raise self._error(f"a known predicate, not {name!r}")
        kind, wanted = _TERMS[name]
        if len(arguments) == 1 and name in _NAMED and _NAMED[name].fullmatch(arguments[0].name):
            return Term(name, kind, arguments)
        wanted = ("point", "value") if name == "Circle" and len(arguments) == 2 else wanted
        wanted = ("point", "point", "point") if name == "Arc" and len(arguments) == 3 else wanted
        if len(arguments) != len(wanted):
            raise self._error(f"{len(wanted)} arguments of {name}, not {len(arguments)}")
        for place, (argument, kinds) in enumerate(zip(arguments, wanted, strict=True), start=1):
            allowed = (arguments[0].kind,) if kinds == "same" else kinds.split("|")
            if argument.kind not in allowed and not (argument.kind == "point" and "value" in allowed and argument.name.isalpha()):
                raise self._error(f"a {' or '.join(allowed)} as argument {place} of {name}, not {argument.name!r}")
        if kind in ("line", "angle") and len({argument.name for argument in arguments}) < len(arguments):
            raise self._error(f"different points in {name}")
        return Term(name, kind, arguments)

    def _shape(self, name: str, arguments: tuple[Term, ...]) -> Term:
        corners = _CORNERS.get(name, 4)
        points = {argument.name for argument in arguments if argument.kind == "point"}
        if len(points) < len(arguments) or len(points) < 3 or corners not in (0, len(points)):
            raise self._error(f"{corners or 'three or more'} different points as the corners of {name}")
        return Term(name, "shape", arguments)

    def _arguments(self) -> tuple[Term, ...]:
        self._expect("(")
        arguments = [self._argument()]
        while self.tokens[self.at] == ",":
            self.at += 1
            arguments.append(self._argument())
        self._expect(")")
        return tuple(arguments)

    def _argument(self) -> Term:
        """A predicate, a point, or a value: a number, a variable, or an expression of them."""
        name = self.tokens[self.at]
        follows = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else ""
        if follows == "(" and (name in _TERMS or name in _SHAPES):
            start = self.at
            term = self._term()
            if self.tokens[self.at] in (",", ")") or term.kind != "value":
                return term
            self._operations()
            return Term("".join(self.tokens[start : self.at]), "value")
        if _POINT.fullmatch(name) and follows in (",", ")"):
            self.at += 1
            return Term(name, "point")
        start = self.at
        self._sum()
        return Term("".join(self.tokens[start : self.at]), "value")

    def _sum(self) -> None:
        self.depth += 1
        if self.depth > 60:
            raise self._error("fewer brackets")
        if self.tokens[self.at] in ("-", "+"):
            self.at += 1
        self._factor()
        self._operations()
        self.depth -= 1

    def _operations(self) -> None:
        """What a value goes on with: operators, a factor behind each."""
        while self.tokens[self.at] in ("+", "-", "*", "/", "^"):
            self.at += 1
            self._factor()

    def _factor(self) -> None:
        token = self.tokens[self.at]
        if token in _TERMS and _TERMS[token][0] == "value":
            self._term()
        elif token == "(" or (token == "sqrt" and self.tokens[self.at + 1] == "("):
            self.at += 1 if token == "(" else 2
            self._sum()
            self._expect(")")
        elif token and (token[0].isdigit() or token[0] == "." or re.fullmatch(r"[A-Za-z]\d?|pi|alpha|beta|theta", token)):
            self.at += 1
            following = self.tokens[self.at]
            if token[0].isdigit() and (following == "sqrt" or re.fullmatch(r"[a-z]|pi", following)):  # 2x, 3sqrt(2)
                self._factor()
        else:
            raise self._error(f"a number, a name or a bracket, not {token!r}")

    def _take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def _expect(self, token: str) -> None:
        if self.tokens[self.at] != token:
            raise self._error(f"{token!r}, not {self.tokens[self.at]!r}")
        self.at += 1

    def _error(self, wanted: str) -> InputError:
        return InputError(f"geometry: {wanted} was expected in {self.line[:120]!r}")


def _tokens(line: str) -> Iterator[str]:
    at = 0
    while at < len(line):
        match = _TOKEN.match(line, at)
        if not match:
            if not line[at:].strip():
                return
            raise InputError(f"geometry: {line[at:].strip()[:20]!r} is no part of a statement in {line[:120]!r}")
        yield match[1] or match[2] or match[3]
        at = match.end()
