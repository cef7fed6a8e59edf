"""Notes, rests, chords, groups and lyrics, and what hangs on them."""

import re

from onevision.formal.lilypond.commands import Commands
from onevision.formal.lilypond.tokens import Token
from onevision.formal.lilypond.words import DURATIONS, PLAIN

_LYRICS = set("-- __ _ - ~ ' \u2019 , . ! ? ; : | ( ) * =".split())
_SCRIPTS = set(". - -- > ^ _ + ! ( ) [ ] ~ '".split())


class Music(Commands):
    """A recursive descent over music."""

    def music(self) -> None:
        """One expression of music; raises InputError for what is none."""
        self.depth += 1
        self.check_depth()
        if self.peek.kind == "scheme":
            self.scheme()
        else:
            self._expression(self.take())
        self.depth -= 1

    def _expression(self, token: Token) -> None:
        inside = self.depth > 1
        if token.text in ("{", "<<"):
            self._group("}" if token.text == "{" else ">>")
        elif token.text == "<" and self.mode == "notes":
            self._chord()
        elif token.kind == "command":
            self.command(token.text)
        elif self.mode == "lyrics":
            self._syllable(token)
        elif token.kind == "word":
            self._note(token)
        elif inside and token.text in ("-", "^", "_"):
            self._script()
        elif not inside or token.text not in ("~", "|", "(", ")", "[", "]", "--"):  # ties, slurs, beams, a tenuto
            raise self._error(f"{token.text or 'the end of the text'!r} is no music", token.at)

    def _group(self, closing: str) -> None:
        while self.peek.text != closing:
            if self.peek.kind in ("end", "close"):
                raise self._wanted(repr(closing), self.peek)
            if closing == ">>" and self.peek.text == "\\\\":
                self.take()
            else:
                self.music()
        self.take()

    def _note(self, token: Token) -> None:
        if token.text not in ("r", "s", "R", "q", "x") and not self.pitch.fullmatch(token.text):
            raise self._error(f"{token.text!r} is no note, rest or command", token.at)
        self._octave()
        self._duration()
        if self.mode == "chords":
            self._chord_name()
        elif self.attached(":"):  # tremolo
            self.take()
            self.number()
        self.score.notes += 1

    def read_pitch(self) -> None:
        """A note's name with its octave."""
        token = self.take()
        if token.kind != "word" or not self.pitch.fullmatch(token.text):
            raise self._error(f"{token.text or 'the end of the text'!r} is no pitch", token.at)
        self._octave()

    def _octave(self) -> None:
        while self.peek.kind == "mark" and re.fullmatch(r"['\u2019,]+|[!?]", self.peek.text) and not self.peek.spaced:
            self.take()
        if self.attached("="):  # octave check
            self.take()
            if re.fullmatch(r"['\u2019,]+", self.peek.text):
                self.take()

    def _duration(self) -> None:
        if self.peek.text in ("\\breve", "\\longa", "\\maxima"):
            self.take()
        elif self.peek.kind == "number" and not self.peek.spaced:
            number = self.take()
            if number.text.partition(".")[0] not in DURATIONS:
                raise self._error(f"{number.text} is no duration: 1, 2, 4, 8, 16, 32, 64 or 128", number.at)
        else:
            return
        self.dots()

    def _chord(self) -> None:
        """<c e g>4"""
        count = 0
        while self.peek.text != ">":
            if self.peek.kind == "command":
                self._tweak()
            elif self.peek.text in ("-", "^", "_"):
                self.take()
                self._script()
            else:
                self.read_pitch()
                count += 1
        if not count:
            raise self._error("a chord has notes")
        self.take()
        self._duration()
        self.score.notes += 1

    def _tweak(self) -> None:
        command = self.take().text
        if command == "\\tweak":
            self.path()
            self.value()
        elif command[1:] not in PLAIN and not command[1:].isdigit():
            raise self._error(f"{command} does not belong into a chord")

    def _chord_name(self) -> None:
        """:m7.5-, :maj7, :sus4/g"""
        if self.attached(":"):
            self.take()
            while not self.peek.spaced and (self.peek.kind in ("number", "word") or self.peek.text in (".", "-", "+", "^")):
                token = self.take()
                if token.kind == "word" and token.text not in ("m", "maj", "dim", "aug", "sus", "min"):
                    raise self._error(f"{token.text!r} is no kind of chord", token.at)
        if self.attached("/"):
            self.take()
            if self.peek.text == "+":
                self.take()
            self.read_pitch()

    def _syllable(self, token: Token) -> None:
        """A word of lyrics, a hyphen or an extender, maybe with a duration."""
        if token.kind not in ("word", "string", "number") and token.text not in _LYRICS:
            raise self._error(f"{token.text or 'the end of the text'!r} is no part of lyrics", token.at)

    def _script(self) -> None:
        """What stands behind -, ^ or _: an articulation, a fingering, a text, markup."""
        token = self.take()
        if token.kind == "command":
            self.command(token.text)
        elif token.kind not in ("string", "number") and token.text not in _SCRIPTS:
            raise self._error(f"{token.text or 'the end of the text'!r} is no articulation", token.at)
