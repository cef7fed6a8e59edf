"""Read the other short answers that have a value: rows and columns, times of day, yes or no, letters, dates."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from onevision.answers.clean import bare, tidy
from onevision.answers.groups import Group
from onevision.answers.numbers import Quantity, find_number
from onevision.answers.spelled import WORDS
from onevision.answers.texts import NEGATION

_NUMBER = r"-?(?:\d{1,9}(?:\.\d{1,9})?(?![\d.]\d)|(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b)"


def _named_forms(name: str) -> tuple[re.Pattern[str], ...]:
    """How a count and its name stand together: "rows = {5}", "5 rows", "rows 5"; tried in this order."""
    forms = (
        rf"\b{name}\b[\s\"'*)]{{0,3}}(?:=|:|is|are)[\s{{(\"'*]{{0,4}}({_NUMBER})",
        rf"(?<![\w.])({_NUMBER})[\s}})\"'*]{{0,4}}{name}\b",
        rf"\b{name}\b[\s{{(]{{0,4}}({_NUMBER})",
    )
    return tuple(re.compile(form, re.IGNORECASE) for form in forms)


_NAMED_FORMS = tuple(zip(_named_forms("rows?"), _named_forms("col(?:umn)?s?"), strict=True))
_TWO = re.compile(rf"(?<![\w.,])({_NUMBER})[\s)}}]{{0,3}}(?:,|;|×|\bx\b|x(?=\d)|\bby\b|\band\b|\*)[\s({{]{{0,3}}({_NUMBER})", re.IGNORECASE)


def read_rows_columns(text: str) -> Group | None:
    """Rows and columns by name, rows first whichever is named first; None where not both are named."""
    text = tidy(text)[:400]
    if "ow" not in text.lower():
        return None
    for rows, columns in _NAMED_FORMS:
        row, column = rows.search(text), columns.search(text)
        if row and column:
            return _pair(row[1], column[1])
    return None


def find_pair(text: str) -> Group | None:
    """The only two numbers that stand together in a sentence: "5x6", "5 by 6", "({5}, {6})"."""
    pairs = {(match[1].lower(), match[2].lower()) for match in _TWO.finditer(tidy(text)[:400])}
    return _pair(*pairs.pop()) if len(pairs) == 1 else None


def _pair(first: str, second: str) -> Group:
    return Group((first, second), ("", ""), "(", ")")


@dataclass(frozen=True)
class Time:
    """A time of day. hour: 0 to 24 as written; half: "am", "pm" or ""."""

    hour: int
    minute: int
    second: Fraction
    half: str


_NAMED_TIMES = {"noon": Time(12, 0, Fraction(0), "pm"), "midnight": Time(12, 0, Fraction(0), "am")}
_HOURS = "|".join(word for word, hour in WORDS.items() if 1 <= hour <= 12)
_TIME = (
    r"(?<![\d:.])(?:(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?![\d:])"
    rf"|(?P<whole>\d{{1,2}}|\b(?:{_HOURS}))(?=\s?o'?clock|\s?[ap]\.?m\b))"
    r"(?:\s?o'?clock)?\s?(?P<half>[ap]\.?m\b\.?)?"
)
_TIMES = re.compile(_TIME, re.IGNORECASE | re.ASCII)


def read_time(text: str) -> Time | None:
    """A time of day written with a colon ("4:30", "04:30 pm", "16:30:00"), as "4 o'clock" or as "half past four";
    otherwise None. "4 pm" is one only beside another time: alone it is also a number."""
    plain = bare(text)
    if plain.lower() in _NAMED_TIMES:
        return _NAMED_TIMES[plain.lower()]
    match = _TIMES.fullmatch(plain)
    if match and match["whole"] and "clock" not in plain:
        return None
    return _time(match) if match else _spoken(_SPOKEN.fullmatch(plain))


def find_time(text: str) -> Time | None:
    """The only time of day an answer speaks of; None where there are none or several."""
    if bare(text).lower() in _NAMED_TIMES:
        return read_time(text)
    plain = tidy(text)
    times = {_time(match) for match in _TIMES.finditer(plain)} or {_spoken(match) for match in _SPOKEN.finditer(plain)}
    return times.pop() if len(times) == 1 else None


_SPOKEN = re.compile(rf"\b(?:(?P<part>half|(?:a\s)?quarter)\s(?P<way>past|after|to))\s(?P<hour>\d{{1,2}}|{_HOURS})\b", re.IGNORECASE)


def _spoken(match: re.Match[str] | None) -> Time | None:
    if match is None:
        return None
    hour = _hour(match["hour"])
    minutes = 30 if match["part"].lower() == "half" else 15
    if match["way"].lower() == "to":
        hour, minutes = (hour - 1) or 12, 60 - minutes
    return Time(hour, minutes, Fraction(0), "") if 1 <= hour <= 12 else None


def _time(match: re.Match[str]) -> Time | None:
    hour = _hour(match["hour"] or match["whole"])
    half = (match["half"] or "").lower().replace(".", "")
    return Time(hour, int(match["minute"] or 0), Fraction(match["second"] or 0), half) if hour <= 24 else None


def _hour(name: str) -> int:
    return int(name) if name.isdigit() else WORDS[name.lower()]


def same_time(left: Time, right: Time) -> bool:
    """Whether two times are one. Where only one says am or pm, "4:30 pm" is both 4:30 and 16:30."""
    if (left.minute, left.second) != (right.minute, right.second):
        return False
    if left.half and right.half:
        return _hours(left)[-1] == _hours(right)[-1]
    return bool(set(_hours(left)) & set(_hours(right)))


def _hours(time: Time) -> tuple[int, ...]:
    """The hour as written, then the hour of the 24 where am or pm says so."""
    if not time.half:
        return (time.hour,)
    return (time.hour, time.hour % 12 + (12 if time.half == "pm" else 0))


_YES, _NO = r"yes|yeah|true|是的|是|对|正确", r"no|nope|false|不是|否|不对|错误|错"
_SAYS = re.compile(rf"(?:(?P<yes>(?:{_YES}))|(?P<no>(?:{_NO})))(?![a-z])", re.IGNORECASE)
# "No, …" and "No they …" say no; "No picture …" says something else.
_GOES_ON = re.compile(
    r"\s?(?:[^\w\s]|\n|$)|\s(?:it|they|the|there|this|that|these|those|both|he|she|we|you|I|because|since|as)\b", re.IGNORECASE | re.ASCII
)
_SAID_LAST = re.compile(rf"(?:\b(?:is|was|be|say|so|wait)|[:=\"])[\s\"*,]{{0,4}}({_YES}|{_NO})[\s.\"*!]*$", re.IGNORECASE)
_BOTH = re.compile(r"\b(?:yes|no|true|false)[\s,/]{0,3}(?:or|and|/|\|)\s{0,3}(?:yes|no|true|false)\b", re.IGNORECASE)


def read_yes_no(text: str) -> bool | None:
    """True for yes, true, 是 and their like standing alone, False for no, false, 否; otherwise None."""
    match = _SAYS.fullmatch(bare(text))
    return bool(match["yes"]) if match else None


def find_yes_no(text: str) -> bool | None:
    """What an answer says that opens with yes or no ("No, they do not touch") or ends in it ("the answer is no"); None
    where it says neither or both."""
    plain = bare(text)
    opening, last = _SAYS.match(plain), _SAID_LAST.search(plain[-80:])
    said = {bool(opening["yes"])} if opening and _GOES_ON.match(plain, opening.end()) else set[bool]()
    said |= {bool(read_yes_no(last[1]))} if last else set()
    return said.pop() if len(said) == 1 and not _BOTH.match(plain) else None


def says_neither(text: str) -> bool:
    """Whether a sentence may answer a yes or no question without either word: "They do not touch."."""
    return len(text.split()) > 2 and not _BOTH.search(text)


_MARKED_LETTER = re.compile(r"[\"'(\[{*]\s?([^\W\d_])\s?[\"')\]}*]")
_VERB = r"\s(?:is|has|does)(?:n't)?\b"
CAPITAL = (
    r"(?:[B-HJ-Z]|(?<=[a-z]\s)A|(?<=[a-z],\s)A|[AI](?!\s[a-z])"
    rf"|[AI](?={_VERB})|A(?=\s(?:was|can|must|and|or|because|since|as)\b))"
)
"""A lone capital that is a letter's name, as a pattern: "A" may open a sentence as the article, "I" be the pronoun."""

