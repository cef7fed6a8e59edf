"""Compare short answers in words."""

import re

from onevision.answers.clean import normal, tidy

_COPULA = re.compile(r"(?:\b(?:is|are|was|be|called|as)\b|[=：:]|是|为)\s?")
_SAME = {"dne": "does not exist", "n/a": "not applicable", "usa": "united states", "us": "united states", "uk": "united kingdom"}
_SAME |= {"first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th", "sixth": "6th", "seventh": "7th"}
_SAME |= {"eighth": "8th", "ninth": "9th", "tenth": "10th", "eleventh": "11th", "twelfth": "12th"}
NEGATION = re.compile(
    r"\b(?:not|neither|nor|none|no|all but|except|or|non|wrong|incorrect|\w{2,6}n't|cannot|without)\b|[不非无没]", re.IGNORECASE
)
_FILLERS = frozenset(
    "it is are was be the a an of in on its their this that there they he she option answer color colour shape".split()
    + "called very city state country province clearly just one s by to".split()
)
_CHINESE_FILLERS = frozenset("的市省国是为了地区这个图形答案色")


def _forms(answer: str) -> tuple[str, ...]:
    """An answer's comparable forms: the whole, and what stands behind its last "is" in a short sentence."""
    whole = normal(answer)
    said = normal(_COPULA.split(tidy(answer).lower())[-1]) if len(answer) <= 200 else ""
    return (whole, said) if said and not NEGATION.search(said) else (whole,)


def same_text(answer: str, gold: str) -> bool | None:
    """Whether an answer says what the gold text says; None where one only holds the other among more words."""
    wanted, forms = normal(gold), _forms(answer)
    if any(_folded(form) == _folded(wanted) for form in forms):
        return True
    same_list = _same_list(answer, gold)
    if same_list is not None:
        return same_list
    said = forms[0]
    if len(said) > 200 or bool(NEGATION.search(said)) != bool(NEGATION.search(wanted)):
        return False
    return _contained(said, wanted)


def _folded(text: str) -> str:
    text = _SAME.get(text, text)
    return " ".join(_SAME.get(word, _singular(word)) for word in text.replace("-", " ").split())


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    return f"{word[:-3]}y" if word.endswith("ies") else word[:-1]


_ITEMS = re.compile(r"\s?,\s?(?:and\s)?|\s(?:and|&)\s|和|与")


def _same_list(said: str, wanted: str) -> bool | None:
    """Whether two lists of words hold the same items in any order; False where one lacks some of the other's, None where
    they differ otherwise or are no lists."""
    if len(said) > 400 or any(_PLACE.fullmatch(text.strip()) for text in (said, wanted)):
        return None
    left, right = (sorted(_core(item) for item in _ITEMS.split(tidy(text)) if item.strip()) for text in (said, wanted))
    if len(right) > 1 and left == right:
        return True
    return False if set(left) < set(right) or set(right) < set(left) else None


_PLACE = re.compile(r"[A-Z][^,]*,\s[A-Z][^,]*")
"""Perhaps a place with what it lies in, "Paris, France", of which one alone may do."""


def _core(item: str) -> str:
    """An item without the words that carry no weight: "it is the mole" is mole."""
    words = _folded(normal(item)).split()
    return " ".join([word for word in words if word not in _FILLERS] or words)


def _contained(said: str, wanted: str) -> bool | None:
    """True where only words without weight stand round the gold's, None where others do, False where it is not there."""
    a, g = _folded(said), _folded(wanted)
    if not g.isascii() and g in a:
        return set(a.replace(g, "", 1)) <= _CHINESE_FILLERS or None
    words, inner = ([word for word in text.split() if word != "and"] for text in (a, g))
    at = next((i for i in range(len(words) - len(inner) + 1) if words[i : i + len(inner)] == inner), None)
    if at is not None:
        return {*words[:at], *words[at + len(inner) :]} <= _FILLERS or None
    return None if words and f" {a} " in f" {g} " and len(a) > 2 else False
