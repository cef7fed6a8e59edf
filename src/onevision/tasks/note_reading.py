"""Music on a staff: name a note, count notes, find the highest, add up beats, measure steps."""

import random
from dataclasses import dataclass
from typing import Any

from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import probe_near
from onevision.tasks.staff import BOTTOM, LETTERS, Note, Staff
from onevision.types import Description

WORDINGS = {
    "name": (
        "What is the name of note number {n}?",
        "Name the {nth} note.",
        "Which note is the {nth} one?",
        "From the left, what is note {n} called?",
        "What is the letter name of the {nth} note, with sharp or flat if it has one?",
    ),
    "count": (
        "How many notes are there?",
        "Count the notes on the staff.",
        "What is the number of notes?",
        "How many notes does the line of music have?",
        "How many note heads do you see?",
    ),
    "kind": (
        "How many {kind} notes are there?",
        "Count the {kind} notes.",
        "What is the number of {kind} notes?",
        "How many of the notes are {kind} notes?",
        "How many {kind} notes does the music have?",
    ),
    "highest": (
        "What is the name of the highest note?",
        "Name the highest note.",
        "Which note is the highest one? Answer with its name.",
        "What is the highest note of the line called?",
        "Find the highest note and say its letter name, with sharp or flat if it has one.",
    ),
    "lowest": (
        "What is the name of the lowest note?",
        "Name the lowest note.",
        "Which note is the lowest one? Answer with its name.",
        "What is the lowest note of the line called?",
        "Find the lowest note and say its letter name, with sharp or flat if it has one.",
    ),
    "beats": (
        "How many quarter-note beats do all the notes last together?",
        "If a quarter note is one beat, how many beats are there?",
        "Add up the lengths of the notes, in quarter notes.",
        "How long is the music in beats, a quarter note being one beat?",
        "What is the total length of the notes in quarter notes?",
    ),
    "steps": (
        "How many steps, from line to space or space to line, are between the {nth} note and the one before it?",
        "By how many staff steps does the {nth} note differ from the note before?",
        "Count the steps on the staff from the note before to note {n}.",
        "How many places, lines and spaces alike, does the {nth} note move from the note before?",
        "How many lines and spaces up or down is it from the note before to note {n}?",
    ),
}
"""Query -> how it is asked."""
KINDS = {"1": "whole", "2": "half", "4": "quarter", "8": "eighth"}
BEATS = {"1": 8, "2": 4, "4": 2, "8": 1}
"""Length -> how many eighths."""
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


@dataclass(frozen=True)
class NoteReadingConfig(Config):
    """notes: fewest and most; clefs, lengths: which occur; reach: how far below and above the staff notes may lie, in steps;
    signs: how often a note has a sharp or a flat; queries: repeated to weigh."""

    notes: tuple[int, int] = (4, 7)
    clefs: tuple[str, ...] = ("treble", "bass")
    lengths: tuple[str, ...] = ("2", "4", "4", "8", "1")
    reach: int = 3
    signs: float = 0.15
    queries: tuple[str, ...] = ("name", "name", "name", "highest", "lowest", "beats", "steps")


