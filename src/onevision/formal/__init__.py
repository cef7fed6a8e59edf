"""The formal language between the picture and the thought: one module per formalism.

Each module has `parse(text)` (raises InputError naming the line it could not read) and `write(...)`, and
`parse(write(x)) == x`. Nothing here draws or executes anything.
"""

from importlib import import_module

from onevision.errors import InputError
from onevision.types import Description

FORMALISMS = ("csv", "json", "mermaid", "scene", "figure", "text")


def parse(description: Description) -> object:
    """What the Description says, as its formalism's own records; raises InputError when it does not parse."""
    if description.formalism not in FORMALISMS:
        raise InputError(f"unknown formalism {description.formalism!r}: one of {', '.join(FORMALISMS)}")
    return import_module(f"onevision.formal.{description.formalism}").parse(description.text)
