"""Molecular formulas, compared by the atoms they count: C2H6O, C₂H₆O, C_2H_6O and CH3CH2OH are the same."""

import re
from collections import Counter

_ELEMENTS = frozenset(
    """H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag
    Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Th U""".split()
)
_FORMULA = re.compile(r"(?:[A-Z][a-z]?\d{0,4})+")
_ATOM = re.compile(r"([A-Z][a-z]?)(\d*)")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789", "_{}$ ")


def read_molecule(text: str) -> Counter[str] | None:
    """Element -> number of atoms; None where the text is no molecular formula without brackets or charges."""
    plain = re.sub(r"\\(?:text|mathrm|ce|rm)", "", text.strip().rstrip(".")).translate(_SUBSCRIPTS)
    if not _FORMULA.fullmatch(plain):
        return None
    atoms: Counter[str] = Counter()
    for element, count in _ATOM.findall(plain):
        if element not in _ELEMENTS:
            return None
        atoms[element] += int(count or 1)
    return atoms


def find_molecule(text: str) -> Counter[str] | None:
    """The formula that a text is, or that its last word is."""
    return read_molecule(text) or read_molecule((text.split() or [""])[-1])
