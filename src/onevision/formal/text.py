"""Text in a picture as a string, a marked (circled, underlined, boxed) part in round brackets: `Acknowl(e)dge`."""

from dataclasses import dataclass

from onevision.errors import InputError


@dataclass(frozen=True)
class MarkedText:
    """A string whose characters [start, end) are marked; start == end where nothing is."""

    text: str
    start: int = 0
    end: int = 0


def write(marked: MarkedText) -> str:
    """The string with its marked part in brackets; raises InputError when the string itself holds brackets."""
    if set("()") & set(marked.text):
        raise InputError(f"text: {marked.text!r} holds round brackets, which stand for the mark")
    if marked.start == marked.end:
        return marked.text
    return f"{marked.text[: marked.start]}({marked.text[marked.start : marked.end]}){marked.text[marked.end :]}"


def parse(text: str) -> MarkedText:
    """Read what `write` wrote; raises InputError on unbalanced, nested or repeated brackets."""
    if "(" not in text and ")" not in text:
        return MarkedText(text)
    before, _, rest = text.partition("(")
    marked, closing, after = rest.partition(")")
    if not closing or not marked or set("()") & set(before + marked + after):
        raise InputError(f"text: one pair of brackets round the marked part was expected in {text!r}")
    return MarkedText(before + marked + after, len(before), len(before) + len(marked))


def summary(marked: MarkedText) -> str:
    """What is in it, in a few words."""
    return f"{len(marked.text)} characters" + (f", {marked.end - marked.start} of them marked" if marked.end > marked.start else "")
