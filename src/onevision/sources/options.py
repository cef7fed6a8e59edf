"""Multiple-choice options that a data set writes into its questions, taken apart; and the gold letter of an answer in words."""

import re
from dataclasses import replace

from onevision.answers import extract
from onevision.answers.choices import gold_letters, split_choices
from onevision.types import Problem

_OPTION = re.compile(r"^\s*\(?([A-Z])[.:)]\s*(.*?)\s*;?\s*$")
_HEADING = re.compile(r"\s*\b(?:Choices|Options)\s*:?\s*$", re.IGNORECASE)
_INSTRUCTION = re.compile(
    r"(?:please\s)?(?:(?:first\s)?(?:answer|respond|reply|select|choose|provide|give|pick)\b).*\b(?:letter|option|choice|choices)\b.*"
    r"|answer the question using a single word or phrase\.?|(?:short\s)?answer:?",
    re.IGNORECASE,
)
_HINT = re.compile(r"^\s*(?:Hint:.*?\n\s*)?(?:Question:)\s*", re.DOTALL | re.IGNORECASE)
_LONGEST_ANSWER = 200


def split_options(question: str) -> tuple[str, tuple[str, ...] | None]:
    """A question and the lettered options that end it ("A. …", "A: …", "(A) …", a line each), if they do.

    "Choices:" or "Options:" above them is taken off.
    """
    lines = question.rstrip().split("\n")
    found: list[re.Match[str]] = []
    while lines and (match := _OPTION.match(lines[-1])) and (not found or found[0][1] != "A"):
        found.insert(0, match)
        lines.pop()
    if len(found) < 2 or [match[1] for match in found] != [chr(ord("A") + i) for i in range(len(found))]:
        return question, None
    stem = re.sub(r"\n?\s*(?:Choices|Options)\s*:\s*$", "", "\n".join(lines), flags=re.I)
    return stem, tuple(match[2] for match in found)


def with_options(problem: Problem, said: str) -> Problem:
    """The problem with its options taken out of the question, instructions to a model dropped ("Answer with the letter."),
    and its answer read from `said`, the source's own reply. For multiple choice the answer is the letter, where the reply
    names one option."""
    question, choices = _apart(problem.question)
    answer = _answer(said)
    if choices and answer:
        letters = gold_letters(answer, choices)
        answer = ", ".join(sorted(letters)) or answer
    return replace(problem, question=question, choices=choices, answer=answer)


def _apart(question: str) -> tuple[str, tuple[str, ...] | None]:
    lines = _HINT.sub("", question).strip().split("\n")
    while len(lines) > 1 and (_INSTRUCTION.fullmatch(lines[-1].strip()) or not lines[-1].strip()):
        lines.pop()
    plain = "\n".join(lines)
    stem, choices = split_options(plain)
    if choices is None:
        stem, choices = split_choices(plain)
        stem = _HEADING.sub("", stem) if choices else stem
    return (stem.strip(), choices) if stem.strip() else (plain, None)


def _answer(said: str) -> str | None:
    """What a reply answers: its stated answer, or all of it where it is short. None for one that only tells."""
    plain = said.strip()
    stated = extract(plain).answer
    if stated:
        return stated
    return plain if 0 < len(plain) <= _LONGEST_ANSWER else None
