"""Find the answer in a completion.

In order of precedence, on what stands behind the last `</think>` (or everything, where there is no thought):

1. answer tag: the last `<answer>…</answer>`; one left open at the very end counts too.
2. boxed: the last `\\boxed{…}` or `\\fbox{…}` with balanced braces, unless a later phrase states a plain value.
3. phrase: the latest "final answer is", "answer:", "答案是" that states a value of the wanted kind, otherwise the latest
   that calls itself final, otherwise the latest; unless a curly bracket stands later.
4. curly brackets: `{3}`, `rows={5} columns={6}` (BlindTest's form), not where it is quoted as an example.
5. short last line: when nothing above stands, or what stands was taken back ("wait, …").
6. cautious fallbacks, for a known kind of gold: an opening line that is an option, the last sentence that concludes
   ("therefore …"), the last sentence, the last words in bold, an opening sentence that states the value.

Where all of these find nothing, rules 1 to 3 are tried on the thought itself. A thought that never ended holds no
answer unless a tag or a box closes it. Restated lists of options are never read by rules 3 to 6, nor are closing
courtesies ("I hope this helps!").
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from onevision.answers.clean import tidy, unwrap
from onevision.answers.equality import LETTER, NUMBER, TIME, VALUES, YES_NO, Finder
from onevision.answers.marks import Mark, drop_tags, last_boxed, last_curly, last_tag, phrases
from onevision.answers.sentences import closing, drop_courtesies, drop_menus, opening, short_line

NO_ANSWER = "no answer given"


@dataclass(frozen=True)
class Extraction:
    """answer: what was found, without its wrapping, None where nothing was. rule: the rule that found it."""

    answer: str | None
    rule: str


def extract(text: str, find: Finder | None = None) -> Extraction:
    """The answer a completion gives, and the rule that found it (see the module's head for the order).

    text: any text. find: picks the part of a plain sentence that is an answer of the wanted kind; without it the last
    rule is not tried. Returns `Extraction(None, "no answer given")` where nothing is found. Never raises.
    """
    said, thought, unfinished = _split_thought(text)
    found = _in_speech(said, find, plain=unfinished is None)
    if found is None and thought:
        found = _in_thought(thought, find)
    if found is None and unfinished:
        found = _closing_mark(unfinished)
    answer = _peel(found.answer) if found else ""
    return Extraction(answer, found.rule) if found and answer else Extraction(None, NO_ANSWER)


_THINK = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)


def _split_thought(text: str) -> tuple[str, str, str | None]:
    """(what is said, the finished thought, the unfinished thought or None)."""
    close = open_ = None
    for match in _THINK.finditer(text):
        if match[1]:
            close, open_ = match, None
        elif open_ is None:
            open_ = match
    start = close.end() if close else 0
    thought = text[: close.start()] if close else ""
    if open_ is None:
        return text[start:], thought, None
    return text[start : open_.start()], thought, text[open_.end() :]


def _in_speech(said: str, find: Finder | None, plain: bool) -> Mark | None:
    tag = _tag(said)
    if tag:
        return tag
    body = drop_menus(drop_tags(said))
    mark = _standing(body, find)
    later = _behind(body, mark) if mark else None
    if mark and find and later is not None:
        mark = closing(later, find) or mark
    if mark or not plain:
        return mark
    body = drop_courtesies(_EXPLANATION.split(body)[0])
    return ((closing(body, find) or opening(body, find, YES_NO.find)) if find else None) or short_line(body)


_EXPLANATION = re.compile(r"(?<=\S)\s{0,4}\n[\s*#]{0,6}(?:explanation|reasoning|解释|解析)\b", re.IGNORECASE)


def _in_thought(thought: str, find: Finder | None) -> Mark | None:
    mark = _tag(thought) or last_boxed(thought) or _best_phrase(drop_menus(thought), find)
    return replace(mark, rule=f"{mark.rule} in the thought") if mark else None


def _closing_mark(thought: str) -> Mark | None:
    """A tag or a box with nothing behind it: the only answer an unfinished thought can hold."""
    mark = _tag(thought) or last_boxed(thought)
    if mark is None or unwrap(tidy(thought[mark.end :])):
        return None
    return replace(mark, rule=f"{mark.rule} closing an unfinished thought")


def _tag(text: str) -> Mark | None:
    closed, open_ = last_tag(text)
    return open_ if open_ and (closed is None or _is_value(open_.answer)) else closed


def _standing(text: str, find: Finder | None) -> Mark | None:
    """Which of box, phrase and curly bracket stands: the first of them, unless a later one states a plain value."""
    boxed, phrase, curly = last_boxed(text), _best_phrase(text, find), last_curly(text)
    if boxed and not (phrase and _states(phrase.answer, find) and (phrase.start >= boxed.end or _only_part(boxed, phrase, find))):
        return boxed
    if phrase and not (curly and curly.start >= phrase.end):
        return phrase
    return curly


def _only_part(boxed: Mark, phrase: Mark, find: Finder | None) -> bool:
    """Whether a box right behind a phrase is no answer by itself: "the answer is (D). \\boxed{P} and \\boxed{Q} are equal"."""
    denied = _NONE.search(boxed.answer)
    return find is not None and not denied and find(tidy(boxed.answer)) is None and 0 <= boxed.start - phrase.end <= 60


_NONE = re.compile(r"\b(?:none|neither|no|not|cannot)\b|无|不", re.IGNORECASE)


def _best_phrase(text: str, find: Finder | None) -> Mark | None:
    """The latest phrase that states a value; else the latest that calls itself final; else the latest."""
    found = phrases(text)[::-1]
    stated = next((mark for mark in found if _states(mark.answer, find)), None)
    return stated or next((mark for mark in found if mark.final), None) or next(iter(found), None)


_VALUE = re.compile(
    r"[\s*\"'(\[{$\\]{0,6}(?:(?:approximately|about|around|roughly|exactly|simply|just|only|option|choice|letter|figure|number)\s)?"
    r"[\s*\"'(\[{$\\]{0,6}(?:[^\W\d_]{1,3}\s?=\s?)?(?:[-+−±≈]?\s?[$€£¥(\[{]?\s?\.?\d|[-−]?\\|[√π∞]|[A-Z](?![\w'])|yes\b|no\b|true\b|false\b|(?:text|bf)\W"
    r"|(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b|[是否对错正不零一二两三四五六七八九十])",
    re.IGNORECASE,
)


def _states(answer: str, find: Finder | None) -> bool:
    """Whether a phrase goes on with a value, so that prose such as "the answer is plain to see" is none."""
    if find is None:
        return _is_value(answer)
    return bool(_VALUE.match(answer)) and find(tidy(answer)) is not None


def _is_value(answer: str) -> bool:
    return any(kind.read(answer) is not None for kind in (TIME, VALUES, NUMBER, YES_NO, LETTER))


_TAKEN_BACK = re.compile(
    r"(?:^|[.!?。！？]\s|\n)[\s*]{0,4}(?:(?:oh|hmm?|but|no),?\s)?(?:wait\b|actually,|hold on|correction\b|on second thought|no,|sorry,"
    r"|let me (?:re|double)|i (?:made|was) (?:a mistake|wrong|mistaken)|等等|不对)",
    re.IGNORECASE,
)


def _taken_back(text: str, end: int) -> str | None:
    """What follows the point where the answer ending at `end` is taken back, None where it is not."""
    match = _TAKEN_BACK.search(text, max(0, end - 1))
    return text[match.start() :] if match else None


_TURN = re.compile(r"\b(?:but|however|though|yet|so|therefore)\b|但|所以", re.IGNORECASE)


def _behind(text: str, mark: Mark) -> str | None:
    """What follows the turn after a first guess, or the point where an answer is taken back; None where it stands."""
    turn = _TURN.search(text, mark.start) if mark.guess else None
    return text[turn.end() :] if turn else _taken_back(text, mark.end)


def _peel(answer: str) -> str:
    """What a tag or a box wraps once more: a box in a tag, "the answer is 5" in a box, \\text{…}, markdown."""
    finders: tuple[Callable[[str], Mark | None], ...] = (last_boxed, lambda text: _best_phrase(text, None))
    for finder in finders:
        inner = finder(answer)
        answer = inner.answer if inner else answer
    return tidy(answer)
