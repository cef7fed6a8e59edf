"""Words that show that somebody read a text about the picture instead of seeing it."""

import re

_TEXT = (
    r"(?:(?:formal|textual|written|given|provided|above|following|image|picture|detailed|structured)\s)*"
    r"(?:description|caption|(?:textual\s|text\s|formal\s)?representation|transcription"
    r"|(?:csv|json|html|xml|spice|plantuml|mermaid|lilypond|matplotlib|latex|markdown)"
    r"(?:\s(?:data|text|code|block|file|table|representation|description|format))?"
    r"|(?:code|data|text)\sblock|netlist|(?:provided|given|above)\s(?:data|text|code|information|details))"
)
_SAID = r"(?:says|states|said|mentions|mentioned|lists|listed|specifies|specified|indicates|reads|describes|gives|provides|tells\sus|notes)"
_AGAIN = r"(?:shows|contains|includes|has)"

_THE = r"(?:the\s|this\s|your\s)"
_PUT = r"(?:described|stated|mentioned|listed|given|written|specified|noted)"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (rf"\b(?:based\son|according\sto|judging\sby|going\sby|per)\s{_THE}?{_TEXT}", "from what I see in the picture"),
        (rf"\bas\s{_PUT}\s(?:in|by)\s{_THE}?{_TEXT}", "as I see in the picture"),
        (rf"\b(?:from|in|within|at|of)\s{_THE}{_TEXT}", "in the picture"),
        (rf"\b{_THE}{_TEXT}\s(?:{_SAID}|{_AGAIN})(?:\sthat)?", "I can see"),
        (rf"\b{_THE}{_TEXT}", "the picture"),
        (r"\b(?:described|stated|mentioned)\sas\b", "seen as"),
        (r"\bas\s(?:described|stated)\b", "as I see"),
    )
)
_TRACES = re.compile(rf"\b{_TEXT}\b|\bas\s(?:described|stated)\b|\b(?:described|stated|mentioned)\sas\b", re.IGNORECASE)
_START = re.compile(r"(?:(?<=^)|(?<=[.!?]\s)|(?<=\n))(from what I see|in the picture|the picture|as I see)")


def traces(text: str) -> list[str]:
    """Every place where the text speaks of a description, caption or data block instead of a picture."""
    return [match[0] for match in _TRACES.finditer(text)]


def as_seen(text: str) -> str:
    """The text with such places put as somebody says them who looks at the picture; all else stays as it is."""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return _START.sub(lambda match: match[0][0].upper() + match[0][1:], text)
