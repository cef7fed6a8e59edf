r"""Music in LilyPond (lilypond.org, notation manual), by its syntax: notes, rests, chords, durations, the usual commands, lyrics.

\relative c' { \clef treble \key g \major \time 3/4 d4 g8 a b c | d4 g, g }

A tokenizer and a grammar of our own; Scheme (#...) is checked for its brackets only and nothing is run.
"""

import re

from onevision.errors import InputError
from onevision.formal.lilypond.music import Music
from onevision.formal.lilypond.tokens import Score
from onevision.formal.lilypond.words import LANGUAGES

__all__ = ["Score", "parse", "summary"]


def parse(text: str) -> Score:
    """What is in the music; raises InputError naming the line and the token that does not belong."""
    reader = _Reader(text)
    reader.file()
    if not reader.score.notes:
        raise InputError("lilypond: no notes")
    return reader.score


def summary(score: Score) -> str:
    """What is in it, in a few words."""
    return f"{score.notes} notes and rests" + (f", {score.staves} staves" if score.staves else "")


_BLOCKS = ("\\header", "\\paper", "\\layout", "\\midi")


class _Reader(Music):
    """What a file is made of: settings, assignments, scores, music."""

    def file(self) -> None:
        while self.peek.kind != "end":
            token = self.peek
            if token.text in ("\\version", "\\language"):
                self._version()
            elif token.text in _BLOCKS:
                self._settings()
            elif token.kind in ("word", "string") and self.after.text == "=":
                self._assignment()
            elif token.text in ("\\score", "\\book", "\\bookpart"):
                self._score()
            else:
                self.music()

    def _version(self) -> None:
        command, value = self.take().text, self.string()
        if command == "\\language":
            if value not in LANGUAGES:
                raise self._error(f"\\language {value!r} is not one of {', '.join(LANGUAGES)}")
            self.pitch = LANGUAGES[value]
        elif not re.fullmatch(r"\d+\.\d+(?:\.\d+)?", value):
            raise self._error(f"\\version {value!r} is no version such as 2.24.0")

    def _settings(self) -> None:
        """{ name = value ... }, with \\context { } inside layouts."""
        self.take()
        for token in self.block():
            if token.text == "\\context":
                self.take()
                self.with_block()
            elif token.kind == "scheme":
                self.scheme()
            elif token.text in ("\\tempo", "\\override", "\\set"):
                self.command(self.take().text)
            else:
                self.path()
                self.expect("=")
                self.value()

    def _assignment(self) -> None:
        name = self.take().text
        self.expect("=")
        self.value()
        self.score.names.add(name)

    def value(self) -> None:
        """What may stand behind '=': a string, a number with a unit, Scheme, settings, markup, music."""
        token = self.peek
        if token.kind == "scheme":
            self.scheme()
        elif token.kind == "string" or (token.kind == "word" and not self.pitch.fullmatch(token.text)):
            self.take()
        elif token.kind == "number" or token.text == "-":
            self._quantity()
        elif token.text in _BLOCKS:
            self._settings()
        else:
            self.music()

    def _quantity(self) -> None:
        """-12.5\\mm, 3/4"""
        if self.peek.text == "-":
            self.take()
        self.number()
        while self.attached("/"):
            self.take()
            self.number()
        if re.fullmatch(r"\\(?:cm|mm|in|pt|staff-space)", self.peek.text):
            self.take()

    def _score(self) -> None:
        self.take()
        for token in self.block():
            if token.text in _BLOCKS:
                self._settings()
            elif token.text in ("\\score", "\\bookpart"):
                self._score()
            else:
                self.music()
