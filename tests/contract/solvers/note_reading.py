"""Answers questions about a staff from LilyPond's note names, octave marks and lengths."""

import re
from fractions import Fraction
from typing import Any

KEYS = {letter: k for k, letter in enumerate("cdefgab")}


def solve(description_text: str, ask: dict[str, Any]) -> str:
    music = description_text.split(" ", 3)[3]
    notes = re.findall(r"([a-g])(is|es)?([',]*)(\d)", music)
    assert len(notes) == len(music.split()) - 1
    heights = [KEYS[letter] + 7 * (marks.count("'") - marks.count(",")) for letter, _, marks, _ in notes]
    query = ask["query"]
    if query == "count":
        return str(len(notes))
    if query == "kind":
        return str(sum(note[3] == ask["length"] for note in notes))
    if query == "beats":
        beats = sum(Fraction(4, int(note[3])) for note in notes)
        return str(beats) if beats.denominator == 1 else f"{float(beats):g}"
    if query in ("highest", "lowest"):
        wanted = max(heights) if query == "highest" else min(heights)
        assert heights.count(wanted) == 1
    k = heights.index(wanted) if query in ("highest", "lowest") else ask["n"] - 1
    if query != "steps":
        letter, sign = notes[k][:2]
        return letter.upper() + {"is": " sharp", "es": " flat", "": ""}[sign]
    return str(abs(heights[k] - heights[k - 1]))
