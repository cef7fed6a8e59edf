"""A Description must not give the answer away: the guard that finds where it does.

Two rules.
1. No Description states an answer or a solution: no <answer> tag, no boxed value, no line that begins or goes on with "answer",
   "solution", "therefore", "hence" and the like, no option marked as the right one; a whole line that the question or the picture
   has is no statement of its writer.
2. What a model wrote of a problem in STRICT (a geometry, a script, text) may hold the gold value only where the question or the text
   seen in the picture has it too, and must not set what is asked equal to it; being one of the choices says nothing of the picture.
   In the other formalisms the answer may be a cell, a bar, a label or a coordinate: reading it off is the problem. Extractors that
   see nothing but the picture, and the tasks' exact Descriptions, are under the first rule alone.
"""

import re
from collections.abc import Iterable

from onevision.answers.numbers import read_number
from onevision.formal.boxes import EDGES
from onevision.formal.checks import Check
from onevision.types import Description, Problem

STRICT = ("geometry", "matplotlib", "document")
"""Formalisms in which a model can work out what is not in the picture."""

BLIND = (
    *("exact", "ocr-table", "ocr-chart", "ocr-circuit", "ocr-document", "ocr-page"),
    *("opencv-scene", "opencv-figure"),
)
"""The `made_by` of those who do not know the question: the tasks and `describe`'s extractors, by their whole names."""

_STATED = re.compile(
    r"</?answer>|\\boxed\b|\btherefore\b|\bhence\b|\bthus\b|∴|\bQ\.?E\.?D\b"
    r"|\b(?:the|correct|final|right)\s+(?:answer|solution|option|choice)\b"
    r"|(?:^|[.;,{#%'\"/*]|--)[^\S\n]*(?:answer|solution|ans|result|step\s*\d+|conclusion|explanation)[\"']?\s*(?:[:=]|\bis\b)"
    r"|\b(?:we|you)\s+(?:get|obtain|find|have|conclude)\b|\b(?:solving|simplifying|substituting)\b"
    r"|\(\s*(?:correct|answer)\s*\)|答案|解[:：]|因此|所以",
    re.IGNORECASE | re.MULTILINE,
)
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:[.,]\d+)*(?:/\d+)?[^\W\d_]*")
_MARKUP = re.compile(rf"^[^\S\n]*{EDGES} |</?(?!answer)\w[^<>\n]*>", re.IGNORECASE | re.MULTILINE)
_LABEL = re.compile(r"^\(?[A-Z]\s?[.):]\s*(?=\S)")


def leak(description: Description, problem: Problem, seen: Iterable[str] = ()) -> Check:
    """Whether a Description gives a problem's answer or solution away. seen: texts read from the picture itself (OCR)."""
    text, known = description.text, " ".join([problem.question, *seen])
    given = _words(known)
    for line in dict.fromkeys(_lines_of(text, *stated.span()) for stated in _STATED.finditer(text)):
        if _words(_MARKUP.sub(" ", line)) not in given:
            return Check("leak", False, f"states a solution: {' '.join(line.split())[:120]!r}")
    gold = _gold(problem)
    if gold and description.formalism in STRICT and description.made_by not in BLIND:
        found = _found(gold, text)
        if found is not None and _found(gold, known) is None:
            where = _lines_of(text, found, found).strip()[:120]
            return Check("leak", False, f"holds the answer {gold!r}, which neither the question nor the picture gives: {where!r}")
        if solved := _solved(gold, text):
            return Check("leak", False, f"sets what is asked equal to the answer: {solved!r}")
    return Check("leak", True, "neither an answer nor a solution was found")


def _gold(problem: Problem) -> str:
    """The gold as it would stand in a text: a letter's option, not the letter."""
    answer = (problem.answer or "").strip()
    if problem.choices and re.fullmatch(r"[A-Z]", answer) and ord(answer) - 65 < len(problem.choices):
        answer = _LABEL.sub("", problem.choices[ord(answer) - 65].strip(), count=1)
    return answer.strip("$").strip()


def _found(gold: str, text: str) -> int | None:
    """Where the gold stands in a text as a whole number or a whole word; None where it does not. Yes and No stand anywhere."""
    if gold.lower() in ("yes", "no", "true", "false"):
        return None
    number = read_number(gold.rpartition("=")[2])
    if number is not None:
        found = ((read_number(match[0]), match.start()) for match in _NUMBER.finditer(text))
        return next((at for other, at in found if other and other.value == number.value), None)
    match = re.search(rf"(?<!\w){re.escape(gold)}(?!\w)", text, re.IGNORECASE)
    return match.start() if match else None


def _solved(gold: str, text: str) -> str | None:
    """A statement that gives the very quantity of a `Find(...)` the gold value."""
    lines = ["".join(line.split()) for line in text.splitlines()]
    goals = {line[5:-1] for line in lines if line.startswith("Find(") and line.endswith(")")}
    given = (re.fullmatch(r"Equals\((.+),([^,]+)\)", line) for line in lines)
    return next((match[0] for match in given if match and match[1] in goals and _found(gold, match[2]) is not None), None)


def _lines_of(text: str, start: int, end: int) -> str:
    """The lines that a part of a text stands in."""
    stop = text.find("\n", end)
    return text[text.rfind("\n", 0, start) + 1 : stop if stop >= 0 else len(text)]


def _words(text: str) -> str:
    """The words of a text, each between spaces: what two texts are compared by."""
    words = " ".join(re.findall(r"\w+", text.lower()))
    return f" {words} "
