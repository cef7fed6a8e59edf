"""Is every number and every label that the steps cite in the Description, the question or the options, or does it follow?

A number follows if it is the result of a calculation that holds, one operation on numbers cited shortly before, their sum or
mean, a share as percent, or a count of no more things than there are.
"""

import re
from collections.abc import Iterable, Iterator

from onevision.forge.calculations import NUMBER, calculations, plain
from onevision.forge.draft import Draft

RECENT = 12
"""Numbers cited last that one operation may join."""

FIGURES = ("figure", "geometry")
"""Formalisms whose capital letters are points."""

COUNTABLE = 10
"""One may always count so far: fingers are no evidence."""

CONSTANTS = frozenset((0.0, 1.0, 2.0, 7.0, 10.0, 12.0, 24.0, 30.0, 60.0, 90.0, 100.0, 180.0, 360.0, 365.0, 1000.0, 3.14))
_SPELLED = "zero one two three four five six seven eight nine ten eleven twelve".split()
_WORDS = {word: float(number) for number, word in enumerate(_SPELLED)}
_WORDS |= {"half": 0.5, "twice": 2.0, "double": 2.0, "dozen": 12.0, "triple": 3.0}

_ANY = re.compile(NUMBER)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)")
_RATIO = re.compile(r"(\d+)\s?/\s?(\d+)")
_CITED = re.compile(rf"(?<![A-Za-z\d_.])(?:{_THOUSANDS.pattern}|{NUMBER})(?!\d|st\b|nd\b|rd\b|th\b)")
_MARKER = re.compile(r"^\s*(?:#+\s*)?(?:[-*•]\s+|\d{1,2}[.)]\s+|(?:step|row|column)\s\d{1,2}\s?[:.]\s*)+", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“]([^\"“”\n]{1,60})[\"”]|(?<!\w)['‘]([^'‘’\n]{2,40})['’](?!\w)")
_NAME = re.compile(r"(?<=[a-z,;] )([A-Z][a-z]{2,})\b")
_POINTS = re.compile(r"(?<![A-Za-z])([A-Z]{1,3})(?![A-Za-z'’])")
_COMMON = frozenset(
    "pythagorean pythagoras heron euclid cartesian fibonacci roman arabic celsius fahrenheit english latin greek monday tuesday "
    "wednesday thursday friday saturday sunday january february march april may june july august september october november "
    "december yes no none true false therefore thus step answer option choice".split()
)


def objection(draft: Draft) -> tuple[str, str] | None:
    """(kind, words) of the first thing in the steps that has no ground; None where all has."""
    assert draft.description, "describe comes first"
    problem, steps = draft.problem, draft.thoughts[0].steps
    ground = "\n".join((draft.description.text, problem.question, *(problem.choices or ())))
    letters = "".join(chr(ord("A") + place) for place in range(len(problem.choices or ())))
    named = _points(steps, ground, letters) if draft.description.formalism in FIGURES else None
    return _numbers(steps, ground, _things(draft.description.text)) or _labels(steps, ground) or named


def _things(text: str) -> int:
    """How many things a Description may make one count: no more than the words it has."""
    return max(COUNTABLE, len(re.findall(r"[^\s,>|]+", text)))


def _numbers(steps: str, ground: str, things: int) -> tuple[str, str] | None:
    stated = _stated(ground)
    known = stated | CONSTANTS
    # A short table is all before one's eyes; of a long one only what was cited is.
    cited = sorted(stated) if len(stated) <= RECENT else []
    for line in plain(steps).splitlines():
        for found in calculations(line):
            if not found.holds:
                return "wrong calculation", f"{found.left} = {found.right}"
            known |= {_rounded(complex(found.value).real), *map(float, _ANY.findall(found.right))}
        for text in _CITED.findall(_MARKER.sub("", line)):
            numbers = _readings(text, known, things, cited)
            if not numbers:
                return "number without ground", f"{text} in {line.strip()[:120]!r}"
            cited += numbers
            known |= set(numbers)
    return None


def _stated(ground: str) -> set[float]:
    """The numbers of the Description and the question: digits, words, fractions, and digits with commas read both ways."""
    whole = {float(found.replace(",", "")) for found in _THOUSANDS.findall(ground)}
    spelled = {_WORDS[word] for word in re.findall(r"[a-z]+", ground.casefold()) if word in _WORDS}
    shares = {_rounded(float(a) / float(b)) for a, b in _RATIO.findall(ground) if float(b)}
    return {float(found) for found in _ANY.findall(ground)} | whole | spelled | shares


def _readings(text: str, known: set[float], things: int, cited: list[float]) -> list[float]:
    """A cited number, or the two or three that commas join, if they have ground; otherwise none."""
    for parts in ([text.replace(",", "")], text.split(",")):
        numbers = [(float(part), part) for part in parts]
        if all(_known(n, known) or (n.is_integer() and n <= things) or _follows(n, part, cited) for n, part in numbers):
            return [number for number, _ in numbers]
    return []


def _rounded(number: float) -> float:
    """0.1 + 0.2 is 0.3."""
    return round(number, 9)


def _known(number: float, known: set[float]) -> bool:
    """Percent and share are one number."""
    return number in known or _rounded(number / 100) in known or _rounded(number * 100) in known


def _follows(number: float, text: str, cited: list[float]) -> bool:
    """Whether one operation on numbers cited last gives the number, to the decimals that it is written with."""
    near = 10.0 ** -len(text.partition(".")[2]) if "." in text else 0.0
    return any(abs(result - number) <= near * (1 + 1e-9) + 1e-9 for result in _results(cited[-RECENT:]))


def _results(numbers: list[float]) -> Iterator[float]:
    """One operation on any two (writing a digit behind a number is one: stems and leaves), and the sums and means of the last few."""
    for a in numbers:
        for b in numbers:
            yield from (a + b, a - b, a * b, 10 * a + b)
            if b:
                yield from (a / b, 100 * a / b)
    for start in range(len(numbers) - 1):
        run = numbers[start:]
        yield from (sum(run), sum(run) / len(run))


def _labels(steps: str, ground: str) -> tuple[str, str] | None:
    """Quoted words, and names within a sentence."""
    words = set(_stems(re.findall(r"\w+", ground.casefold())))
    for quoted in _QUOTED.finditer(steps):
        label = next(group for group in quoted.groups() if group)
        if any(not word.isdigit() and not words & set(_stems([word])) for word in re.findall(r"\w+", label.casefold())):
            return "label without ground", f"{label!r} is quoted"
    for name in _NAME.findall(steps):
        if name.casefold() not in _COMMON and not words & set(_stems([name.casefold()])):
            return "label without ground", f"{name!r} is named"
    return None


def _points(steps: str, ground: str, letters: str) -> tuple[str, str] | None:
    """A figure's points, "AB" for A and B, and the letters of options."""
    points = {char for char in ground if char.isupper()} | set(letters) | set("AI")
    for label in _POINTS.findall(steps):
        if not set(label) <= points:
            return "label without ground", f"{label!r} is named"
    return None


def _stems(words: Iterable[str]) -> Iterator[str]:
    """Words, and each without a plural ending."""
    for word in words:
        yield word
        yield re.sub(r"(?:es|s)$", "", word)
