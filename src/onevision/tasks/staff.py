"""A staff of music, drawn: clefs, notes with their stems, flags, ledger lines and signs."""

import math
import random
from dataclasses import dataclass

from onevision.tasks.canvas import XY, Canvas, Renderer, Style, picture_size

LETTERS = "cdefgab"
BOTTOM = {"treble": 4 * 7 + 2, "bass": 2 * 7 + 4}
"""Clef -> the note on its lowest line: steps above the C of octave 0."""
SIGNS = {"is": "♯", "es": "♭", "": ""}


@dataclass(frozen=True)
class Note:
    """step: on the white keys, above the C of octave 0; sign: "", "is" or "es"; length: of KINDS."""

    step: int
    sign: str
    length: str

    @property
    def pitch(self) -> str:
        """As in LilyPond: c' is middle C, the C of octave 4."""
        octave = self.step // 7
        return LETTERS[self.step % 7] + self.sign + ("'" * (octave - 3) if octave > 3 else "," * (3 - octave))

    @property
    def lilypond(self) -> str:
        """Pitch and length."""
        return self.pitch + self.length

    @property
    def name(self) -> str:
        """As people say it."""
        return LETTERS[self.step % 7].upper() + {"is": " sharp", "es": " flat", "": ""}[self.sign]


# Middle lines of the clefs' strokes, in the distance between two staff lines: x to the right, y up from the lowest line.
TREBLE: tuple[XY, ...] = (
    (-0.1, 0.6), (-0.42, 0.95), (-0.2, 1.45), (0.35, 1.5), (0.8, 1.0), (0.6, 0.25), (0.0, 0.0), (-0.75, 0.2), (-1.1, 0.95), (-0.85, 1.8),
    (-0.2, 2.6), (0.35, 3.3), (0.5, 4.1), (0.3, 4.9), (0.02, 4.7), (-0.12, 3.9), (0.05, 2.6), (0.3, 0.8), (0.42, -0.7),
    (0.2, -1.4), (-0.25, -1.4),
)  # fmt: skip
BASS: tuple[XY, ...] = (
    (-0.75, 3.0), (-0.7, 3.6), (-0.1, 4.0), (0.5, 3.65), (0.6, 2.8), (0.3, 1.8), (-0.3, 1.05), (-0.9, 0.6),
)  # fmt: skip


def _smooth(points: tuple[XY, ...]) -> list[XY]:
    """A Catmull-Rom spline through the points."""
    whole, path = [points[0], *points, points[-1]], []
    for p0, p1, p2, p3 in zip(whole, whole[1:], whole[2:], whole[3:], strict=False):
        for k in range(6):
            t = k / 6
            x, y = (0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - 3 * c + d - a) * t**3)
                    for a, b, c, d in zip(p0, p1, p2, p3, strict=True))  # fmt: skip
            path.append((x, y))
    return [*path, points[-1]]


class Staff:
    """One line of music on its canvas. reach: most steps that a note lies below or above the staff.

    gap: pixels between two staff lines; spots: where there must be ink.
    """

    def __init__(self, rng: random.Random, clef: str, notes: list[Note], size: tuple[int, int], reach: int, variety: int,
                 renderer: Renderer = "own") -> None:  # fmt: skip
        style = Style.sample(rng, variety, renderer)
        wide, high = 4.5 + len(notes) * 2.6, 7.5 + reach
        aspect = min(3.2, max(0.9, wide / high))
        self.canvas = Canvas(*picture_size(rng, size, (aspect * 0.92, aspect * 1.08)), style)
        self.gap = min(self.canvas.width / wide, self.canvas.height / high)
        self.left = (self.canvas.width - wide * self.gap) / 2
        self.bottom = self.canvas.height / 2 + 2 * self.gap
        self.ink = style.ink
        self.thin = max(1.0, self.gap * rng.uniform(0.07, 0.12))
        self.first = BOTTOM[clef]
        self.spots: list[XY] = []
        right = self.left + wide * self.gap
        for k in range(5):
            y = self.bottom - k * self.gap
            self.canvas.line([(self.left + 0.2 * self.gap, y), (right - 0.2 * self.gap, y)], self.ink, self.thin)
        self._clef(clef)
        slack = rng.uniform(2.2, 2.6) if variety else 2.5
        for k, note in enumerate(notes):
            self._note(note, self.left + (4.9 + k * slack) * self.gap)

    def _clef(self, clef: str) -> None:
        x, path = self.left + 1.9 * self.gap, TREBLE if clef == "treble" else BASS
        points = [(x + a * self.gap, self.bottom - b * self.gap) for a, b in _smooth(path)]
        self.canvas.line(points, self.ink, 0.2 * self.gap)
        right, up, size = (-0.2, -1.2, 0.3) if clef == "treble" else (-0.5, 3.0, 0.34)
        self.spots.append((x + right * self.gap, self.bottom - up * self.gap))
        self.canvas.circle(self.spots[-1], size * self.gap, self.ink)
        for up in (2.5, 3.5) if clef == "bass" else ():
            self.canvas.circle((x + 1.05 * self.gap, self.bottom - up * self.gap), 0.15 * self.gap, self.ink)

    def _note(self, note: Note, x: float) -> None:
        place, gap = note.step - self.first, self.gap
        y = self.bottom - place * gap / 2
        for ledger in [*range(-2, place - 1, -2), *range(10, place + 1, 2)]:
            at = self.bottom - ledger * gap / 2
            self.canvas.line([(x - 0.95 * gap, at), (x + 0.95 * gap, at)], self.ink, self.thin)
        hollow = note.length in ("1", "2")
        self.canvas.polygon(_head((x, y), 0.66 * gap, 0.44 * gap), self.ink)
        if hollow:
            self.canvas.polygon(_head((x, y), 0.5 * gap, 0.22 * gap), self.canvas.style.page)
        if note.length != "1":
            self._stem(note, (x, y), place < 4)
        if note.sign:
            # The flat's belly, not its middle, lies at the note's height.
            self.canvas.text(
                (x - 1.2 * gap, y - (0.35 * gap if note.sign == "es" else 0)), SIGNS[note.sign], 1.9 * gap, self.ink, "DejaVuSans.ttf"
            )
        if not hollow:
            self.spots.append((x, y))
        elif gap > 9:
            self.spots.append((x + 0.56 * gap, y - 0.2 * gap))

    def _stem(self, note: Note, head: XY, up: bool) -> None:
        gap, side = self.gap, 1 if up else -1
        x, y = head[0] + side * 0.58 * gap, head[1]
        end = y - side * 3.3 * gap
        self.canvas.line([(x, y - side * 0.1 * gap), (x, end)], self.ink, max(self.thin, 0.11 * gap))
        if note.length == "8":
            flag = [
                (x, end),
                (x + 0.35 * gap, end + side * 0.75 * gap),
                (x + 0.75 * gap, end + side * 1.3 * gap),
                (x + 0.55 * gap, end + side * 2.1 * gap),
            ]
            self.canvas.line(_smooth(tuple(flag)), self.ink, 0.2 * gap)


def _head(centre: XY, a: float, b: float) -> list[XY]:
    """A note's head: an ellipse leaning to the right."""
    turn = -0.35
    return [(centre[0] + a * math.cos(t) * math.cos(turn) - b * math.sin(t) * math.sin(turn),
             centre[1] + a * math.cos(t) * math.sin(turn) + b * math.sin(t) * math.cos(turn))
            for t in (2 * math.pi * k / 28 for k in range(28))]  # fmt: skip