class NoteReading(Task):
    """One staff with a clef and single notes; its Description is LilyPond."""

    name = "note_reading"
    version = 2
    Config = NoteReadingConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        plain = {"variety": 0, "size": (224, 448), "clefs": ("treble",), "signs": 0.0, "lengths": ("4",)}
        presets: dict[int, dict[str, Any]] = {
            1: plain | {"notes": (1, 5), "reach": 0, "queries": ("name", "name", "name", "name", "name", "count")},
            2: plain | {"notes": (2, 6), "reach": 0, "lengths": ("2", "4"),
                "queries": ("name", "name", "name", "count", "kind", "highest", "highest", "lowest", "lowest")},
            3: {"notes": (3, 5), "reach": 2, "signs": 0.0, "lengths": ("2", "4", "1"), "variety": 1, "size": (224, 700)},
            4: {},
            5: {"notes": (6, 10), "reach": 5, "signs": 0.3, "size": (300, 1200),
                "queries": ("name", "name", "name", "highest", "lowest", "beats", "steps")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: NoteReadingConfig) -> Item:
        query, asked = rng.choice(config.queries), None
        while asked is None:
            clef, notes = _music(rng, config)
            asked = _ask(rng, notes, query)
        fields, answer, ask, steps = asked
        question = rng.choice(WORDINGS[query]).format(**fields)
        description = Description("lilypond", f"{{ \\clef {clef} {' '.join(note.lilypond for note in notes)} }}")
        self.claim(description, question)
        staff = Staff(rng, clef, notes, config.size, config.reach, config.variety, config.renderer)
        image = staff.canvas.image(rng)
        self.claim_picture(image)
        probes = tuple(probe_near(image, at, staff.ink) for at in staff.spots)
        return Item(image, question, answer, description, steps, {"query": query} | ask, probes=probes)


def _music(rng: random.Random, config: NoteReadingConfig) -> tuple[str, list[Note]]:
    """A clef and notes that move by small steps and leaps. Every note shows its own sign, and notes of one letter have the same:
    there is no key signature, and no doubt how far a sign reaches."""
    clef = rng.choice(config.clefs)
    low, high = BOTTOM[clef] - config.reach, BOTTOM[clef] + 8 + config.reach
    notes: list[Note] = []
    signs = {letter: rng.choice(("is", "es")) if rng.random() < config.signs else "" for letter in LETTERS}
    for _ in range(rng.randint(*config.notes)):
        near = rng.random() < 0.6 and notes
        step = notes[-1].step + rng.randint(-3, 3) if near else rng.randint(low, high)
        step = max(low, min(high, step))
        notes.append(Note(step, signs[LETTERS[step % 7]], rng.choice(config.lengths)))
    return clef, notes


Asked = tuple[dict[str, Any], str, dict[str, Any], str]
"""fields of the wording, answer, ask, steps"""


def _ask(rng: random.Random, notes: list[Note], query: str) -> Asked | None:
    if query == "count":
        walk = " ".join(f"{k} {note.lilypond}" for k, note in enumerate(notes, start=1))
        return {}, str(len(notes)), {}, f"{walk}\n{len(notes)}"
    if query == "kind":
        return _counted(notes, rng.choice(sorted({note.length for note in notes})))
    if query == "beats":
        return _beats(notes)
    if query in ("highest", "lowest"):
        return _extreme(notes, query)
    k = rng.randrange(1 if query == "steps" else 0, len(notes)) if len(notes) > 1 or query == "name" else 0
    fields = {"n": k + 1, "nth": ORDINALS[k]}
    walk = " ".join(f"{place} {note.pitch}" for place, note in enumerate(notes[: k + 1], start=1))
    if query == "name":
        return fields, notes[k].name, {"n": k + 1}, f"{walk}\n{notes[k].name}"
    a, b = notes[k - 1], notes[k]
    gap = abs(b.step - a.step)
    return fields, str(gap), {"n": k + 1}, f"{walk}\n{_ladder(a.step, b.step)}\n{gap}"


def _ladder(a: int, b: int) -> str:
    """Every step from one note to another, counted from 0."""
    path = range(a, b + (1 if b >= a else -1), 1 if b >= a else -1)
    return " ".join(f"{k} {Note(step, '', '').pitch}" for k, step in enumerate(path))


def _counted(notes: list[Note], length: str) -> Asked:
    count, walk = 0, []
    for note in notes:
        count += note.length == length
        walk.append(f"{note.lilypond}: {count if note.length == length else 'no'}")
    return {"kind": KINDS[length]}, str(count), {"length": length}, "\n".join([*walk, str(count)])


def _beats(notes: list[Note]) -> Asked | None:
    total, walk = 0, []
    for note in notes:
        total += BEATS[note.length]
        walk.append(f"{note.lilypond}: {BEATS[note.length] / 2:g}, {total / 2:g}")
    return {}, f"{total / 2:g}", {}, "\n".join([*walk, f"{total / 2:g}"])


def _extreme(notes: list[Note], query: str) -> Asked | None:
    """The highest or lowest so far, note by note; None where two share the line or space."""
    sense = 1 if query == "highest" else -1
    best, walk = 0, [f"1 {notes[0].pitch}"]
    for k, note in enumerate(notes[1:], start=1):
        old = notes[best]
        sign = ">" if note.step > old.step else "<" if note.step < old.step else "="
        best = k if sense * (note.step - old.step) > 0 else best
        walk.append(f"{k + 1} {note.pitch} {sign} {old.pitch}: {notes[best].pitch}")
    if [note.step for note in notes].count(notes[best].step) > 1:
        return None
    return {}, notes[best].name, {}, "\n".join([*walk, notes[best].name])
