"""Read names of a fixed form: notes, squares of the chessboard, and words with a number such as "Bus 27"."""

import re

from onevision.answers.clean import bare, tidy
from onevision.answers.numbers import read_number
from onevision.answers.texts import NEGATION
from onevision.answers.tokens import FUNCTIONS
from onevision.answers.units import NO_UNIT
from onevision.answers.values import CAPITAL

_SIGNED = r"[\s^{\\-]{0,3}(?:(?i:sharp|flat|natural)\b|[♯♭♮#])"
_NOTE = re.compile(rf"(?<![\w'])(?:(?![H-Z])(?:{CAPITAL}|[b-g])|A(?={_SIGNED}))(?:{_SIGNED}|b)?\}}?\d?(?![\w'♯♭♮#])")
_SHARP, _FLAT = re.compile(r"(?i:sharp)|[♯#]"), re.compile(r".*(?:(?i:flat)|♭|(?<=.)b)")


def read_note(text: str) -> frozenset[str] | None:
    """A note's name, "D", "D sharp", "D♯", "Db" or "D4" as "D", "D♯", "D♯", "D♭", "D", in a set; otherwise None."""
    plain = bare(text)
    plain = plain[:1].upper() + plain[1:]
    return frozenset({_note(plain)}) if _NOTE.fullmatch(plain) else None


def find_notes(text: str) -> frozenset[str] | None:
    """All the notes that an answer names; None where it names none."""
    return read_note(text) or frozenset(_note(match[0]) for match in _NOTE.finditer(tidy(text)[:400])) or None


def _note(name: str) -> str:
    return name[0].upper() + ("♯" if _SHARP.search(name) else "♭" if _FLAT.match(name) else "")


_SQUARE = re.compile(r"(?<![^\W_])[a-h][1-8](?![^\W_])", re.IGNORECASE)


def read_square(text: str) -> frozenset[str] | None:
    """A square of the chessboard, "e5", in a set; otherwise None."""
    return find_squares(text) if _SQUARE.fullmatch(bare(text)) else None


def find_squares(text: str) -> frozenset[str] | None:
    """All the squares that an answer names; None where it names none."""
    return frozenset(name.lower() for name in _SQUARE.findall(tidy(text)[:400])) or None


def same_name(found: frozenset[str], gold: frozenset[str]) -> bool | None:
    """Whether an answer names the gold alone; None where it names others besides."""
    return found == gold or (None if found > gold else False)


_NUMBERED = re.compile(r"([A-Z][a-z]{2,20})\s(\d{1,4})")


def read_numbered(text: str) -> tuple[str, int] | None:
    """A name with a number, "Bus 27"; otherwise None."""
    match = _NUMBERED.fullmatch(bare(text))
    return (match[1], int(match[2])) if match and match[1].lower() not in FUNCTIONS else None


def same_numbered(answer: str, gold: tuple[str, int]) -> bool | None:
    """Whether an answer names the gold, by its number alone or in a sentence; None where it names others besides, or says
    the number and the word apart ("the 27 bus")."""
    plain, (word, number) = tidy(answer)[:400], gold
    alone = read_number(plain)
    if alone and alone.unit == NO_UNIT:
        return alone.value == number
    said = {int(digits) for digits in re.findall(rf"\b{word}\s(?:no\.?\s?|number\s|#)?(\d{{1,4}})\b", plain, re.IGNORECASE)}
    if said == {number} and not NEGATION.search(plain):
        return True
    apart = not said and re.search(rf"\b{word}\b", plain, re.IGNORECASE) and re.search(rf"\b{number}\b", plain)
    return None if number in said or apart else False
