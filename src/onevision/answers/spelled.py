"""Numbers in words: "twenty-five", "one hundred and five", "二十五"."""

import re

_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
WORDS = {word: i for i, word in enumerate(_ONES + _TEENS)} | {word: 10 * i for i, word in enumerate(_TENS, 2)}
SCALES = {"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "万": 10**4, "亿": 10**8}
WORD = rf"(?:(?:{'|'.join(_TENS)})(?:[-\s](?:{'|'.join(_ONES[1:])})\b)?|{'|'.join(_TEENS + _ONES)})\b"
"""One number word to ninety-nine, as a pattern."""

_ENGLISH = re.compile(
    rf"(?:{WORD}|an?(?=\s(?:{'|'.join(list(SCALES)[:5])})))(?:[-\s](?:and\s(?={WORD}))?(?:{WORD}|{'|'.join(list(SCALES)[:5])})\b)*",
    re.IGNORECASE,
)
_DIGITS = {char: i for i, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_PLACES = {"十": 10, "百": 100, "千": 1000}
_CHINESE = re.compile(r"[零〇一二两三四五六七八九十百千万亿]{1,20}")


def read_spelled(text: str) -> tuple[int, str] | None:
    """The number that the text opens with in words, and the rest of the text; None where it opens otherwise."""
    match = _ENGLISH.match(text)
    if match and (value := _english(re.split(r"[-\s]+", match[0].lower()))) is not None:
        return value, text[match.end() :]
    match = _CHINESE.match(text)
    return (_chinese(match[0]), text[match.end() :]) if match else None


def _english(words: list[str]) -> int | None:
    """None where two numbers stand side by side, as in "five two"."""
    total, part, last = 0, 0, 1000
    for word in words:
        if word in ("and", "a", "an"):
            continue
        if word in SCALES:
            part = max(part, 1) * SCALES[word]
            if SCALES[word] >= 1000:
                total, part = total + part, 0
            last = 1000
        else:
            if not _fits(WORDS[word], last):
                return None
            part, last = part + WORDS[word], WORDS[word]
    return total + part


def _fits(value: int, last: int) -> bool:
    return last == 1000 or (20 <= last < 100 and last % 10 == 0 and 0 < value < 10)


def _chinese(text: str) -> int:
    total = part = digit = 0
    for char in text:
        if char in _DIGITS:
            digit = digit * 10 + _DIGITS[char] if digit and total == part == 0 else _DIGITS[char]
        elif char in _PLACES:
            part, digit = part + (digit or 1) * _PLACES[char], 0
        else:
            total, part, digit = (total + part + digit or 1) * SCALES[char], 0, 0
    return total + part + digit
