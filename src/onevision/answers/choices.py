"""Which option of a multiple-choice problem an answer names. Options are tuples of texts; "A" is the first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from onevision.answers.clean import bare, is_formula, normal, tidy
from onevision.answers.equality import Comparison, compare

_LEADING = re.compile(
    r"(?:(?:the\s)?(?:correct\s)?(?:option|choice|answer|figure|picture|image)\s(?:is\s)?)?"
    r"[\"'*\[{]{0,2}(?:\(([A-Za-z])\)|([A-Z])\s?[).:,\]])(?=\W|\d|$|[^\W_])",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\(([A-Za-z])\)"
    r"|(?:\b(?:[Oo]ption|[Cc]hoice|[Aa]nswer|[Ff]igure|[Pp]icture|[Ii]mage)|选项?)\s{0,2}(?:is\s)?\(?([A-Z])(?![A-Za-z'])"
    r"|(?<![A-Za-z'])([A-Z])(?![A-Za-z'])(?!\s[a-z])"
    r"|(?<![A-Za-z'])([B-HJ-Z])(?![A-Za-z'])"
)
_NEGATION = re.compile(r"\b(?:not|neither|nor|none|except|or)\b|n't\b", re.IGNORECASE)


@dataclass(frozen=True)
class Pick:
    """The option an answer names: its capital letter, and how it was named ("letter", "content")."""

    letter: str
    by: str


def letter_of(index: int) -> str:
    """The letter of the option at `index`, 0 to 25."""
    return chr(ord("A") + index)


def gold_letter(gold: str, choices: Sequence[str]) -> str | None:
    """The option the gold answer means: its letter, or the letter of the one option with its text; None otherwise."""
    plain = bare(gold).upper()
    if plain in _letters(choices):
        return plain
    return _by_text(gold, choices) or _by_value(gold, choices)


def read_choice(answer: str, choices: Sequence[str]) -> Pick | None:
    """The one option an answer names, by letter first ("(B)", "B.", "B: 9:30"), by its content otherwise.

    Content is the option's text or its value, where only one option has it. None where several are named, as in
    "A or B" or in a list of all options. Never raises.
    """
    letters = _letters(choices)
    plain = tidy(answer)[:2000]
    alone = bare(plain).upper()
    named = _named(plain, letters)
    if alone in letters or (len(named) == 1 and _leading(plain) in named):
        return Pick(alone if alone in letters else named.pop(), "letter")
    content = _by_text(plain, choices)
    if content is None and len(named) <= 1:
        content = _by_value(plain, choices)
    if content:
        return Pick(content, "content")
    if len(named) == 1:
        return None if _NEGATION.search(plain) else Pick(named.pop(), "letter")
    contained = None if named else _by_mention(plain, choices)
    return Pick(contained, "content") if contained else None


def compare_choice(answer: str, gold: str, choices: Sequence[str]) -> Comparison:
    """Compare the option an answer names with the gold letter. 0.0 where it names none or several.

    An answer that is a formula, as is the gold option, is not judged: it may be that option written otherwise.
    """
    pick = read_choice(answer, choices)
    if pick is None:
        option = choices[ord(gold) - ord("A")]
        if is_formula(option) and compare(answer, option).score is None:
            return Comparison(None, "could not judge as an option")
        return Comparison(0.0, "names no single option")
    if pick.letter == gold:
        return Comparison(1.0, f"option {gold} by {pick.by}")
    return Comparison(0.0, f"option {pick.letter} by {pick.by}, not {gold}")


def _letters(choices: Sequence[str]) -> list[str]:
    return [letter_of(i) for i in range(min(len(choices), 26))]


def _leading(text: str) -> str | None:
    match = _LEADING.match(text)
    return (match[1] or match[2]).upper() if match else None


def _named(text: str, letters: list[str]) -> set[str]:
    found = {next(group for group in match.groups() if group).upper() for match in _NAMED.finditer(text)}
    lead = _leading(text)
    return (found | ({lead} if lead else set())) & set(letters)


def _only(letters: list[str]) -> str | None:
    return letters[0] if len(letters) == 1 else None


def _by_text(text: str, choices: Sequence[str]) -> str | None:
    wanted = normal(text)
    return _only([letter_of(i) for i, choice in enumerate(choices[:26]) if normal(choice) == wanted])


def _by_value(text: str, choices: Sequence[str]) -> str | None:
    return _only([letter_of(i) for i, choice in enumerate(choices[:26]) if compare(text, choice).score == 1.0])


def _by_mention(text: str, choices: Sequence[str]) -> str | None:
    """The only option whose words all stand in the answer, in order, where nothing there is denied."""
    if len(text) > 400 or _NEGATION.search(text):
        return None
    said = f" {normal(text)} "
    return _only([letter_of(i) for i, choice in enumerate(choices[:26]) if f" {normal(choice)} " in said])
