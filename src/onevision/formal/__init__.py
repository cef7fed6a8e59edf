"""The formal language between the picture and the thought: one module per formalism.

Each module has `parse(text)` (raises InputError naming the line it could not read) and `summary(what was parsed)`;
those that are written by us have `write(...)` with `parse(write(x)) == x`; those in DRAWN also have `draw(...)`, a picture,
and `compare(...)`, 0 to 1. Nothing here executes anything that a text says.
"""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType

from PIL.Image import Image

from onevision.errors import InputError, unknown_name
from onevision.formal.checks import ROUND_TRIP, Check
from onevision.formal.guard import leak
from onevision.types import Description

__all__ = ["DRAWN", "FORMALISMS", "ROUND_TRIP", "Check", "check", "compare", "draw", "leak", "module", "parse", "round_trip"]

FORMALISMS = (
    *("csv", "json", "spice", "html", "plantuml", "mermaid", "matplotlib", "lilypond"),
    *("scene", "figure", "geometry", "boxes", "document", "text", "smiles", "fen"),
)
DRAWN = ("csv", "spice", "scene", "figure")
"""What can be drawn back: tables and charts, circuits, scenes, figures."""

LONGEST, LONGEST_LINE = 20_000, 5_000
"""The most characters of a Description and of one of its lines: far beyond any picture, so that no parser needs to be fast for more."""


def module(formalism: str) -> ModuleType:
    """The module of a formalism; raises InputError for an unknown name."""
    if formalism not in FORMALISMS:
        raise unknown_name("formalism", formalism, FORMALISMS)
    return import_module(f"onevision.formal.{formalism}")


def parse(description: Description) -> object:
    """What the Description says, as its formalism's own records; raises InputError when it does not parse or is too long."""
    return _read(description.formalism, description.text)


def check(formalism: str, text: str) -> Check:
    """Whether a text parses in its formalism, and what is in it or why not. Raises InputError for an unknown formalism only."""
    rules = module(formalism)
    try:
        return Check("parses", True, rules.summary(_read(formalism, text)))
    except InputError as error:
        return Check("parses", False, str(error))


def draw(description: Description, kind: str = "") -> Image | None:
    """The picture drawn back, None where a formalism has no drawing. kind: "chart" draws a CSV as bars, not as a table.

    Raises InputError when the text does not parse, or says something that cannot be drawn.
    """
    if description.formalism not in DRAWN:
        return None
    rules = module(description.formalism)
    drawing = rules.draw_chart if kind == "chart" else rules.draw
    picture: Image = drawing(parse(description))
    return picture


def compare(formalism: str, first: str, second: str) -> float:
    """How much two texts of one formalism say the same, 0 to 1; raises InputError when one does not parse."""
    one, other = _read(formalism, first), _read(formalism, second)
    return float(module(formalism).compare(one, other) if formalism in DRAWN else one == other)


def round_trip(description: Description, extract: Callable[[Image], str], kind: str = "") -> Check:
    """Draw a Description, extract it again, compare. extract: from the drawn picture to the formalism's text; kind as in `draw`.

    The score is None where the formalism has no drawing or this text cannot be drawn.
    """
    try:
        picture = draw(description, kind)
    except InputError as error:
        return Check("round trip", False, f"cannot be drawn: {error}")
    if picture is None:
        return Check("round trip", True, f"{description.formalism} is not drawn back")
    try:
        again = extract(picture)
    except InputError as error:
        return Check("round trip", False, f"nothing was read from the drawing: {error}", 0.0)
    score = compare(description.formalism, description.text, again)
    return Check("round trip", score >= ROUND_TRIP, f"{score:.2f} of it was read again from its drawing; {ROUND_TRIP} is enough", score)


def _read(formalism: str, text: str) -> object:
    """A text parsed; raises InputError for one that is too long, or whose brackets nest deeper than Python's own stack."""
    rules = module(formalism)
    line = max(map(len, text.split("\n")))
    if len(text) > LONGEST or line > LONGEST_LINE:
        most = f"{LONGEST} and {LONGEST_LINE} are the most"
        raise InputError(f"{formalism}: {len(text)} characters, {line} of them on one line; {most}")
    try:
        return rules.parse(text)
    except RecursionError:
        raise InputError(f"{formalism}: brackets nest too deep") from None
