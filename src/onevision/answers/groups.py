"""Answers that hold several: ordered tuples, sets, plain lists, matrices, ratios, and named values such as `x=1, y=2`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onevision.answers.clean import tidy

SameItem = Callable[[str, str], bool | None]
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_THOUSANDS = re.compile(r"[-+$€£¥]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?:\s?[^\W\d].*)?")
_MATRIX = re.compile(r"\\begin\{[pbvBV]?matrix\}(.*)\\end\{[pbvBV]?matrix\}|\\begin\{array\}(?:\{[lcr| ]*\})?(.*)\\end\{array\}", re.DOTALL)
_ROWS = re.compile(r"\[\s?(\[[^\[\]]*\](?:\s?,\s?\[[^\[\]]*\])*)\s?\]")
_CASES = re.compile(r"\\(?:begin|end)\{(?:cases|aligned|array|align\*?)\}(?:\{[lcr| ]*\})?")
_JOINT = re.compile(r"\s(?:and|or|AND|OR)\s|\s?(?:\\text\{)?(?:和|或|与|、|及)\}?\s?")
_NAMED = re.compile(r"\s?([^\W\d]\w{0,3}(?:_\{?\w{1,3}\}?)?|\\[a-z]{2,8})\s?=\s?([^=]+)")
_PLUS_MINUS = re.compile(r"\\pm(?![a-zA-Z])|±|\\mp(?![a-zA-Z])")
MOST = 30
"""Items beyond which nothing is compared."""


@dataclass(frozen=True)
class Group:
    """Several values. items: their texts; names: what each was called ("" where it was not); open, close: the brackets
    round them, "" for a plain list."""

    items: tuple[str, ...]
    names: tuple[str, ...]
    open: str = ""
    close: str = ""

    @property
    def ordered(self) -> bool:
        """Whether the brackets say that order counts: not for a set, nor for a plain list."""
        return self.open not in ("", "{")

    @property
    def named_apart(self) -> bool:
        """Whether each value has a letter of its own: `x=3, y=4`, but not the roots `x_1=3, x_2=4`."""
        return all(self.names) and len({re.sub(r"[_{}\d]", "", name) for name in self.names}) == len(self.names)


def split_top(text: str, signs: str = ",;") -> list[str]:
    """The parts of a text at separators outside all brackets."""
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth == 0 and char in signs:
            parts.append(text[start:i])
            start = i + 1
    return [*parts, text[start:]]


def enclosed(text: str) -> bool:
    """Whether one pair of brackets stands round the whole text; an interval's may be of two kinds."""
    if len(text) < 2 or text[0] not in "([{" or text[-1] not in ")]}":
        return False
    depth = 0
    for i, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth == 0:
            return i == len(text) - 1
    return False


def read_group(text: str) -> Group | None:
    """The group that a text as a whole is, None where it is a single value or prose. `\\pm 2` is two values."""
    text = _CASES.sub(" ", tidy(text)).strip(" .;")
    before, sign, behind = text.rpartition("=")
    if sign and enclosed(before.strip()) and enclosed(behind.strip()):
        text = behind.strip()  # (x, y) = (1, 2)
    if _THOUSANDS.fullmatch(text) or len(text) > 2000:
        return None
    opened, closed = (text[0], text[-1]) if enclosed(text) else ("", "")
    inner = text[1:-1] if opened else text
    parts = [part.strip() for piece in split_top(inner) for part in _joined(piece) if part.strip()]
    parts = [signed for part in parts for signed in _both_signs(part)]
    if not 1 <= len(parts) <= MOST or (len(parts) == 1 and opened != "{"):
        return None
    return _group(parts, opened, closed)


def _joined(piece: str) -> list[str]:
    return _JOINT.split(piece)


def _both_signs(part: str) -> list[str]:
    if len(_PLUS_MINUS.findall(part)) != 1:
        return [part]
    return [_PLUS_MINUS.sub(sign, part) for sign in "+-"]


def _group(parts: Sequence[str], opened: str, closed: str) -> Group:
    named = [_NAMED.fullmatch(part) for part in parts]
    names = tuple(match[1].strip("\\") if match else "" for match in named)
    items = tuple(match[2].strip() if match else part for match, part in zip(named, parts, strict=True))
    if names[0] and not any(names[1:]):  # x = 1, 2
        names = ("",) * len(names)
    return Group(items, names if len(set(names)) > 1 else ("",) * len(names), opened, closed)


def same_group(left: Group, right: Group, same: SameItem, ordered: bool = False) -> bool | None:
    """Whether two groups hold the same. Named values are matched by name, and where one side alone has names in their
    order, as ordered ones are; sets and plain lists in any; square and round brackets round two values mean two different intervals."""
    if len(left.items) != len(right.items):
        return False
    if all(left.names) and all(right.names):
        return _all([same(left.items[left.names.index(name)], item) if name in left.names else False for name, item in _named(right)])
    if len(left.items) == 2 and left.ordered and right.ordered and (left.open, left.close) != (right.open, right.close):
        return False
    if ordered or left.ordered or right.ordered or left.named_apart or right.named_apart:
        return _all([same(a, b) for a, b in zip(left.items, right.items, strict=True)])
    return _same_set(list(left.items), right.items, same)


def _named(group: Group) -> list[tuple[str, str]]:
    return list(zip(group.names, group.items, strict=True))


def _all(results: Sequence[bool | None]) -> bool | None:
    return False if False in results else None if None in results else True


def _same_set(left: list[str], right: Sequence[str], same: SameItem) -> bool | None:
    unsure = False
    for item in right:
        results = [same(other, item) for other in left]
        if True in results:
            left.pop(results.index(True))
        elif None in results:
            unsure = True
        else:
            return False
    return None if unsure else True


def read_matrix(text: str) -> tuple[tuple[str, ...], ...] | None:
    """The rows of a LaTeX matrix or of `[[1,2],[3,4]]`; None where the text is none."""
    plain = tidy(text).strip(" .")
    latex = _MATRIX.search(plain)
    rows = _ROWS.fullmatch(plain)
    if latex:
        body = (latex[1] or latex[2] or "").strip(" ;")
        return tuple(tuple(cell.strip() for cell in row.split("&")) for row in body.split(";"))
    if rows:
        return tuple(tuple(cell.strip() for cell in row.split(",")) for row in re.findall(r"\[([^\[\]]*)\]", rows[1]))
    return None


def same_matrix(left: tuple[tuple[str, ...], ...], right: tuple[tuple[str, ...], ...], same: SameItem) -> bool | None:
    """Whether two matrices have the same shape and entries."""
    if [len(row) for row in left] != [len(row) for row in right] or sum(map(len, left)) > MOST:
        return False
    return _all([same(a, b) for one, other in zip(left, right, strict=True) for a, b in zip(one, other, strict=True)])


def read_ratio(text: str) -> tuple[str, ...] | None:
    """The terms of `3:4` or `1:2:3`; None where the text is no ratio."""
    parts = [part.strip() for part in split_top(tidy(text).strip(" ."), ":：")]
    return tuple(parts) if 2 <= len(parts) <= 6 and all(parts) else None
