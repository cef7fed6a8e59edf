"""Fuzz extraction and grading: no exception, no call above two seconds, no growing memory, and three laws.

    python benchmarks/fuzz_grading.py --minutes 10 [--engine atheris|random] [--seed 0]

The laws: an answer identical to the gold grades as right; the same call gives the same verdict; prose behind a final answer
changes nothing. `atheris` (pip install atheris) steers by coverage, `random` needs nothing; both build texts from the same pieces.
"""

import argparse
import os
import random
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

if "atheris" in sys.argv:  # only what is imported under it is steered by coverage
    import atheris

    with atheris.instrument_imports(include=["onevision.answers"]):
        import onevision.answers.worker  # noqa: F401

from onevision.answers import extract, grade_answer
from onevision.answers.worker import warm_up

PIECES = (
    "<think>", "</think>", "<answer>", "</answer>", "\\boxed{", "}", "{", "{3}", "(A)", "B) ", "C. ", "answer is ",
    "Final answer: ", "1,2", "-", "4:30", "1/0", "\n", " or ", " and ", "yes", "no", "答案是", "故选", "\\frac{", "\\frac12",
    "\\sqrt{", "\\sqrt[3]{", "5", "five ", "rows=", "9e99", "$", "wait, ", "^", "^{9", "!", "9^9^9", "(", ")", "[", "]", ",", ";",
    "\\pi", "°", "%", " cm", " m/s^2", "x", "=", "<", "\\le ", "\\cup ", "∞", "\\begin{pmatrix}", "\\end{pmatrix}", "\\\\", "&",
    "|", "\\int", "\\sum_", "\\pm ", "3:4", "half past ", "1,234", "10 000", "二十", "厘米", "**", "²", "\\text{",
    "none of the above", "A, C", "sin ", "log_2 ", "e", "i", "\\infty", "1.5", ".", " ", "\\left(", "\\right)", "\\(",
    "\\)", "1e400", "\ud800",
    "\x00",
)  # fmt: skip
GOLDS = (
    "5",
    "\\frac{1}{2}",
    "2\\sqrt{3}",
    "x^2-1",
    "x=5",
    "(1,2)",
    "[0,1)",
    "\\{1,2\\}",
    "x>3",
    "3:4",
    "5 cm",
    "9:30",
    "yes",
    "red",
    "B",
    "A, C",
)
CHOICES = (None, ("3 cats", "4:30", "\\sqrt{2}", "yes", "none of the above"), ("1", "2", "\\frac{1}{3}"))
FINAL = ("<answer>{}</answer>", "so \\boxed{{{}}}.", "Steps.\n\nFinal answer: {}\n")
ANSWERS = ("5", "\\frac{1}{2}", "(1,2)", "B", "9:30", "x^2-1", "12 cm", "yes")
PROSE = (
    " This completes the solution.", "\n\nI hope this helps!", "\n\nWe used 3 facts and 2 lemmas.", "\nThe other options do not fit.",
    "\n\nNote that this holds for every triangle.", "\nLet me know if you have questions.", "\n\nThe method is exact because 2+2=4.",
)  # fmt: skip
Draw = Callable[[int], int]
"""A number from 0 up to a limit, from the fuzzer's bytes or from a generator."""


def text_from(draw: Draw) -> str:
    """A text of up to 25 pieces, single characters among them; now and then one piece over and over."""
    if draw(20) == 0:
        return PIECES[draw(len(PIECES))] * (1 + draw(400))
    return "".join(PIECES[draw(len(PIECES))] if draw(5) else chr(32 + draw(0x2FF)) for _ in range(1 + draw(25)))


def check(draw: Draw) -> float:
    """One round of all laws; the seconds of its slowest call. Raises AssertionError where a law is broken."""
    text, other = text_from(draw), text_from(draw)
    gold = (GOLDS[draw(len(GOLDS))], other, text)[draw(3)]
    choices = CHOICES[draw(len(CHOICES))]
    slowest = timed(lambda: extract(text))[1]
    first, seconds = timed(lambda: grade_answer(text, gold, choices, other))
    again, _ = timed(lambda: grade_answer(text, gold, choices, other))
    assert first == again or None in (first.score, again.score), (text, gold, first, again)
    assert first.score in (None, 0.0, 1.0) and first.reason, (text, gold, first)
    if gold.strip():
        same, _ = timed(lambda: grade_answer(gold, gold, choices))
        assert same.score == 1.0, ("identical text", gold, choices, same)
    stated = FINAL[draw(len(FINAL))].format(ANSWERS[draw(len(ANSWERS))])
    wanted = GOLDS[draw(len(GOLDS))]
    plain, _ = timed(lambda: grade_answer(stated, wanted, choices))
    longer, _ = timed(lambda: grade_answer(stated + PROSE[draw(len(PROSE))], wanted, choices))
    assert plain.score == longer.score, ("prose behind a final answer", stated, wanted, plain, longer)
    assert max(slowest, seconds) < 2, ("slow", max(slowest, seconds), text[:500], gold[:500])
    return max(slowest, seconds)


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """The result and the processor seconds it took here. Waiting for the algebra's process is bounded by its deadline and
    not counted: on a crowded machine the clock on the wall says more of the neighbours."""
    start = time.process_time()
    result = call()
    return result, time.process_time() - start


class Watch:
    """Counts rounds and memory, and ends the run when its time is over."""

    def __init__(self, minutes: float) -> None:
        self.end, self.rounds, self.slowest, self.shown = time.monotonic() + 60 * minutes, 0, 0.0, time.monotonic()
        self.early = 0

    def tick(self, seconds: float) -> bool:
        self.rounds, self.slowest = self.rounds + 1, max(self.slowest, seconds)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        if self.rounds == 20_000:
            self.early = peak
        if time.monotonic() - self.shown > 30:
            self.shown = time.monotonic()
            print(
                f"{self.rounds} rounds, slowest call {self.slowest:.3f} s, peak memory {peak} MiB (after 20,000: {self.early})", flush=True
            )
        return time.monotonic() < self.end

    def done(self) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"done: {self.rounds} rounds, slowest call {self.slowest:.3f} s, peak memory {peak} MiB (after 20,000: {self.early})",
            flush=True,
        )


def run_random(watch: Watch, seed: int) -> None:
    rng = random.Random(seed)
    while watch.tick(check(rng.randrange)):
        pass
    watch.done()


def run_atheris(watch: Watch, seed: int) -> None:
    def one(data: bytes) -> None:
        provider = atheris.FuzzedDataProvider(data)
        if not watch.tick(check(lambda limit: provider.ConsumeIntInRange(0, limit - 1))):
            watch.done()
            os._exit(0)  # libFuzzer knows no other way to end a run that found nothing

    atheris.Setup([sys.argv[0], f"-seed={seed or 1}", "-max_len=400", "-rss_limit_mb=3000", "-verbosity=0"], one)
    atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--engine", choices=("atheris", "random"), default="random")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("algebra worker:", "ready" if warm_up() else "not installed", flush=True)
    (run_atheris if options.engine == "atheris" else run_random)(Watch(options.minutes), options.seed)


if __name__ == "__main__":
    main()