_ALONE = re.compile(rf"(?<![\w'])({CAPITAL}|a(?!\s[A-Za-z])|a(?={_VERB})|[^\W\d_aAI])(?![\w'])")


def read_letter(text: str) -> str | None:
    """A single letter standing alone, in any brackets or quotes, casefolded; otherwise None."""
    plain = bare(text)
    return plain.casefold() if len(plain) == 1 and plain.isalpha() else None


def find_letter(text: str) -> str | None:
    """The one letter an answer names: alone, leading ("B: 9:30"), quoted, or the only single letter of its sentence.

    The words "a" and "I" do not count unless marked. Never raises.
    """
    whole = read_letter(text)
    plain = tidy(text)[:400]
    leading = re.match(r"\(?([A-Za-z])\s?[).:]\s", plain)
    if whole or leading:
        return whole or (leading[1].casefold() if leading else None)
    marked = {match[1].casefold() for match in _MARKED_LETTER.finditer(plain)}
    if len(marked) == 1:
        return marked.pop()
    letters = {match[1].casefold() for match in _ALONE.finditer(plain)}
    return letters.pop() if len(letters) == 1 and not marked else None


_JOINS = r"(?:\s?(?:[,;&、和]|,?\s(?:and|also)\s)\s?(?:and\s)?)"
_RUN = re.compile(rf"(?<![\w'])\(?[A-Z]\)?(?:{_JOINS}\(?[A-Z]\)?(?![\w'])){{1,20}}")


def find_letters(text: str) -> tuple[str, ...] | None:
    """The capitals that a sentence names side by side ("The gears P and X turn"); None where it names others besides, or
    denies any."""
    plain = tidy(text)[:400]
    run = _RUN.search(plain)
    if run is None or NEGATION.search(plain):
        return None
    letters = tuple(re.findall(r"[A-Z]", run[0]))
    return letters if {match[1] for match in _ALONE.finditer(plain)} == set(letters) else None


_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.IGNORECASE)


def find_date(text: str) -> Quantity | None:
    """The one number of an answer, an ordinal too: "March 22nd"."""
    return find_number(_ORDINAL.sub("", tidy(text)))


def whole_or_none(find: Callable[[str], object | None]) -> Callable[[str], str | None]:
    """A sentence finder from a reader: the sentence itself where the reader makes something of it."""
    return lambda sentence: sentence if find(sentence) is not None else None
