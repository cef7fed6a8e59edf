"""What a completion says in plain sentences: its last line, its conclusion, its opening; menus and courtesies left out."""

import re
from collections.abc import Callable, Iterator

from onevision.answers.marks import Mark, bold

Finder = Callable[[str], str | None]

SHORT_CHARS, SHORT_WORDS = 80, 14
"""How long a last line may be and still count as an answer by itself."""

_OPTION_LINE = re.compile(r"[\s*•-]{0,6}\(?([A-J])(?:\s?[).:]|\s-)\*{0,2}\s{0,4}\S")
_OPTION = re.compile(r"(?:(?<=[\s,;:])|^)\(?([A-J])[).:]\s?(?=\S)")


def drop_menus(text: str) -> str:
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


_COURTESY = re.compile(
    r"(?:\bI hope (?:this|that|it)\b|\bLet me know\b|\b(?:please )?feel free\b|\b(?:Do|Would|Can|Could|Is there|Are there)\b[^.?!\n]{0,80}"
    r"\b(?:you|else|I)\b[^.?!\n]{0,60}\?|\bHappy to\b|\bThank you\b|希望(?:这|能|对)|如果.{0,20}(?:问题|疑问)).{0,200}\s*$",
    re.IGNORECASE,
)


def drop_courtesies(text: str) -> str:
    """The text without tables and without the closing sentences that speak to the reader rather than of the problem."""
    text = _TABLE_LINE.sub("", text)
    head, last = text[:-400], text[-400:]
    for _ in range(3):
        match = _COURTESY.search(last)
        if match is None or not (head + last[: match.start()]).strip():
            break
        last = last[: match.start()].rstrip()
    return head + last


_TABLE_LINE = re.compile(r"^[^|\n$\\]{0,200}\|(?:[^|\n$\\]{0,200}\|){0,20}[^|\n$\\]{0,200}$", re.MULTILINE)
_LINE_START = re.compile(r"(?:[#>]{1,6}\s|[*•-]\s)\s{0,4}")
_SENTENCE_END = re.compile(r"[.!?](?=\s)(?<!\b[A-J]\.)|[。！？]|\n\s{0,40}\n")
_CONCLUDES = re.compile(
    r"\s*[*#>-]{0,3}\s?(?:therefore|thus|hence|so|consequently|in conclusion|in summary|finally|因此|所以|综上|故)\b", re.IGNORECASE
)


def last_line(text: str) -> str:
    """The last line with a letter or digit in it, or of one character; without list or heading marks."""
    lines = (line.strip() for line in reversed(text.split("\n")))
    line = next((line for line in lines if any(char.isalnum() for char in line) or len(line) == 1), "")
    start = _LINE_START.match(line)
    return line[start.end() :] if start else line


def _is_short(line: str) -> bool:
    return 0 < len(line) <= SHORT_CHARS and len(line.split()) <= SHORT_WORDS


def short_line(text: str) -> Mark | None:
    """A short last line that asks nothing."""
    line = last_line(text)
    asks = line.endswith(("?", "？", ":", "："))
    return Mark(line, "short last line", 0, len(text)) if _is_short(line) and not asks else None


def _sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in _SENTENCE_END.split(text) if sentence.strip()]


def closing(text: str, find: Finder) -> Mark | None:
    """What the end of a text says of the wanted kind: its short last line, its last conclusion, its last sentence, or
    the last words it sets in bold."""
    line = last_line(text)
    if line.endswith(("?", "？")):
        is_option = _OPTION_LINE.match(line) and find(line)
        return Mark(line, "option as last line", 0, len(text)) if is_option else None
    if _is_short(line) and find(line) == line:
        return Mark(line, "short last line", 0, len(text))
    last = (_sentences(line[-2000:]) or [""])[-1]
    concluding = [sentence for sentence in _sentences(text[-4000:]) if _CONCLUDES.match(sentence)]
    in_bold = [mark.answer for mark in bold(text[-4000:])]
    candidates = [*((sentence, "concluding sentence") for sentence in concluding[-1:] if sentence != last)]
    candidates += [(last, "final sentence")]
    if number := _stated(_sentences(text[:5000])):
        candidates.append((number, "opening sentence"))
    candidates += [(answer, "bold") for answer in in_bold[-1:]]
    for sentence, rule in candidates:
        found = find(sentence)
        if found and (rule == "concluding sentence" or found == sentence or not _lists_numbers(sentence)):
            return Mark(found, rule, 0, len(text))
    return None


def _lists_numbers(sentence: str) -> bool:
    """Whether a sentence that concludes nothing holds several numbers, the last of which is then no answer."""
    return not _CONCLUDES.match(sentence) and "=" not in sentence and len(set(re.findall(r"\d+(?:\.\d+)?", sentence))) > 1


_STATED = re.compile(
    r"(?:^the\syear|\b(?:is|are|was|were))\s(?:about\s|approximately\s)?\*{0,2}(-?\d[\d.,/]*(?:%|\s?°)?)(?!\d)", re.IGNORECASE
)


def opening(text: str, find: Finder, read_yes_no: Callable[[str], object]) -> Mark | None:
    """An opening line that is an option by itself, or an opening "Yes" or "No" that nothing later takes up again."""
    first_line = text.strip().partition("\n")[0].strip()
    if _is_short(first_line) and _OPTION_LINE.match(first_line) and find(first_line):
        return Mark(first_line, "opening line", 0, len(text))
    first, *later = _sentences(text[:5000]) or [""]
    if read_yes_no(first) is not None and find(first) and not any(find(part) for part in later):
        return Mark(first, "opening yes or no", 0, len(text))
    return None


def _stated(sentences: list[str]) -> str | None:
    stated = _STATED.search(sentences[0]) if len(sentences) > 1 else None
    return stated[1].rstrip(".,") if stated else None
