"""A Description must not give the answer away: the guard that finds where it does.

Two rules.
1. No Description states an answer or a solution: no <answer> tag, no boxed value, no line that begins or goes on with "answer",
   "solution", "therefore", "hence" and the like, no option marked as the right one.
2. What a model wrote of a problem in STRICT (a geometry, a script, text) may hold the gold value only where the question or the text
   seen in the picture has it too, and must not set what is asked equal to it; being one of the choices says nothing of the picture.
   In the other formalisms the answer may be a cell, a bar, a label or a coordinate: reading it off is the problem. Extractors that
   see nothing but the picture, and the tasks' exact Descriptions, are under the first rule alone.
"""

import re
from collections.abc import Iterable

from onevision.formal.checks import Check
from onevision.types import Description, Problem

STRICT = ("geometry", "matplotlib", "document")
"""Formalisms in which a model can work out what is not in the picture."""

BLIND = ("exact", "ocr", "opencv")
"""Beginnings of `made_by` of those who do not know the question."""

_STATED = re.compile(
    r"</?answer>|\\boxed\b|\btherefore\b|\bhence\b|\bthus\b|∴|\bQ\.?E\.?D\b"
    r"|\b(?:the|correct|final|right)\s+(?:answer|solution|option|choice)\b"
    r"|(?:^|[.;,{#%'\"/*]|--)\s*(?:answer|solution|ans|result|step\s*\d+|conclusion|explanation)[\"']?\s*(?:[:=]|\bis\b)"
    r"|\b(?:we|you)\s+(?:get|obtain|find|have|conclude)\b|\b(?:solving|simplifying|substituting)\b"
    r"|\(\s*(?:correct|answer)\s*\)|答案|解[:：]|因此|所以",
    re.IGNORECASE | re.MULTILINE,
)
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:[.,]\d+)*(?:/\d+)?(?![\w])")


def leak(description: Description, problem: Problem, seen: Iterable[str] = ()) -> Check:
    """Whether a Description gives a problem's answer or solution away. seen: texts read from the picture itself (OCR)."""
    text, known = description.text, " ".join([problem.question, *seen])
    for stated in _STATED.finditer(text):
        if stated[0].lower() not in known.lower():
            return Check("leak", False, f"states a solution: {_line_of(text, stated.start())!r}")
    gold = _gold(problem)
    if gold and description.formalism in STRICT and not description.made_by.startswith(BLIND):
        found = _found(gold, text)
        if found is not None and _found(gold, known) is None:
            where = _line_of(text, found)
            return Check("leak", False, f"holds the answer {gold!r}, which neither the question nor the picture gives: {where!r}")
        if solved := _solved(gold, text):
            return Check("leak", False, f"sets what is asked equal to the answer: {solved!r}")
    return Check("leak", True, "neither an answer nor a solution was found")


def _gold(problem: Problem) -> str:
    """The gold as it would stand in a text: a letter's option, not the letter."""
    answer = (problem.answer or "").strip()
    if problem.choices and re.fullmatch(r"[A-Z]", answer) and ord(answer) - 65 < len(problem.choices):
        answer = problem.choices[ord(answer) - 65].strip()
    return answer.strip("$").strip()


def _found(gold: str, text: str) -> int | None:
    """Where the gold stands in a text as a whole number or a whole word; None where it does not. Yes and No stand anywhere."""
    if gold.lower() in ("yes", "no", "true", "false"):
        return None
    value = _value(gold)
    if value is not None:
        return next((match.start() for match in _NUMBER.finditer(text) if _value(match[0]) == value), None)
    match = re.search(rf"(?<!\w){re.escape(gold)}(?!\w)", text, re.IGNORECASE)
    return match.start() if match else None


def _value(text: str) -> float | None:
    """A number's value, thousands' commas and a unit left aside; None for anything else."""
    match = re.fullmatch(r"(-?\d[\d,]*(?:\.\d+)?)(?:/(\d+))?\s*(?:°|%|\\?degrees?|\\circ|\^\\circ|[a-z]{1,3}\d?)?", text.strip("${} "))
    if not match:
        return None
    below = float(match[2]) if match[2] else 1.0
    return float(match[1].replace(",", "")) / below if below else None


def _solved(gold: str, text: str) -> str | None:
    """A statement that gives the very quantity of a `Find(...)` the gold value."""
    for goal in re.findall(r"Find\((.+)\)", text):
        for line in text.splitlines():
            given = re.fullmatch(r"\s*Equals\((.+),\s*([^,]+)\)\s*", line)
            if given and given[1].replace(" ", "") == goal.replace(" ", "") and _found(gold, given[2]) is not None:
                return line.strip()
    return None


def _line_of(text: str, at: int) -> str:
    start = text.rfind("\n", 0, at) + 1
    return text[start:].partition("\n")[0].strip()[:120]
