"""A molecule in SMILES (Weininger 1988; OpenSMILES specification): atoms, bonds, branches, rings, dots.

Checked are the grammar, that rings and branches close, and that no atom outside brackets has more bonds than its valence.
"""

import re
from dataclasses import dataclass, field

from onevision.errors import InputError

_ELEMENTS = frozenset(
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd "
    "In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np "
    "Pu Am Cm Bk Cf Es Fm Md No Lr b c n o p s se as *".split()
)
_VALENCE = {
    "B": 3,
    "C": 4,
    "N": 5,
    "O": 2,
    "P": 5,
    "S": 6,
    "F": 1,
    "Cl": 1,
    "Br": 1,
    "I": 5,
    "b": 3,
    "c": 4,
    "n": 5,
    "o": 2,
    "p": 5,
    "s": 6,
}
_ORDER = {"-": 1.0, "=": 2.0, "#": 3.0, "$": 4.0, ":": 1.5, "/": 1.0, "\\": 1.0, "": 1.0}

_BARE = re.compile(r"Cl|Br|[BCNOPSFI]|[bcnops]|\*")
_BRACKET = re.compile(
    r"\[(\d{1,3})?([A-Z][a-z]?|[a-z][a-z]?|\*)(@(?:@|TH[12]|AL[12]|SP[1-3])?)?(H\d?)?(\+\+|--|[+-]\d{0,2})?(?::\d{1,4})?\]"
)
_RING = re.compile(r"%\d\d|\d")


@dataclass
class Molecule:
    """atoms: element symbols, aromatic ones in lower case; bonds: (atom, atom, symbol), symbol "" where none is written."""

    atoms: list[str] = field(default_factory=list)
    bonds: list[tuple[int, int, str]] = field(default_factory=list)


def parse(text: str) -> Molecule:
    """The molecule; raises InputError naming the place where it cannot be read on."""
    text = text.strip()
    if not text:
        raise InputError("smiles: no atoms")
    return _Reader(text).read()


def summary(molecule: Molecule) -> str:
    """What is in it, in a few words."""
    return f"{len(molecule.atoms)} atoms, {len(molecule.bonds)} bonds"


class _Reader:
    """Walks over the text; `last` is the atom the next one is bound to, None at a beginning and after a dot."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.molecule = Molecule()
        self.bare: set[int] = set()
        self.bound: set[tuple[int, int]] = set()
        self.last: int | None = None
        self.bond: str | None = None
        self.branches: list[int] = []
        self.rings: dict[str, tuple[int, str]] = {}

    def read(self) -> Molecule:
        while self.at < len(self.text):
            self._step(self.text[self.at])
        if self.branches:
            raise InputError("smiles: a branch is not closed")
        if self.rings:
            raise InputError(f"smiles: ring {min(self.rings)} is not closed")
        if self.bond is not None or self.last is None:
            raise self._error("an atom")
        self._check_valences()
        return self.molecule

    def _step(self, char: str) -> None:
        if match := _BRACKET.match(self.text, self.at):
            self._atom(match[2], match.end(), bare=False)
        elif match := _BARE.match(self.text, self.at):
            self._atom(match[0], match.end(), bare=True)
        elif char in _ORDER and self.last is not None and self.bond is None:
            self.bond, self.at = char, self.at + 1
        elif (match := _RING.match(self.text, self.at)) and self.last is not None:
            self._ring(match[0].strip("%").lstrip("0") or "0", self.last)
            self.at = match.end()
        else:
            self._punctuation(char)

    def _punctuation(self, char: str) -> None:
        if self.bond is not None or self.last is None:
            raise self._error("an atom")
        opened = self.at > 0 and self.text[self.at - 1] == "("
        if char == "(" and not opened:
            self.branches.append(self.last)
        elif char == ")" and self.branches and not opened:
            self.last = self.branches.pop()
        elif char == "." and not opened:
            self.last = None
        else:
            raise self._error("an atom, a bond, a branch or a ring number")
        self.at += 1

    def _atom(self, symbol: str, end: int, bare: bool) -> None:
        if symbol not in _ELEMENTS:
            raise self._error("a chemical element")
        number = len(self.molecule.atoms)
        self.molecule.atoms.append(symbol)
        if bare:
            self.bare.add(number)
        if self.last is not None:
            self._bind(self.last, number, self.bond or "")
        self.last, self.bond, self.at = number, None, end

    def _ring(self, number: str, atom: int) -> None:
        bond = self.bond or ""
        self.bond = None
        if number not in self.rings:
            self.rings[number] = (atom, bond)
            return
        other, first = self.rings.pop(number)
        if other == atom or (other, atom) in self.bound or (first and bond and first != bond and {first, bond} != {"/", "\\"}):
            raise self._error(f"ring {number} between two atoms that are not bound yet, with one kind of bond")
        self._bind(other, atom, first or bond)

    def _bind(self, first: int, second: int, symbol: str) -> None:
        """A bond; `first` is the atom that was written first."""
        self.bound.add((first, second))
        self.molecule.bonds.append((first, second, symbol))

    def _check_valences(self) -> None:
        used = [0.0] * len(self.molecule.atoms)
        for first, second, symbol in self.molecule.bonds:
            for atom in (first, second):
                used[atom] += _ORDER[symbol]
        for atom in sorted(self.bare):
            symbol = self.molecule.atoms[atom]
            if used[atom] > _VALENCE.get(symbol, 99):
                raise InputError(f"smiles: atom {atom + 1}, {symbol}, has {used[atom]:g} bonds where {_VALENCE[symbol]} is the most")

    def _error(self, wanted: str) -> InputError:
        return InputError(f"smiles: {wanted} was expected at {self.text[self.at : self.at + 20]!r}")
