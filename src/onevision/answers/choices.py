"""Which options of a multiple-choice problem an answer names. Options are tuples of texts; "A" is the first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from onevision.answers.clean import bare, is_formula, normal, tidy
from onevision.answers.equality import FORMULA, NUMBER, Comparison, compare, kind_of
from onevision.answers.expressions import is_expression
from onevision.answers.groups import read_ratio
from onevision.answers.numbers import read_number
from onevision.answers.values import CAPITAL, find_letters

_LEADING = re.compile(
    r"(?:(?:the\s)?(?:correct\s)?(?:option|choice|answer|figure|picture|image)\s(?:is\s)?|选项?|答案[是为]?)?"
    r"[\"'*\[{]{0,3}(?:\(([A-Za-z])\)|([A-Z])\s?[).:,\]}、]|([A-Z])(?=\s[(\[]))(?=\W|\d|$|[^\W_])",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\(([A-Za-z])\)"
    r"|(?:\b(?:[Oo]ption|[Cc]hoice|[Aa]nswer|[Ff]igure|[Pp]icture|[Ii]mage)|选项?)\s{0,2}(?:is\s)?\(?([A-Z])(?![A-Za-z'])"
    rf"|(?<![A-Za-z'∠△⊙=+*/^_°\\-])(?<![∠△⊙=+*/^\-]\s)(?<!angle\s)({CAPITAL})(?![A-Za-z'])(?!\s?[=+*/^\-])"
)
_MARKED = re.compile(r"\(([A-Z])\)|(?<![\w'])([A-Z])[).:](?=\s)|\b(?:or|and)\s([A-Z])\b")
_NEGATION = re.compile(r"\b(?:not|neither|nor|none|except|all but|or|incorrect|wrong)\b|n't\b|cannot\b|[不非]", re.IGNORECASE)
_REASON = re.compile(r",?\s(?:because|since)\b")
_NONE = re.compile(
    r"(?:none|neither|no option)(?:\sof\s(?:the\s|these|those|them)?)?.{0,24}|以上都不(?:是|对)|都不(?:是|对)", re.IGNORECASE
)
_ALL = re.compile(r"(?:all|both)\s(?:of\s)?(?:the\s|these|those|them)?.{0,24}|以上(?:都|全)(?:是|对)", re.IGNORECASE)


@dataclass(frozen=True)
class Pick:
    """The option an answer names: its capital letter, and how it was named ("letter", "content").

    beside: what stands beside the letter where it contradicts that option: another option's letter, or "?" for a value
    that no option has."""

    letter: str
    by: str
    beside: str = ""


def letter_of(index: int) -> str:
    """The letter of the option at `index`, 0 to 25."""
    return chr(ord("A") + index)


def gold_letters(gold: str, choices: Sequence[str]) -> frozenset[str]:
    """The options the gold answer means: its letters ("B", "A, C", "ACD"), or the one option with its text; none of them
    where it means none. A single capital is a letter, though another option's text be that letter."""
    if gold.strip() in _letters(choices):
        return frozenset(gold.strip())
    verbatim = [letter_of(i) for i, choice in enumerate(choices[:26]) if choice.strip() == gold.strip()]
    if len(verbatim) == 1:
        return frozenset(verbatim)
    letters = _several(gold, _letters(choices))
    if letters:
        return letters
    pick = _by_text(gold, choices) or _by_value(gold, choices)
    return frozenset(pick or "")


_SEVERAL = re.compile(r"[A-Z](?:(?:\s?(?:[,;&+/、]|and|和)\s?|\s|)[A-Z]){0,9}")


def _several(text: str, letters: list[str]) -> frozenset[str]:
    """The letters that a text is made of: "B", "A,C", "A and C", "(A)(C)", "ACD" (in order, each once)."""
    plain = re.sub(r"[()\[\]{}.\"']|\b(?:[Oo]ptions?|[Cc]hoices?|[Aa]nswers?)\b|选项?", " ", tidy(text)).strip()
    plain = re.sub(r"\s{1,5}(?=[,;&、])|(?<=[,;&、])\s{1,5}", "", plain)
    plain = plain.upper() if len(plain) == 1 else plain
    if not _SEVERAL.fullmatch(" ".join(plain.split())):
        return frozenset()
    found = re.findall(r"[A-Z]", plain.replace("and", ""))
    in_order = sorted(found) == found or not plain.isalpha()  # BAD is a word
    return frozenset(found) if in_order and set(found) <= set(letters) and len(set(found)) == len(found) else frozenset()


