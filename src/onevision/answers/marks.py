"""Where a completion marks its answer: tags, boxes, phrases, curly brackets. Finds, and does not choose between them.

Every pattern is linear in the length of its input.
"""

import re
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """A marked answer and where it stands in the text it was found in. final: whether it calls itself final; guess: whether
    it calls itself a first thought."""

    answer: str
    rule: str
    start: int
    end: int
    final: bool = False
    guess: bool = False


MOST_PHRASES = 30
"""Phrases looked at, from the end, so that a text made of nothing else costs no more."""

_TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)


def last_tag(text: str) -> tuple[Mark | None, Mark | None]:
    """The last closed `<answer>…</answer>` that holds anything, and one left open at the end."""
    closed: Mark | None = None
    start: int | None = None
    for match in _TAG.finditer(text):
        if not match[1]:
            start = match.end()
        elif start is not None:
            if text[start : match.start()].strip():
                closed = Mark(text[start : match.start()], "answer tag", start, match.end())
            start = None
    if start is None or not text[start:].strip():
        return closed, None
    return closed, Mark(text[start:], "open answer tag", start, len(text))


def drop_tags(text: str) -> str:
    """The text without answer tags; what they hold stays."""
    return _TAG.sub("", text)


_BRACES = re.compile(r"(\\{1,4}(?:boxed|fbox)\s{0,4}\{)|\\[{}\\]|([{}])")
_BARE_BOX = re.compile(r"\\boxed\s{1,2}([^\s{}$\\.,]{1,20})")


def last_boxed(text: str) -> Mark | None:
    """One pass with a stack of open braces, so that hostile nesting costs no more than its length."""
    last: Mark | None = None
    opened: list[tuple[int, int] | None] = []
    for match in _BRACES.finditer(text):
        if match[1] or match[2] == "{":
            opened.append((match.start(), match.end()) if match[1] else None)
        elif match[2] and opened:
            box = opened.pop()
            if box and text[box[1] : match.start()].strip():
                last = Mark(text[box[1] : match.start()], "boxed", box[0], match.end())
    if last is None and (bare := _BARE_BOX.search(text)):  # \boxed 5
        return Mark(bare[1], "boxed", bare.start(), bare.end())
    return last


_PHRASE = re.compile(
    r"(?:(?P<final>\bfinal\s{1,3})?\b(?:answer|(?:correct|right|best|final)\s{1,3}(?:option|choice|result|solution))"
    r"(?:\s{1,3}(?:to|for)\s[^.\n:：]{0,60}?)?[\s*_]{0,6}"
    r"(?:\b(?:is|would\sbe|should\sbe|must\sbe)\b|[:：=])(?:\s?(?:therefore|thus|then|hence|actually|indeed|option|choice)\b,?)?"
    r"|(?P<end>最终)?(?:正确)?(?:答案|选项)(?:应该|应)?(?:是|为|选|[:：])|故选|应选|因此选|所以选)[\s*_:：]{0,8}",
    re.IGNORECASE,
)
_STOP = re.compile(r"\n|[。！？]|[.!?;](?=\s|$|\*)|,?\s(?:because|since|as\sthe|which|so\sthat)\b|，?(?:因为|由于)", re.IGNORECASE)
_DENIED = re.compile(r"(?:not|unclear|unknown|one of|among|either)\b|n't", re.IGNORECASE)
_SUPPOSED = re.compile(r"(?:^|[.\n])\s{0,4}(?:[-*•]\s)?(?:If|Suppose|如果|假如)\b[^.\n]*\Z")
_CORRECT = re.compile(
    r"(?<![\w'])(?<!,\s)(?<!or\s)(?<!and\s)\(?([A-J])\)?\*{0,2}\s(?:is|must\sbe)\s(?:the\s)?(?:correct|right)\b(?!\s(?:angle|triangle|prism))"
)
_GUESS = re.compile(r"\b(?:I think|guess|at first|initial(?:ly)?|maybe|perhaps|probably)\b[^.\n]*\Z", re.IGNORECASE)
_TITLE = re.compile(r"(?:^|\s)[A-Z][a-z]$")


def phrases(text: str) -> list[Mark]:
    """Every "answer is …", "final answer: …", "答案是…" that says something and every "(C) is correct", the last ones in the
    order of the text."""
    found = []
    for match in deque(_PHRASE.finditer(text), maxlen=MOST_PHRASES):
        answer = _to_stop(text, match.end())
        supposed = _SUPPOSED.search(text, max(0, match.start() - 200), match.start())
        if _says_something(answer) and not _DENIED.match(answer) and not supposed:
            final = bool(match["final"] or match["end"])
            guess = bool(_GUESS.search(text, max(0, match.start() - 80), match.start()))
            found.append(Mark(answer, "answer phrase", match.start(), match.end() + len(answer), final, guess))
    correct = deque(_CORRECT.finditer(text), maxlen=MOST_PHRASES)
    found += [Mark(match[1], "answer phrase", match.start(), match.end()) for match in correct]
    return sorted(found, key=lambda mark: mark.start)


def _to_stop(text: str, start: int) -> str:
    """From `start` to the end of the sentence, not stopping at "Mr." or "St.", nor inside brackets or dollar signs."""
    window = text[start : start + 300]
    for stop in _STOP.finditer(window):
        before = window[: stop.start()]
        listed = stop[0] == ";" and before.count("$") % 2
        numbered = stop[0] == "." and _OPTION_DOT.fullmatch(before) and window[stop.end() :].strip()
        if not listed and not numbered and (stop[0] != "." or not _TITLE.search(before[-3:])):
            return before
    return window


_OPTION_DOT = re.compile(r"\W{0,4}[A-J]")


def _says_something(answer: str) -> bool:
    return any(char.isalnum() for char in answer) or (bool(answer) and len(answer.strip(" .*_:;,!?$\n")) == 1)


_CURLY = r"(?:\w{1,20}\s?=\s?)?\\?\{\s{0,3}-?\d{1,9}(?:\.\d{1,9})?\s{0,3}\\?\}"
_CURLIES = re.compile(rf"(?<![\w^_}}\]\\]){_CURLY}(?:[\s,;]{{1,4}}(?:and\s)?{_CURLY}){{0,9}}")
_EXAMPLE = re.compile(r"(?:e\.\s?g\.?|example|such as|like|format)[\s,:(]*$", re.IGNORECASE)


def last_curly(text: str) -> Mark | None:
    """The last `{3}` or `rows={5} columns={6}` that is not quoted as an example."""
    last: Mark | None = None
    for match in _CURLIES.finditer(text):
        if not _EXAMPLE.search(text[max(0, match.start() - 16) : match.start()]):
            last = Mark(match[0], "curly brackets", match.start(), match.end())
    return last


_BOLD = re.compile(r"\*\*([^*\n]{1,80})\*\*")


def bold(text: str) -> list[Mark]:
    """Everything set in bold on one line, in the order of the text."""
    return [Mark(match[1], "bold", match.start(), match.end()) for match in _BOLD.finditer(text)]
