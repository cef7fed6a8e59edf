"""Find the answer in a completion.

In order of precedence, on what stands behind the last `</think>` (or everything, where there is no thought):

1. answer tag: the last `<answer>…</answer>`; one left open at the very end counts too.
2. boxed: the last `\\boxed{…}` or `\\fbox{…}` with balanced braces, unless a later phrase states a plain value.
3. phrase: the latest "final answer is", "answer:", "答案是", unless a curly bracket stands later.
4. curly brackets: `{3}`, `rows={5} columns={6}` (BlindTest's form), not where it is quoted as an example.
5. short last line: when nothing above stands, or what stands was taken back ("wait, …").
6. final sentence: for a known kind of gold, what the last sentence says of that kind.

Where all of these find nothing, rules 1 to 3 are tried on the thought itself. A thought that never ended holds no
answer unless a tag or a box closes it. Restated lists of options are never read by rules 3 to 6.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from onevision.answers.clean import tidy, unwrap
from onevision.answers.equality import LETTER, NUMBER, TIME, TUPLE, YES_NO, Finder

NO_ANSWER = "no answer given"
SHORT_CHARS, SHORT_WORDS = 80, 14
"""How long a last line may be and still count as an answer by itself."""


@dataclass(frozen=True)
class Extraction:
    """answer: what was found, without its wrapping, None where nothing was. rule: the rule that found it."""

    answer: str | None
    rule: str


@dataclass(frozen=True)
class _Mark:
    """A marked answer and where it stands in the text it was found in."""

    answer: str
    rule: str
    start: int
    end: int


def extract(text: str, find: Finder | None = None) -> Extraction:
    """The answer a completion gives, and the rule that found it (see the module's head for the order).

    text: any text. find: picks the part of a plain sentence that is an answer of the wanted kind; without it the last
    rule is not tried. Returns `Extraction(None, "no answer given")` where nothing is found. Never raises.
    """
    said, thought, unfinished = _split_thought(text)
    found = _in_speech(said, find, plain=unfinished is None)
    if found is None and thought:
        found = _in_thought(thought)
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


def _in_speech(said: str, find: Finder | None, plain: bool) -> _Mark | None:
    tag = _last_tag(said)
    if tag:
        return tag
    body = _drop_menus(_TAG.sub("", said))
    mark = _standing(body)
    if mark and find and _taken_back(body[mark.end :]):
        mark = _closing_sentence(body[mark.end :], find) or mark
    if mark or not plain:
        return mark
    body = _EXPLANATION.split(body)[0]
    return (_closing_sentence(body, find) or _opening_word(body, find) if find else None) or _short_line(body)


_EXPLANATION = re.compile(r"(?<=\S)\s{0,4}\n[\s*#]{0,6}(?:explanation|reasoning|解释|解析)\b", re.IGNORECASE)


def _in_thought(thought: str) -> _Mark | None:
    mark = _last_tag(thought) or _last_boxed(thought) or _last_phrase(_drop_menus(thought))
    return replace(mark, rule=f"{mark.rule} in the thought") if mark else None


def _closing_mark(thought: str) -> _Mark | None:
    """A tag or a box with nothing behind it: the only answer an unfinished thought can hold."""
    mark = _last_tag(thought) or _last_boxed(thought)
    if mark is None or unwrap(tidy(thought[mark.end :])):
        return None
    return replace(mark, rule=f"{mark.rule} closing an unfinished thought")


_TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)


def _last_tag(text: str) -> _Mark | None:
    closed: _Mark | None = None
    start: int | None = None
    for match in _TAG.finditer(text):
        if not match[1]:
            start = match.end()
        elif start is not None:
            if text[start : match.start()].strip():
                closed = _Mark(text[start : match.start()], "answer tag", start, match.end())
            start = None
    if start is None or not text[start:].strip():
        return closed
    open_ = _Mark(text[start:], "open answer tag", start, len(text))
    return open_ if closed is None or _is_value(open_.answer) else closed


_BRACES = re.compile(r"(\\{1,4}(?:boxed|fbox)\s{0,4}\{)|\\[{}\\]|([{}])")


def _last_boxed(text: str) -> _Mark | None:
    """One pass with a stack of open braces, so that hostile nesting costs no more than its length."""
    last: _Mark | None = None
    opened: list[tuple[int, int] | None] = []
    for match in _BRACES.finditer(text):
        if match[1] or match[2] == "{":
            opened.append((match.start(), match.end()) if match[1] else None)
        elif match[2] and opened:
            box = opened.pop()
            if box and text[box[1] : match.start()].strip():
                last = _Mark(text[box[1] : match.start()], "boxed", box[0], match.end())
    return last


_PHRASE = re.compile(
    r"(?:\b(?:answer|(?:correct|right|best)\s{1,3}(?:option|choice))"
    r"(?:\s{1,3}(?:to|for)\s[^.\n:：]{0,60}?)?[\s*_]{0,6}"
    r"(?:\b(?:is|would\sbe|should\sbe|must\sbe)\b|[:：=])|答案(?:是|为|[:：])|故选|应选)[\s*_:：]{0,8}",
    re.IGNORECASE,
)
_STOP = re.compile(r"\n|[。！？]|[.!?;](?=\s|$|\*)|,?\s(?:because|since|as\sthe|which|so\sthat)\b", re.IGNORECASE)
_DENIED = re.compile(r"(?:not|unclear|unknown|one of|among|either)\b|n't", re.IGNORECASE)
_TITLE = re.compile(r"(?:^|\s)[A-Z][a-z]$")


def _last_phrase(text: str) -> _Mark | None:
    for match in reversed(list(_PHRASE.finditer(text))):
        answer = _to_stop(text, match.end())
        if _says_something(answer) and not _DENIED.match(answer):
            return _Mark(answer, "answer phrase", match.start(), match.end() + len(answer))
    return None


def _to_stop(text: str, start: int) -> str:
    """From `start` to the end of the sentence, not stopping at "Mr." or "St."; at most 300 characters."""
    window = text[start : start + 300]
    for stop in _STOP.finditer(window):
        if stop[0] != "." or not _TITLE.search(window[max(0, stop.start() - 3) : stop.start()]):
            return window[: stop.start()]
    return window


def _says_something(answer: str) -> bool:
    return any(char.isalnum() for char in answer) or (bool(answer) and len(answer.strip(" .*_:;,!?$\n")) == 1)


_CURLY = r"(?:\w{1,20}\s?=\s?)?\\?\{\s{0,3}-?\d{1,9}(?:\.\d{1,9})?\s{0,3}\\?\}"
_CURLIES = re.compile(rf"(?<![\w^_}}\]\\]){_CURLY}(?:[\s,;]{{1,4}}(?:and\s)?{_CURLY}){{0,9}}")
_EXAMPLE = re.compile(r"(?:e\.\s?g\.?|example|such as|like|format)[\s,:(]*$", re.IGNORECASE)


def _last_curly(text: str) -> _Mark | None:
    last: _Mark | None = None
    for match in _CURLIES.finditer(text):
        if not _EXAMPLE.search(text[max(0, match.start() - 16) : match.start()]):
            last = _Mark(match[0], "curly brackets", match.start(), match.end())
    return last


def _standing(text: str) -> _Mark | None:
    """Which of box, phrase and curly bracket stands: the first of them, unless a later one states a plain value."""
    boxed, phrase, curly = _last_boxed(text), _last_phrase(text), _last_curly(text)
    if boxed and not (phrase and phrase.start >= boxed.end and _is_value(phrase.answer)):
        return boxed
    if phrase and not (curly and curly.start >= phrase.end):
        return phrase
    return curly


def _is_value(answer: str) -> bool:
    return any(kind.read(answer) is not None for kind in (TIME, TUPLE, NUMBER, YES_NO, LETTER))


_TAKEN_BACK = re.compile(
    r"\b(?:wait|actually|hold on|correction|second thought|recount|recheck|mistake|wrong|incorrect|let me re)|\bno,",
    re.IGNORECASE,
)


def _taken_back(after: str) -> bool:
    return bool(_TAKEN_BACK.search(after))


_OPTION_LINE = re.compile(r"[\s*•-]{0,6}\(?([A-J])(?:\s?[).:]|\s-)\*{0,2}\s{0,4}\S")
_OPTION = re.compile(r"(?:(?<=[\s,;:])|^)\(?([A-J])[).:]\s?(?=\S)")


def _drop_menus(text: str) -> str:
    """The text without restated options: lines "A) …", "B) …" in their order, or one line that lists them all."""
    lines = text.split("\n")
    dropped = {i for run in _menu_runs(lines) for i in run}
    dropped |= {i for i, line in enumerate(lines) if _is_menu(line)}
    return "\n".join(line for i, line in enumerate(lines) if i not in dropped or "boxed" in line)


def _menu_runs(lines: list[str]) -> Iterator[list[int]]:
    run: list[int] = []
    last = ""
    for i, line in enumerate(lines):
        match = _OPTION_LINE.match(line)
        if match and match[1] > last:
            run.append(i)
        elif match or line.strip():
            yield from [run] if len(run) > 1 else []
            run = [i] if match else []
        last = match[1] if match else last if run else ""
    yield from [run] if len(run) > 1 else []


def _is_menu(line: str) -> bool:
    letters = "".join(match[1] for match in _OPTION.finditer(line))
    return len(letters) > 1 and "ABCDEFGHIJ".startswith(letters)


_LINE_START = re.compile(r"(?:[#>]{1,6}\s|[*•-]\s)\s{0,4}")
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？]")


def _last_line(text: str) -> str:
    lines = (line.strip() for line in reversed(text.split("\n")))
    line = next((line for line in lines if any(char.isalnum() for char in line) or len(line) == 1), "")
    return line[_LINE_START.match(line).end() :] if _LINE_START.match(line) else line  # type: ignore[union-attr]


def _is_short(line: str) -> bool:
    return 0 < len(line) <= SHORT_CHARS and len(line.split()) <= SHORT_WORDS


def _short_line(text: str) -> _Mark | None:
    line = _last_line(text)
    asks = line.endswith(("?", "？", ":", "："))
    return _Mark(line, "short last line", 0, len(text)) if _is_short(line) and not asks else None


def _closing_sentence(text: str, find: Finder) -> _Mark | None:
    line = _last_line(text)
    if line.endswith(("?", "？")):
        return None
    if _is_short(line) and find(line) == line:
        return _Mark(line, "short last line", 0, len(text))
    sentences = [sentence for sentence in _SENTENCE_END.split(line[-2000:]) if sentence.strip()]
    found = find(sentences[-1].strip()) if sentences else None
    return _Mark(found, "final sentence", 0, len(text)) if found else None


def _opening_word(text: str, find: Finder) -> _Mark | None:
    """An opening "Yes" or "No" that nothing later takes up again."""
    opening, *later = [part for part in _SENTENCE_END.split(text[:5000].strip()) if part.strip()] or [""]
    if YES_NO.find(opening) is None or find(opening) is None or any(find(part.strip()) for part in later):
        return None
    return _Mark(opening, "opening yes or no", 0, len(text))


def _peel(answer: str) -> str:
    """What a tag or a box wraps once more: a box in a tag, "the answer is 5" in a box, \\text{…}, markdown."""
    finders: tuple[Callable[[str], _Mark | None], ...] = (_last_boxed, _last_phrase)
    for finder in finders:
        inner = finder(answer)
        answer = inner.answer if inner else answer
    return tidy(answer)
