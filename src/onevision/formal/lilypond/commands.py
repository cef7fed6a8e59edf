"""What follows each command: a clef, a key, a repeat, a context, markup, Scheme."""

import re

from onevision.formal.lilypond.tokens import Tokens
from onevision.formal.lilypond.words import ALIASES, CLEFS, CONTEXTS, DURATIONS, MODES, PLAIN

_DATUM = re.compile(r"#?'?`?(?:\"(?:\\.|[^\"\\])*\"|[^\s(){}\"]+)|'?`?(?=\()")
_BRACKETS = re.compile(r"\"(?:\\.|[^\"\\])*\"|[()]")


class Commands(Tokens):
    """Reads commands; music, pitches and values are read by what is built on it."""

    def music(self) -> None:
        """One expression of music."""
        raise NotImplementedError

    def read_pitch(self) -> None:
        """A note's name with its octave."""
        raise NotImplementedError

    def value(self) -> None:
        """What may stand behind '='."""
        raise NotImplementedError

    def command(self, text: str) -> None:
        """What belongs to a command that was gone past; raises InputError for an unknown one."""
        name = text[1:]
        if name in PLAIN or name.isdigit() or name in self.score.names:
            return
        reader = getattr(self, f"_cmd_{ALIASES.get(name, name)}", None)
        if reader is None:
            raise self._error(f"{text} is no command known here, nor a name given before")
        reader()

    def _cmd_clef(self) -> None:
        name = self.name()
        if not CLEFS.fullmatch(name):
            raise self._error(f"{name!r} is no clef")

    def _cmd_key(self) -> None:
        if self.peek.text == "\\default":
            self.take()
            return
        self.read_pitch()
        mode = self.take()
        if mode.text.removeprefix("\\") not in MODES:
            raise self._wanted("\\major, \\minor or another mode after \\key", mode)

    def _cmd_time(self) -> None:
        if self.peek.kind == "scheme":
            self.scheme()
        above = self.number()
        self.expect("/")
        below = self.number()
        if above == "0" or below not in DURATIONS:
            raise self._error(f"{above}/{below} is no time signature")

    def _cmd_tempo(self) -> None:
        if self.peek.kind == "string":
            self.take()
        elif self.peek.text == "\\markup":
            self.take()
            self.markup()
        if self.peek.kind == "number" and self.after.text in ("=", "."):
            self._beats()

    def _beats(self) -> None:
        """4. = 60, or 4 = 100 - 120"""
        if self.take().text not in DURATIONS:
            raise self._error("a duration was expected after \\tempo")
        while self.peek.text == ".":
            self.take()
        self.expect("=")
        self.number()
        if self.peek.text == "-" and self.after.kind == "number":
            self.take()
            self.number()

    def _cmd_partial(self) -> None:
        if self.number().partition(".")[0] not in DURATIONS:
            raise self._error("a duration was expected after \\partial")
        self.dots()

    def dots(self) -> None:
        """What makes a duration longer or scales it: dots, *2/3."""
        while self.attached(".", "*"):
            if self.take().text == "*":
                self.number()
                if self.peek.text == "/":
                    self.take()
                    self.number()

    def _cmd_bar(self) -> None:
        value = self.string()
        if not re.fullmatch(r"[|.:;!'\[\]SsBkF-]*", value):
            raise self._error(f"{value!r} is no bar line")

    def _cmd_repeat(self) -> None:
        kind = self.name()
        if kind not in ("volta", "unfold", "percent", "tremolo", "segno"):
            raise self._error(f"\\repeat {kind}: volta, unfold, percent or tremolo was expected")
        self.number()
        self.music()
        if self.peek.text == "\\alternative":
            self.take()
            for _ in self.block():
                self.music()

    def _cmd_volta(self) -> None:
        self.number()
        while self.peek.text == ",":
            self.take()
            self.number()
        self.music()

    def _cmd_tuplet(self) -> None:
        self.number()
        self.expect("/")
        self.number()
        if self.peek.kind == "number":
            self.number()
        self.music()

    def _cmd_relative(self) -> None:
        if self.peek.kind == "word" and self.mode == "notes":
            self.read_pitch()
        self.music()

    def _cmd_transpose(self) -> None:
        self.read_pitch()
        self.read_pitch()
        self.music()

    def _cmd_grace(self) -> None:
        self.music()

    def _cmd_afterGrace(self) -> None:
        self.music()
        self.music()

    def _cmd_new(self) -> None:
        token = self.take()
        if token.text not in CONTEXTS:
            raise self._wanted("a context such as Staff or Voice", token)
        self.score.staves += token.text.endswith("Staff")
        if self.peek.text == "=":
            self.take()
            self.name()
        if self.peek.text == "\\with":
            self.take()
            self.with_block()
        self._in_mode("lyrics" if token.text == "Lyrics" else self.mode)

    def _in_mode(self, mode: str) -> None:
        outer, self.mode = self.mode, mode
        self.music()
        self.mode = outer

    def _cmd_lyrics(self) -> None:
        if self.peek.text == "\\lyricsto":
            self.take()
            self.name()
        self._in_mode("lyrics")

    def _cmd_lyricsto(self) -> None:
        self.name()
        self._in_mode("lyrics")

    def _cmd_chords(self) -> None:
        self._in_mode("chords")

    def _cmd_markup(self) -> None:
        self.markup()

    def _cmd_mark(self) -> None:
        if self.peek.text == "\\default":
            self.take()
        else:
            self.value()

    def _cmd_once(self) -> None:
        if self.peek.text not in ("\\override", "\\set", "\\revert", "\\unset", "\\hide", "\\omit"):
            raise self._error("\\override or \\set was expected after \\once")
        self.command(self.take().text)

    def _cmd_override(self) -> None:
        self.path()
        self.expect("=")
        self.value()

    def _cmd_revert(self) -> None:
        self.path()

    def _cmd_change(self) -> None:
        self.path()
        self.expect("=")
        self.name()

    def _cmd_ottava(self) -> None:
        if self.peek.kind == "scheme":
            self.scheme()
            return
        if self.peek.text == "-":
            self.take()
        self.number()

    def path(self) -> None:
        """Staff.TimeSignature.color"""
        self.word("a property")
        while self.attached(".", "-"):
            self.take()
            self.word("a property")

    def with_block(self) -> None:
        """What stands in the braces of \\with and \\context."""
        for token in self.block():
            self.take()
            if token.text in ("\\override", "\\set", "\\revert", "\\unset"):
                self.command(token.text)
            elif token.text in ("\\consists", "\\remove", "\\accepts", "\\denies", "\\alias", "\\type"):
                self.name()
            elif token.kind == "word" and self.peek.text == "=":
                self.take()
                self.value()
            elif token.kind != "command" or token.text[1:] not in CONTEXTS | PLAIN:
                raise self._error(f"{token.text or 'the end of the text'!r} does not belong into this block", token.at)

    def markup(self) -> None:
        """Words, strings, commands, nested braces: free text but for its brackets."""
        depth = 0
        while True:
            if self.peek.kind == "scheme":
                self.scheme()
                continue
            token = self.take()
            if token.kind == "end":
                raise self._error("\\markup is not closed", token.at)
            depth += (token.text == "{") - (token.text == "}")
            if depth < 0:
                raise self._error("'}' closes no markup", token.at)
            if not depth and token.kind != "command":
                return

    def scheme(self) -> None:
        """#t, #'symbol, #10, #"text", #(list ...): one datum, its brackets closed. It is not run."""
        start = self.take().at + 1
        match = _DATUM.match(self.text, start)
        if not match:
            raise self._error("Scheme was expected after '#'", start)
        end = self._closing(match.end()) if self.text[match.end() : match.end() + 1] == "(" else match.end()
        while self.peek.kind != "end" and self.peek.at < end:
            self.take()

    def _closing(self, start: int) -> int:
        depth = 0
        for match in _BRACKETS.finditer(self.text, start):
            depth += (match[0] == "(") - (match[0] == ")")
            if not depth:
                return match.end()
        raise self._error("'(' is not closed", start)