def read_choice(answer: str, choices: Sequence[str]) -> Pick | None:
    """The one option an answer names, by letter first ("(B)", "B.", "B: 9:30"), by its content otherwise.

    Content is the option's text or its value, where only one option has it. None where several are named, as in
    "A or B" or in a list of all options. Never raises.
    """
    letters = _letters(choices)
    plain = tidy(answer)[:2000]
    alone = bare(plain).upper()
    verbatim = [letter_of(i) for i, choice in enumerate(choices[:26]) if choice.strip() == answer.strip()]
    if len(verbatim) == 1 and verbatim[0] != alone:
        return Pick(alone, "letter", verbatim[0]) if answer.strip() in letters else Pick(verbatim[0], "content")
    if alone in letters:
        return Pick(alone, "letter")
    plain = _REASON.split(plain)[0] or plain
    lead, named = _leading(plain), _named(plain, letters)
    if lead in letters and (len(named) == 1 or not _marks_another(plain, lead)) and not _DENIED.match(plain):
        return Pick(lead, "letter", _beside(plain, lead, choices))
    same = _by_text(plain, choices)
    content = same or (_by_value(plain, choices) if len(named) <= 1 else None)
    if len(named) == 1 and not same and not _NEGATION.search(plain):
        letter = named.pop()
        if not content or not _holds(choices[ord(content) - ord("A")], letter):
            return Pick(letter, "letter", content if content and content != letter else "")
    content = content or (None if named else _by_mention(plain, choices))
    return Pick(content, "content") if content else None


def _holds(option: str, letter: str) -> bool:
    """Whether an option's text has the letter as one of its words: "vitamin C"."""
    return len(option.strip()) > 1 and bool(re.search(rf"\b{letter}\b", option))


def compare_choice(answer: str, gold: frozenset[str], choices: Sequence[str]) -> Comparison:
    """Compare the option an answer names, or the set of them, with the gold one. 0.0 where it names none or too many.

    An answer that is a formula nobody understands, as is the gold option, is not judged: it may be that option.
    """
    wanted = ", ".join(sorted(gold))
    if len(gold) > 1:
        return _compare_several(answer, gold, choices, wanted)
    pick = read_choice(answer, choices)
    if pick is None:
        option = choices[ord(wanted) - ord("A")]
        if is_formula(option) and is_formula(answer) and compare(answer, option).score is None:
            return Comparison(None, "could not judge as an option")
        return Comparison(0.0, "names no single option")
    if pick.beside and wanted in (pick.letter, pick.beside) and answer.strip() != wanted:
        return Comparison(None, f"could not judge: option {pick.letter} by letter, another by content")
    if pick.letter == wanted:
        return Comparison(1.0, f"option {wanted} by {pick.by}")
    return Comparison(0.0, f"option {pick.letter} by {pick.by}, not {wanted}")


def _compare_several(answer: str, gold: frozenset[str], choices: Sequence[str], wanted: str) -> Comparison:
    picked = read_choices(answer, choices)
    said = ", ".join(sorted(picked)) or "none"
    return Comparison(float(picked == gold), f"options {wanted}" if picked == gold else f"options {said}, not {wanted}")


def read_choices(answer: str, choices: Sequence[str]) -> frozenset[str]:
    """The set of options that an answer to a multiple-select question names, by their letters or their contents."""
    letters = _letters(choices)
    together = _several(answer, letters) or frozenset(find_letters(answer) or ())
    if together and together <= set(letters):
        return together
    plain = tidy(answer)[:2000]
    marked = {letter for match in _MARKED.finditer(plain) for letter in match.groups() if letter} & set(letters)
    if marked:
        lead = _leading(plain)
        return frozenset(marked | ({lead} if lead in letters else set()))
    parts = [read_choice(part, choices) for part in re.split(r"\s?[,;、\n]\s?|\sand\s|和", plain) if part.strip()]
    return frozenset(pick.letter for pick in parts if pick) if all(parts) else frozenset()


