"""LilyPond's tokens, and a reader that walks over them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from onevision.errors import InputError
from onevision.formal.lilypond.words import DUTCH

_TOKENS = re.compile(
    r"(?P<comment>%\{.*?%\}|%[^\n]*)|(?P<string>\"(?:\\.|[^\"\\])*\")|(?P<command>\\[A-Za-z]+(?:[-_][A-Za-z]+)*|\\[<>!()\[\]\\=]|\\\d+)"
    r"|(?P<scheme>[#$])|(?P<open><<|[{<])|(?P<close>>>|[}>])|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z\u00c0-\uffff]+(?:['\u2019-](?=[A-Za-z])[A-Za-z]+)*)|(?P<mark>--|__|[-_^]|['\u2019,]+|[.*/:;+=~|()\[\]!?&])",
    re.DOTALL,
)


@dataclass
class Score:
    """notes: notes, chords and rests written; staves: \\new Staff and its kin; names: what was assigned."""

    notes: int = 0
    staves: int = 0
    names: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Token:
    """kind: a group of the pattern above, or "end"; spaced: whether white space stands before it."""

    kind: str
    text: str
    at: int
    spaced: bool


class Tokens:
    """The tokens of a text with a place among them, and what was read so far. mode: notes, chords or lyrics; depth, blocks: how many
    expressions of music and blocks in braces are open."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = self.depth = self.blocks = 0
        self.score = Score()
        self.pitch = DUTCH
        self.mode = "notes"
        self.tokens = [Token("end", "", len(text), True)]
        self.tokens = [*self._tokenize(text), *self.tokens]

    def _tokenize(self, text: str) -> list[Token]:
        tokens, at = [], 0
        while at < len(text):
            start = at
            while at < len(text) and text[at].isspace():
                at += 1
            if at == len(text):
                break
            match = _TOKENS.match(text, at)
            if not match:
                raise self._error(f"{text[at]!r} is no part of LilyPond's language", at)
            if match.lastgroup != "comment":
                tokens.append(Token(str(match.lastgroup), match[0], at, at > start))
            at = match.end()
        return tokens

    @property
    def peek(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.at]

    @property
    def after(self) -> Token:
        """The token after the next."""
        return self.tokens[min(self.at + 1, len(self.tokens) - 1)]

    def take(self) -> Token:
        """The next token, gone past; the end is never gone past."""
        token = self.tokens[self.at]
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def expect(self, text: str) -> None:
        """Go past a token; raises InputError when another comes."""
        token = self.take()
        if token.text != text:
            raise self._wanted(repr(text), token)

    def block(self) -> Iterator[Token]:
        """Go through what stands in braces: gives the next token until it is the closing one; the caller goes past what it begins."""
        self.expect("{")
        self.blocks += 1
        self.check_depth()
        while self.peek.text != "}":
            yield self.peek
        self.blocks -= 1
        self.take()

    def check_depth(self) -> None:
        """Raises InputError where more is open than any music needs, before Python's own stack is at its end."""
        if self.depth + self.blocks > 60:
            raise self._error("brackets nest too deep")

    def attached(self, *texts: str) -> bool:
        """Whether the next token is one of these and stands close to the one before."""
        return self.peek.text in texts and not self.peek.spaced

    def word(self, what: str) -> str:
        """The next token, which is a word."""
        return self._of("word", what)

    def number(self) -> str:
        """The next token, which is a number."""
        return self._of("number", "a number")

    def string(self) -> str:
        """What stands in the quotes of the next token."""
        return self._of("string", "a string in quotes")[1:-1]

    def name(self) -> str:
        """The next token, a string or a word."""
        return self.take().text if self.peek.kind == "word" else self.string()

    def _of(self, kind: str, what: str) -> str:
        token = self.take()
        if token.kind != kind:
            raise self._wanted(what, token)
        return token.text

    def _wanted(self, what: str, token: Token) -> InputError:
        return self._error(f"{what} was expected, not {token.text or 'the end of the text'!r}", token.at)

    def _error(self, words: str, at: int | None = None) -> InputError:
        place = self.peek.at if at is None else at
        return InputError(f"lilypond: line {self.text.count(chr(10), 0, place) + 1}: {words}")
