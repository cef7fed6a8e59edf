"""Units of measure: what is written behind a number, as a factor to SI and a dimension.

Factors are those of the SI brochure (9th edition, 2019) and the international yard and pound (1959), exact fractions.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

Dimension = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Unit:
    """factor: one of it in SI base units. dimension: its base quantities with their powers, () for a counted noun or
    none at all. noun: what was counted, "" where nothing was named; "%" is a noun of its own."""

    factor: Fraction = Fraction(1)
    dimension: Dimension = ()
    noun: str = ""


NO_UNIT = Unit()
PERCENT = Unit(noun="%")

_LENGTH, _MASS, _TIME = {"m": 1}, {"kg": 1}, {"s": 1}
_NEWTON = {"kg": 1, "m": 1, "s": -2}
_JOULE = {"kg": 1, "m": 2, "s": -2}
_WATT = {"kg": 1, "m": 2, "s": -3}
_PASCAL = {"kg": 1, "m": -1, "s": -2}
_VOLT = {"kg": 1, "m": 2, "s": -3, "A": -1}
_OHM = {"kg": 1, "m": 2, "s": -3, "A": -2}
_VOLUME = {"m": 3}
_KINDS: tuple[tuple[str, str, dict[str, int]], ...] = (
    ("m meter metre 米", "1", _LENGTH),
    ("mm millimeter millimetre 毫米", "1/1000", _LENGTH),
    ("cm centimeter centimetre 厘米", "1/100", _LENGTH),
    ("dm decimeter decimetre 分米", "1/10", _LENGTH),
    ("km kilometer kilometre 千米 公里", "1000", _LENGTH),
    ("µm μm um micrometer micrometre micron", "1/1000000", _LENGTH),
    ("nm nanometer nanometre 纳米", "1/1000000000", _LENGTH),
    ("in inch inche 英寸", "254/10000", _LENGTH),
    ("ft foot feet 英尺", "3048/10000", _LENGTH),
    ("yd yard", "9144/10000", _LENGTH),
    ("mi mile 英里", "1609344/1000", _LENGTH),
    ("kg kilogram 千克 公斤", "1", _MASS),
    ("g gram 克", "1/1000", _MASS),
    ("mg milligram 毫克", "1/1000000", _MASS),
    ("tonne 吨", "1000", _MASS),
    ("lb lbs pound 磅", "45359237/100000000", _MASS),
    ("oz ounce 盎司", "45359237/1600000000", _MASS),
    ("s sec second 秒 秒钟", "1", _TIME),
    ("ms millisecond 毫秒", "1/1000", _TIME),
    ("µs μs microsecond", "1/1000000", _TIME),
    ("min mins minute 分 分钟", "60", _TIME),
    ("h hr hrs hour 小时 时", "3600", _TIME),
    ("day 天 日", "86400", _TIME),
    ("week 周 星期", "604800", _TIME),
    ("l liter litre 升", "1/1000", _VOLUME),
    ("ml milliliter millilitre cc 毫升", "1/1000000", _VOLUME),
    ("cl centiliter centilitre", "1/100000", _VOLUME),
    ("hectare ha 公顷", "10000", {"m": 2}),
    ("a amp ampere 安 安培", "1", {"A": 1}),
    ("ma milliampere milliamp", "1/1000", {"A": 1}),
    ("n newton 牛 牛顿", "1", _NEWTON),
    ("kn kilonewton", "1000", _NEWTON),
    ("j joule 焦 焦耳", "1", _JOULE),
    ("kj kilojoule 千焦", "1000", _JOULE),
    ("kwh", "3600000", _JOULE),
    ("w watt 瓦 瓦特", "1", _WATT),
    ("kw kilowatt 千瓦", "1000", _WATT),
    ("pa pascal 帕 帕斯卡", "1", _PASCAL),
    ("kpa kilopascal 千帕", "1000", _PASCAL),
    ("v volt 伏 伏特", "1", _VOLT),
    ("mv millivolt", "1/1000", _VOLT),
    ("kv kilovolt", "1000", _VOLT),
    ("ω ohm 欧 欧姆", "1", _OHM),
    ("kω kiloohm", "1000", _OHM),
    ("hz hertz 赫 赫兹", "1", {"s": -1}),
    ("khz kilohertz", "1000", {"s": -1}),
    ("mol mole 摩尔", "1", {"mol": 1}),
    ("mph", "44704/100000", {"m": 1, "s": -1}),
    ("c coulomb 库仑", "1", {"A": 1, "s": 1}),
    ("k kelvin", "1", {"K": 1}),
)
_UNITS = {name: (Fraction(factor), power) for names, factor, power in _KINDS for name in names.split()}
_CASED = {
    "MPa": (Fraction(10**6), _PASCAL),
    "MW": (Fraction(10**6), _WATT),
    "MHz": (Fraction(10**6), {"s": -1}),
    "MJ": (Fraction(10**6), _JOULE),
}
LATIN = frozenset(name for name in _UNITS if name.isascii())
"""The Latin names, in lower case: letters that may stand directly behind a number as a unit."""

_POWERS = (
    (re.compile(r"\b(?:square|sq)\.?\s([^\W\d]+)"), r"\1^2"),
    (re.compile(r"\b(?:cubic|cu)\.?\s([^\W\d]+)"), r"\1^3"),
    (re.compile(r"平方([^\W\d]+)"), r"\1^2"),
    (re.compile(r"立方([^\W\d]+)"), r"\1^3"),
    (re.compile(r"([^\W\d]+)\ssquared\b"), r"\1^2"),
    (re.compile(r"([^\W\d]+)\scubed\b"), r"\1^3"),
    (re.compile(r"\s?(?:\bper\b|每)\s?"), "/"),
    (re.compile(r"\bms\^\{?(-\d)\}?"), r"m s^\1"),
)
_FACTOR = re.compile(r"\s?([/·*.]?)\s?([^\W\d_]+|°c|°f)(?:\^?\{?(-?\d)\}?)?\.?")


@lru_cache(maxsize=4096)
def read_unit(text: str) -> Unit | None:
    """The measure that `text` as a whole names: "cm", "m/s^2", "square metres", "平方厘米"; None where it names none."""
    text = text.strip()
    if text in _CASED:
        return Unit(_CASED[text][0], tuple(sorted(_CASED[text][1].items())))
    text = text.lower()
    for pattern, plain in _POWERS:
        text = pattern.sub(plain, text)
    factor, dimension, at, below = Fraction(1), dict[str, int](), 0, False
    while at < len(text):
        match = _FACTOR.match(text, at)
        known = _known(match[2]) if match else None
        if match is None or known is None:
            return None
        below = below or match[1] == "/"
        power = int(match[3] or 1) * (-1 if below else 1)
        factor *= known[0] ** power
        for base, exponent in known[1].items():
            dimension[base] = dimension.get(base, 0) + exponent * power
        at = match.end()
    return Unit(factor, tuple(sorted((base, power) for base, power in dimension.items() if power))) if at else None


def _known(name: str) -> tuple[Fraction, dict[str, int]] | None:
    singular = name[:-1] if len(name) > 3 and name.endswith("s") else name
    return _UNITS.get(name) or _UNITS.get(singular)


_UNITS_OF_ITSELF = re.compile(r"\s?(?:(?:square|sq\.?|cubic)\s)?units?(?:\ssquared|\^2|\^3)?\.?$")
_TRAILING = re.compile(
    r"(?<=[\d)}\]\sπa-z°])\s?([^\W\d_π][^\W\d_π]{0,20}(?:\s?\^?\s?\{?-?[23]\}?)?(?:(?:\s?[/·]\s?|\sper\s|\s)[^\W\d_]{1,12}(?:\^?\{?-?[23]\}?)?){0,2})\.?$"
)


def split_unit(text: str) -> tuple[str, Unit]:
    """A formula and the measure written behind it: "25\\pi cm^2" gives ("25\\pi", cm²). (text, NO_UNIT) where none is.

    One letter behind a blank or a bracket is a unit only for m, g, s, h, l; directly behind a digit it is a variable.
    """
    text = _UNITS_OF_ITSELF.sub("", text)
    match = _TRAILING.search(text)
    start = match.start(1) if match else 0
    while match and start < len(text):
        name = text[start:].rstrip(".")
        unit = read_unit(name)
        alone = len(re.findall(r"[^\W\d_]", name)) == 1 and name[0].isascii()
        apart = text[start - 1 : start] in (" ", "}", ")")
        if unit and text[:start].strip() and not text[:start].endswith("\\") and (not alone or (apart and name[0] in "mgshl")):
            return text[:start].strip(), unit
        start = text.find(" ", start) + 1 or len(text)
    return text, NO_UNIT


def nouns_agree(left: Unit, right: Unit) -> bool:
    """Whether two counted nouns may mean the same: one is missing, or they share a word (plurals count as one)."""
    words = [{word.rstrip("s") for word in re.findall(r"[^\W\d_]+", unit.noun)} for unit in (left, right)]
    return (
        not all(words)
        or not words[0].isdisjoint(words[1])
        or any(word.isascii() != other.isascii() for word in words[0] for other in words[1])
    )
