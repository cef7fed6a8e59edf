"""The one grader: the forge's filter, the GRPO reward and the benchmark's score all come from here.

`extract` finds the answer in a completion, `grade` compares it with a problem's gold answer.
"""

from collections.abc import Callable, Sequence

from onevision.answers.choices import choices_in, compare_choice, gold_letters, read_choice, read_choices
from onevision.answers.clean import is_formula
from onevision.answers.equality import Comparison, Kind, compare, kind_of
from onevision.answers.extract import NO_ANSWER, Extraction, extract
from onevision.answers.numbers import read_number
from onevision.types import Problem, Verdict

__all__ = ["Extraction", "extract", "grade", "grade_answer"]


def grade(text: str, problem: Problem) -> Verdict:
    """Grade a completion against a problem's gold answer; see `grade_answer`."""
    return grade_answer(text, problem.answer, problem.choices, problem.question)


def grade_answer(text: str, gold: str | None, choices: Sequence[str] | None = None, question: str | None = None) -> Verdict:
    """Grade a completion against a gold answer.

    text: the whole completion, thought included. gold: the answer, or for multiple choice its letter (several for
    multiple-select: "A, C"); None where unknown. choices: the options without letters; left out, those that the question
    lists count. question: tells a lone letter asked for from other answers, and where the order of a list counts.
    Returns a Verdict: 1.0 right; 0.0 wrong, or no answer given; None where it could not be judged (no gold, a long
    gold text in other words, a formula nobody understands). Its reason names the extraction rule and the comparison
    rule. Never raises.
    """
    if gold is None or not gold.strip():
        return Verdict(None, extract(text).answer, "could not judge: the gold answer is unknown")
    if text.strip() == gold.strip():
        return Verdict(1.0, text.strip(), "identical text")
    options = choices or choices_in(question or "")
    letters = gold_letters(gold, options) if options else frozenset[str]()
    if options and letters:
        several = len(letters) > 1
        found = extract(text, lambda part: part if (read_choices if several else read_choice)(part, options) else None)
        return _verdict(found, lambda answer: compare_choice(answer, letters, options))
    kind: Kind = kind_of(gold, question)
    found = extract(text, kind.in_sentence)
    return _verdict(found, lambda answer: _compare(answer, gold, kind))


def _compare(answer: str, gold: str, kind: Kind) -> Comparison:
    """Our own rules first; what they cannot judge and is a formula, the worker's computer algebra."""
    comparison = compare(answer, gold, kind)
    sides = (answer, gold)
    formulas = any(map(is_formula, sides)) and all(is_formula(side) or read_number(side) for side in sides)
    if comparison.score is not None or not formulas:
        return comparison
    from onevision.answers.worker import same_by_algebra

    # It may only confirm: what it does not find equal is often only what it cannot read.
    return Comparison(1.0, "equal by computer algebra") if same_by_algebra(answer, gold) else comparison


def _verdict(found: Extraction, judge: Callable[[str], Comparison]) -> Verdict:
    if found.answer is None:
        return Verdict(0.0, None, NO_ANSWER)
    comparison = judge(found.answer)
    return Verdict(comparison.score, found.answer, f"{found.rule}; {comparison.rule}")