_OPTION = re.compile(r"(?:^|[\s,;，；])\(?([A-J])\s?[).:：、．]\s?(?=\S)")


def choices_in(question: str) -> tuple[str, ...] | None:
    """The options that a question lists itself, "(A) 3 (B) 4" or one a line; None where it lists none."""
    return split_choices(question)[1]


def split_choices(question: str) -> tuple[str, tuple[str, ...] | None]:
    """What a question says before the options that it lists itself, and those: "… A. 30° B. 60°". All of it and None where
    it lists none."""
    found: list[re.Match[str]] = []
    for match in _OPTION.finditer(question):
        if match[1] == "A":
            found = [match]
        elif found and match[1] == letter_of(len(found)):
            found.append(match)
    if len(found) < 2:
        return question, None
    ends = [match.start() for match in found[1:]] + [len(question)]
    choices = tuple(question[match.end() : end].strip(" \n,;，；") for match, end in zip(found, ends, strict=True))
    return question[: found[0].start()], choices


def _letters(choices: Sequence[str]) -> list[str]:
    return [letter_of(i) for i in range(min(len(choices), 26))]


def _leading(text: str) -> str | None:
    match = _LEADING.match(text)
    return (match[1] or match[2] or match[3]).upper() if match else None


def _beside(text: str, lead: str, choices: Sequence[str]) -> str:
    """The option or value written beside a letter where it contradicts that letter's option, "" where it does not."""
    match = _LEADING.match(text)
    rest = text[match.end() :].strip(" .:)]}") if match else ""
    option = choices[ord(lead) - ord("A")]
    if not rest or len(rest) > 100 or "\n" in rest:
        return ""
    other = _by_text(rest, choices)
    if other or compare(rest, option).score == 1.0:
        return other if other and other != lead else ""
    other = _by_value(rest, choices)
    return other or ("?" if _is_value(rest) and _is_value(option) and compare(rest, option).score == 0.0 else "")


def _is_value(text: str) -> bool:
    plain = tidy(text)
    known = read_number(plain) or is_expression(plain) or all(map(is_expression, read_ratio(plain) or (" ",)))
    return kind_of(text) in (NUMBER, FORMULA) and bool(known)


def _marks_another(text: str, lead: str) -> bool:
    """Whether a second option is marked as one ("(A) … (B) …", "A. or B"), not only a capital in the first one's text."""
    return any((letter := match[1] or match[2] or match[3]) and letter != lead for match in _MARKED.finditer(text))


_DENIED = re.compile(
    r"\W{0,4}(?:(?:option|choice|answer)\s)?\W{0,3}[A-Z]\W{0,3}\s?(?:(?:is|was)\s(?:not\b|incorrect|wrong)|isn't|can't|cannot)",
    re.IGNORECASE,
)


def _named(text: str, letters: list[str]) -> set[str]:
    found = {next(group for group in match.groups() if group).upper() for match in _NAMED.finditer(text)}
    lead = _leading(text)
    return (found | ({lead} if lead else set())) & set(letters)


def _only(letters: list[str]) -> str | None:
    return letters[0] if len(letters) == 1 else None


def _by_text(text: str, choices: Sequence[str]) -> str | None:
    wanted = normal(text)
    same = _only([letter_of(i) for i, choice in enumerate(choices[:26]) if normal(choice) == wanted])
    for pattern in (_NONE, _ALL):
        if same is None and len(text) < 60 and pattern.fullmatch(bare(text)):
            same = _only([letter_of(i) for i, choice in enumerate(choices[:26]) if pattern.fullmatch(bare(choice))])
    return same


def _by_value(text: str, choices: Sequence[str]) -> str | None:
    return _only([letter_of(i) for i, choice in enumerate(choices[:26]) if compare(text, choice).score == 1.0])


def _by_mention(text: str, choices: Sequence[str]) -> str | None:
    """The only option whose words all stand in the answer, in order, where nothing there is denied."""
    if len(text) > 400 or _NEGATION.search(text):
        return None
    said = f" {normal(text)} "
    return _only([letter_of(i) for i, choice in enumerate(choices[:26]) if f" {normal(choice)} " in said])
