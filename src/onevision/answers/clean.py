"""Take the wrapping off an answer: LaTeX, markdown, full-width forms, brackets and quotes. Nothing here judges.

Every pattern is linear in the length of its input: bounded repeats, or classes that cannot overlap their neighbours.
"""

import re
import unicodedata
from functools import lru_cache

_FULL_WIDTH: dict[int, int | str | None] = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SIGNS: dict[int, int | str | None] = {ord(sign): "-" for sign in "−–‐‑﹣"}
_SPACES: dict[int, int | str | None] = {ord(space): " " for space in "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000\t\r"}
_INVISIBLE: dict[int, int | str | None] = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x200E, 0x200F))
_QUOTES: dict[int, int | str | None] = {
    ord(a): b for a, b in zip("“”„«»‘’`。、「」《》", ['"'] * 5 + ["'", "'", "", ".", ","] + ['"'] * 4, strict=True)
}
_PARTS: dict[int, int | str | None] = {
    ord(sign): "\\frac{{{}}}{{{}}}".format(*unicodedata.normalize("NFKC", sign).split("⁄")) for sign in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞⅑⅒"
}
_TABLE: dict[int, int | str | None] = {
    **_FULL_WIDTH,
    **_SIGNS,
    **_SPACES,
    **_INVISIBLE,
    **_QUOTES,
    **_PARTS,
    ord("⁄"): "/",
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_SUPERSCRIPT = re.compile(r"[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")

_WRAPPER = re.compile(
    r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|mbox|operatorname|boxed|fbox|underline|bm)"
    r"\s?\{((?:[^{}]|\{[^{}]*\})*)\}"
)
_FRACTION = r"(?<![\^_])(?<![\^_]\s)\\[dtc]?frac\s?(?:\{\s?(-?[\d.]{1,60})\s?\}\s?\{\s?([\d.]{1,60})\s?\}|(\d)(\d))(?!\d)"
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\\\\(?![a-zA-Z])"), " ; "),
    (re.compile(rf"(?<=\w)(?={_FRACTION})"), " "),  # 2\frac12 is no 21/2, and in -\frac12 the sign stays where it is
    (re.compile(_FRACTION), r"\1\3/\2\4"),
    (re.compile(r"\^\s?\{?\s?\\(?:circ|degree)\s?\}?|\\degree(?![a-zA-Z])"), "°"),
    (re.compile(r"\\(?:left|right|displaystyle|quad|qquad)(?![a-zA-Z])|\\[,;: ]|~"), " "),
    (re.compile(r"\\!"), ""),
    (re.compile(r"\\times(?![a-zA-Z])"), "×"),
    (re.compile(r"\\langle(?![a-zA-Z])"), "("),
    (re.compile(r"\\rangle(?![a-zA-Z])"), ")"),
    (re.compile(r"\\(?:Omega|ohm)(?![a-zA-Z])"), "Ω"),
    (re.compile(r"\\mu(?=\s?[msgACF](?![a-zA-Z]))\s?"), "µ"),
    (re.compile(r"\\[()\[\]]|\\?\$|(?<![\w)])\*\*|\*\*(?![\w(])|__|</?(?:answer|think)>", re.IGNORECASE), ""),
    (re.compile(r"\\([%{}#&_])"), r"\1"),
    (re.compile(r"(?<=\d)\{,\}(?=\d)"), ","),
    (re.compile(r"(?<=[\w)])_\{(\w)\}"), r"_\1"),
)
_PAIRS = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'", "*": "*"}
_LOOSE = " \n.,;:!"


@lru_cache(maxsize=8192)
def tidy(text: str) -> str:
    """The answer in plain characters: LaTeX wrappers and delimiters, markdown bold and currency dollars gone.

    Takes any text; returns it stripped. `\\frac{a}{b}` of plain numbers becomes `a/b`, every kind of minus and hyphen
    becomes `-`, full-width characters their ASCII twins. Never raises.
    """
    text = _SUPERSCRIPT.sub(lambda match: f"^{{{match[0].translate(_SUPERSCRIPTS)}}}", text).translate(_TABLE)
    for _ in range(4):
        plainer = _WRAPPER.sub(r"\1", text)
        if plainer == text:
            break
        text = plainer
    for pattern, plain in _REWRITES:
        text = pattern.sub(plain, text)
    return text.strip()


def unwrap(text: str) -> str:
    """The text without brackets, quotes and loose punctuation that stand around the whole of it. Never raises."""
    for _ in range(8):
        text = text.strip(_LOOSE)
        inner = text[1:-1]
        if len(text) < 2 or _PAIRS.get(text[0]) != text[-1] or text[0] in inner or text[-1] in inner:
            break
        text = inner
    return text


def bare(text: str) -> str:
    """`unwrap(tidy(text))`: what the readers of every kind start from."""
    return unwrap(tidy(text))


_ARTICLES = re.compile(r"\b(?:a|an|the)\s")
_EDGE = re.compile(r"[\"'!?;,()\[\]{}]|\.(?!\d)|(?<=[^\W\d_])-(?=[^\W\d_])|(?<![\d\s]):(?=\s)|:$")
_TIGHT = re.compile(r"\s?([:/+*=^×<>])\s?")
_NEEDLESS = re.compile(r"(?<!\d)\s|\s(?!\d)")


@lru_cache(maxsize=8192)
def normal(text: str) -> str:
    """The form in which short texts are compared: casefolded, one space, no articles, quotes or sentence punctuation.

    Signs that carry meaning inside an answer (`1:3`, `x+1`, `-2`) are kept. Text made of punctuation alone is
    returned as it stands, so that "@" is still "@"; a formula only loses its spaces, but for the one in `1 1/2`. Never raises.
    """
    plain = tidy(text).casefold()
    if is_formula(plain):
        return re.sub(r"\\[dtc]frac(?![a-z])", r"\\frac", _NEEDLESS.sub("", " ".join(plain.split())).rstrip(".,;"))
    words = plain.replace("'", "")
    return _in_words(_ARTICLES.sub("", f"{words} ")) or _in_words(words) or " ".join(plain.split())


def _in_words(text: str) -> str:
    return _TIGHT.sub(r"\1", " ".join(_EDGE.sub(" ", text).split()))


_COMMAND = re.compile(r"\\[a-zA-Z]+")
_SIGN = re.compile(r"[\\^√π+*/×=<>≤≥]|[\d)]!|\|.+\||\d\s?\(\s?\d|\d(?!st\b|nd\b|rd\b|th\b)[a-zA-Z]|\d_\d")


def is_formula(text: str) -> bool:
    """Whether the text is a formula without words, which only a computer algebra system could compare."""
    text = tidy(text)
    words = re.search(r"[^\W\d_]{3,}|\b(?:or|to|is)\b", _COMMAND.sub(" ", text))
    return len(text) <= 400 and not words and bool(_SIGN.search(text)) and text.casefold() != "n/a"
