"""Numbers and names as answers and worked lines write them."""

from collections.abc import Iterable
from fractions import Fraction


def number(value: Fraction | float) -> str:
    """A decimal of at most six digits, a whole number without a point."""
    return f"{float(value):g}"


def signed(value: int | str) -> str:
    """A number as a term that something stands before: a negative one in brackets."""
    return f"({value})" if str(value).startswith("-") else str(value)


def listed(names: Iterable[str]) -> str:
    """By the alphabet, with commas."""
    return ", ".join(sorted(names))
