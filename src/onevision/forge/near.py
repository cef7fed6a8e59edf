"""Near-duplicates in the mix, and items near a benchmark's: what is dropped before anything is paid for.

Pictures: the perceptual hash of imagehash (DCT, 256 bits). Questions: MinHash over three-word sequences (Broder 1997), options
included. An item is a duplicate when its pictures and its question are both near an earlier item's; it is kept out when its picture
is near a benchmark's picture, or its question, if it is long enough to tell an item, near a benchmark's question.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from PIL.Image import Image

from onevision.errors import MissingPartError
from onevision.forge.recipe import Near
from onevision.types import Problem

BITS = 256
BANDS = 16
"""Two hashes that differ in at most 15 bits have one of 16 bands in common."""

PERMUTATIONS = 64
SCHEME = "affine32"


@dataclass(frozen=True)
class Print:
    """What is compared. pictures: (n, 32) uint8, a hash each; question: (64,) MinHash values; words: of the question;
    name: of the item, for the report."""

    name: str
    pictures: np.ndarray
    question: np.ndarray
    words: int


def fingerprint(problem: Problem) -> Print:
    """Raises MissingPartError without imagehash and datasketch."""
    text = " ".join((problem.question, *(problem.choices or ())))
    words = re.findall(r"\w+", text.casefold())
    pictures = np.stack([picture_hash(image) for image in problem.images]) if problem.images else np.zeros((0, BITS // 8), np.uint8)
    return Print(problem.id, pictures, question_hash(tuple(words)), len(words))


def picture_hash(image: Image) -> np.ndarray:
    """(32,) uint8: 256 bits, mostly the same after scaling and JPEG."""
    return np.packbits(_package("imagehash").phash(image, hash_size=16).hash.ravel())


@lru_cache(maxsize=4096)
def question_hash(words: tuple[str, ...]) -> np.ndarray:
    """(64,) MinHash values of the three-word sequences; a shorter question is one sequence."""
    sketch = _package("datasketch").MinHash(num_perm=PERMUTATIONS, seed=1, scheme=SCHEME)
    sketch.update_batch([" ".join(words[start : start + 3]).encode() for start in range(max(1, len(words) - 2))])
    return np.asarray(sketch.hashvalues)


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise MissingPartError("near-duplicates need imagehash and datasketch: pip install 'onevision[forge]' (or near: false)") from None


class Pictures:
    """Hashes by number; every one within `bits` of a given one is found."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self._hashes: list[np.ndarray] = []
        self._owners: list[int] = []
        self._bands: list[dict[bytes, list[int]]] = [defaultdict(list) for _ in range(BANDS)]

    def add(self, owner: int, hashes: np.ndarray) -> None:
        """hashes: (n, 32) of one owner's pictures."""
        for one in hashes:
            for band, key in zip(self._bands, _keys(one), strict=True):
                band[key].append(len(self._hashes))
            self._hashes.append(one)
            self._owners.append(owner)

    def near(self, one: np.ndarray) -> set[int]:
        """The owners of hashes near this one."""
        found = {place for band, key in zip(self._bands, _keys(one), strict=True) for place in band.get(key, ())}
        if not found:
            return set()
        places = np.fromiter(found, int)
        distances = np.bitwise_count(np.stack([self._hashes[place] for place in places]) ^ one).sum(1)
        return {self._owners[place] for place in places[distances <= self.bits]}


def _keys(one: np.ndarray) -> list[bytes]:
    return [one[start : start + 2].tobytes() for start in range(0, len(one), 2)]


def similar(left: np.ndarray, right: np.ndarray) -> float:
    """The Jaccard index of two questions as their sketches estimate it."""
    return float((left == right).mean())


class Questions:
    """Sketches by number, found by similarity with datasketch's MinHashLSH."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._index = _package("datasketch").MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
        self._sketches: dict[int, np.ndarray] = {}

    def add(self, number: int, sketch: np.ndarray) -> None:
        """Take a question in."""
        self._sketches[number] = sketch
        self._index.insert(number, _minhash(sketch))

    def near(self, sketch: np.ndarray) -> list[int]:
        """Numbers of questions at least `threshold` alike."""
        return [n for n in self._index.query(_minhash(sketch)) if similar(self._sketches[n], sketch) >= self.threshold]


def _minhash(sketch: np.ndarray) -> Any:
    return _package("datasketch").MinHash(num_perm=PERMUTATIONS, seed=1, hashvalues=sketch, scheme=SCHEME)


class KeptOut:
    """The items of a benchmark that must not get into the data."""

    def __init__(self, name: str, problems: Iterable[Problem], near: Near) -> None:
        self.name, self.limits = name, near
        self.prints = [fingerprint(problem) for problem in problems]
        self.pictures, self.questions = Pictures(near.picture), Questions(near.question)
        for number, one in enumerate(self.prints):
            self.pictures.add(number, one.pictures)
            if one.words >= near.words:
                self.questions.add(number, one.question)

    def objection(self, one: Print) -> tuple[str, str] | None:
        """("picture" | "question", the benchmark item's id) where the item is near one."""
        for picture in one.pictures:
            if found := self.pictures.near(picture):
                return "picture", self.prints[min(found)].name
        if one.words >= self.limits.words and (near := self.questions.near(one.question)):
            return "question", self.prints[min(near)].name
        return None


class Seen:
    """The items of the mix so far."""

    def __init__(self, near: Near) -> None:
        self.limits, self.prints = near, dict[int, Print]()
        self.pictures, self.questions = Pictures(near.picture), Questions(near.question)

    def add(self, number: int, one: Print) -> tuple[bool, int | None]:
        """(whether its pictures are near an earlier item's, the earlier item that it repeats). One that repeats none is kept."""
        near = set.intersection(*(self.pictures.near(picture) for picture in one.pictures)) if len(one.pictures) else set()
        candidates: Sequence[int] = sorted(near) if len(one.pictures) else sorted(self.questions.near(one.question))
        repeated = next((n for n in candidates if self._same(self.prints[n], one)), None)
        if repeated is None:
            self.prints[number] = one
            self.pictures.add(number, one.pictures)
            if not len(one.pictures):
                self.questions.add(number, one.question)
        return bool(near), repeated

    def _same(self, earlier: Print, one: Print) -> bool:
        return len(earlier.pictures) == len(one.pictures) and similar(earlier.question, one.question) >= self.limits.question
