"""What may stand behind the nodes of each kind of element, and behind the dot lines that count."""

import re
from collections.abc import Callable

from onevision.errors import InputError

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?:t|g|meg|mil|k|m|u|µ|n|p|f|a)?[a-zΩ°]*", re.IGNORECASE)
NODE = re.compile(r"[\w+\-.#$!:/\[\]<>]+")
NAME = re.compile(r"[a-z][\w.:-]*", re.IGNORECASE)
_OPTION = re.compile(r"([a-z_]\w*)=(\S+)", re.IGNORECASE)
_WAVES = {"sin": (2, 6), "pulse": (2, 8), "exp": (2, 6), "pwl": (2, 400), "sffm": (2, 7), "am": (3, 6)}
_MODELS = "r c l sw csw d npn pnp njf pjf nmf pmf nmos pmos vdmos urc ltra".split()


def _is_value(word: str) -> bool:
    return bool(_NUMBER.fullmatch(word)) or bool(re.fullmatch(r"\{.+\}|'.+'", word, re.DOTALL))


def _options(words: list[str]) -> bool:
    return all(_OPTION.fullmatch(word) or word.lower() == "off" for word in words)


def _passive(words: list[str]) -> bool:
    """value [model] [option=value ...], or a model with options."""
    if not words:
        return False
    rest = words[1:]
    if rest and NAME.fullmatch(rest[0]):
        rest = rest[1:]
    if _is_value(words[0]):
        return _options(rest)
    if _OPTION.fullmatch(words[0]):
        return _options(words)
    return bool(NAME.fullmatch(words[0])) and len(words) > 1 and _options(words[1:])


def _source(words: list[str]) -> bool:
    """[DC] value, AC magnitude [phase], a wave such as SIN(0 1 1k): at least one, each at most once."""
    k, found = 0, set[str]()
    while k < len(words):
        word = words[k].lower()
        wave = re.fullmatch(r"(\w+)\((.*)\)", word, re.DOTALL)
        if word in ("dc", "ac"):
            kind, numbers = word, 0
            while k + 1 + numbers < len(words) and numbers < (1 if word == "dc" else 2) and _is_value(words[k + 1 + numbers]):
                numbers += 1
            if word == "dc" and not numbers:
                return False
            k += 1 + numbers
        elif wave and wave[1] in _WAVES:
            kind, k = "wave", k + 1
            if not _is_wave(wave[1], wave[2]):
                return False
        elif _is_value(word) and not found:
            kind, k = "dc", k + 1
        elif _OPTION.fullmatch(word):
            kind, k = word.partition("=")[0], k + 1
        else:
            return False
        if kind in found:
            return False
        found.add(kind)
    return bool(found)


def _is_wave(name: str, inside: str) -> bool:
    numbers = inside.replace(",", " ").split()
    least, most = _WAVES[name]
    return least <= len(numbers) <= most and all(map(_is_value, numbers)) and (name != "pwl" or len(numbers) % 2 == 0)


def _modelled(words: list[str]) -> bool:
    """model [number] [option=value ...]."""
    rest = words[2:] if len(words) > 1 and _is_value(words[1]) else words[1:]
    return bool(words) and bool(NAME.fullmatch(words[0]) or re.fullmatch(r"\d\w*[a-z]\w*", words[0], re.IGNORECASE)) and _options(rest)


def _transistor(words: list[str]) -> bool:
    """[substrate node] model [area] [options]."""
    return _modelled(words) or (len(words) > 1 and bool(NODE.fullmatch(words[0])) and not _is_value(words[1]) and _modelled(words[1:]))


def _gain(words: list[str]) -> bool:
    """Two controlling nodes and a gain, or an expression, or a polynomial."""
    if words and re.fullmatch(r"(?:value|vol|cur|table|laplace)=?[{'].*", words[0], re.IGNORECASE | re.DOTALL):
        return True
    if words and re.fullmatch(r"poly\(\d\)", words[0], re.IGNORECASE):
        return len(words) > 3
    return len(words) == 3 and all(map(NODE.fullmatch, words[:2])) and _is_value(words[2])


def _current_gain(words: list[str]) -> bool:
    return len(words) == 2 and words[0][0].lower() == "v" and _is_value(words[1])


def _coupling(words: list[str]) -> bool:
    if len(words) != 3 or not all(word[0].lower() == "l" for word in words[:2]) or words[0].lower() == words[1].lower():
        return False
    return words[2].startswith("{") or (bool(re.fullmatch(r"0*\.?\d+|1\.?0*", words[2])) and 0 < float(words[2]) <= 1)


def _switch(words: list[str]) -> bool:
    return bool(words) and bool(NAME.fullmatch(words[0])) and len(words) <= 2 and all(word.lower() in ("on", "off") for word in words[1:])


def _current_switch(words: list[str]) -> bool:
    return len(words) > 1 and words[0][0].lower() == "v" and _switch(words[1:])


def _line(words: list[str]) -> bool:
    return any(word.lower().startswith("z0=") for word in words) and _options(words)


def _behaviour(words: list[str]) -> bool:
    return bool(words) and bool(re.match(r"[vi]=\S", words[0], re.IGNORECASE))


def _call(words: list[str]) -> bool:
    """The subcircuit's name; parameters may follow."""
    return bool(words) and bool(NAME.fullmatch(words[0])) and _options([word for word in words[1:] if word.lower() != "params:"])


RULES: dict[str, tuple[int, Callable[[list[str]], bool]]] = {
    "r": (2, _passive), "c": (2, _passive), "l": (2, _passive), "v": (2, _source), "i": (2, _source), "d": (2, _modelled),
    "q": (3, _transistor), "j": (3, _modelled), "z": (3, _modelled), "m": (4, _modelled), "e": (2, _gain), "g": (2, _gain),
    "f": (2, _current_gain), "h": (2, _current_gain), "k": (0, _coupling), "s": (4, _switch), "w": (2, _current_switch),
    "t": (4, _line), "b": (2, _behaviour), "x": (1, _call),
}  # fmt: skip
"""First letter of a name -> how many nodes follow, and what may stand behind them."""


def check_dot(name: str, words: list[str], line: str) -> None:
    """The lines whose words count: analyses, models, parameters."""
    numbers = [word for word in words if _is_value(word)]
    model = re.fullmatch(r"(\w+)(\(.*\))?", words[1], re.DOTALL) if name == "model" and len(words) > 1 else None
    right = {
        "model": bool(model) and model is not None and model[1].lower() in _MODELS and NAME.match(words[0]) is not None,
        "tran": 1 < len(numbers) < 5,
        "ac": len(words) == 4 and words[0].lower() in ("dec", "oct", "lin") and len(numbers) == 3,
        "dc": len(words) in (4, 8) and len(numbers) == 3 * (len(words) // 4) and not _is_value(words[0]),
        "op": not words,
        "param": bool(words) and all("=" in word for word in words),
        "temp": bool(numbers),
        "ic": bool(words) and all("=" in word for word in words),
        "nodeset": bool(words) and all("=" in word for word in words),
    }
    if not right.get(name, True):
        raise InputError(f"spice: .{name} with other words was expected, not {line!r}")
