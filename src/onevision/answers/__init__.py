"""The one grader: the forge's filter, the GRPO reward and the benchmark's score all come from here.

`extract` finds the answer in a completion, `grade` compares it with a problem's gold answer.
"""

from collections.abc import Callable, Sequence

from onevision.answers.choices import compare_choice, gold_letter, read_choice
from onevision.answers.equality import Comparison, Finder, Kind, compare, kind_of
from onevision.answers.extract import NO_ANSWER, Extraction, extract
from onevision.types import Problem, Verdict

__all__ = ["Extraction", "extract", "grade", "grade_answer"]


def grade(text: str, problem: Problem) -> Verdict:
    """Grade a completion against a problem's gold answer; see `grade_answer`."""
    return grade_answer(text, problem.answer, problem.choices, problem.question)


def grade_answer(text: str, gold: str | None, choices: Sequence[str] | None = None, question: str | None = None) -> Verdict:
    """Grade a completion against a gold answer.

    text: the whole completion, thought included. gold: the answer, or for multiple choice its letter; None where
    unknown. choices: the options without letters. question: tells a lone letter asked for from other answers.
    Returns a Verdict: 1.0 right; 0.0 wrong, or no answer given; None where it could not be judged (no gold, a long
    gold text in other words, a formula). Its reason names the extraction rule and the comparison rule. Never raises.
    """
    if gold is None or not gold.strip():
        return Verdict(None, extract(text).answer, "could not judge: the gold answer is unknown")
    letter = gold_letter(gold, choices) if choices else None
    if choices and letter:
        found = extract(text, _option_finder(choices))
        return _verdict(found, lambda answer: compare_choice(answer, letter, choices))
    kind: Kind = kind_of(gold, question)
    found = extract(text, kind.in_sentence)
    return _verdict(found, lambda answer: compare(answer, gold, kind))


def _option_finder(choices: Sequence[str]) -> Finder:
    return lambda sentence: sentence if read_choice(sentence, choices) else None


def _verdict(found: Extraction, judge: Callable[[str], Comparison]) -> Verdict:
    if found.answer is None:
        return Verdict(0.0, None, NO_ANSWER)
    comparison = judge(found.answer)
    return Verdict(comparison.score, found.answer, f"{found.rule}; {comparison.rule}")
