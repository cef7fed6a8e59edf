"""Skeletal drawings of organic molecules: atoms, formulas, masses, and what they are made of."""

import io
import random
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, XY, Canvas, Style, picture_size
from onevision.tasks.fonts import font_path
from onevision.tasks.strokes import Probe, between, on_line
from onevision.types import Description

QUESTIONS = {
    "formula": (
        "What is the molecular formula of this compound?",
        "Give the molecular formula of the molecule shown.",
        "Which molecular formula belongs to this drawing?",
        "Write down the molecular formula of the structure.",
        "Find the molecular formula. Mind the hydrogen atoms that are not drawn.",
    ),
    "carbons": (
        "How many carbon atoms does the molecule have?",
        "Count the carbon atoms of this compound.",
        "How many C atoms are in the structure shown?",
        "What is the number of carbon atoms in the drawing, corners and ends included?",
        "Find the number of carbons in this molecule.",
    ),
    "hydrogens": (
        "How many hydrogen atoms does the molecule have?",
        "Count all hydrogen atoms, those that are not drawn too.",
        "How many H atoms are in the structure shown?",
        "What is the number of hydrogen atoms in this compound?",
        "Find the number of hydrogens in this molecule.",
    ),
    "atoms": (
        "How many atoms does the molecule have, hydrogen included?",
        "Count all atoms of the compound, those of hydrogen too.",
        "What is the total number of atoms in this molecule?",
        "Of how many atoms is the structure made, with its hydrogen atoms?",
        "Find the number of all atoms in the molecule shown.",
    ),
    "mass": (
        "What is the molar mass in g/mol? Take H 1, C 12, N 14, O 16, F 19, Cl 35.5, Br 80.",
        "Find the molecular mass with H 1, C 12, N 14, O 16, F 19, Cl 35.5, Br 80.",
        "With the atomic masses H 1, C 12, N 14, O 16, F 19, Cl 35.5 and Br 80, how heavy is one molecule, in u?",
        "Work out the molar mass (H 1, C 12, N 14, O 16, F 19, Cl 35.5, Br 80).",
        "How many grams are one mole of it? H 1, C 12, N 14, O 16, F 19, Cl 35.5, Br 80.",
    ),
}
MASSES = {"H": 1.0, "C": 12.0, "N": 14.0, "O": 16.0, "F": 19.0, "Cl": 35.5, "Br": 80.0}
VALENCE = {"C": 4, "N": 3, "O": 2, "F": 1, "Cl": 1, "Br": 1}
GROUPS = {
    "hydroxyl": (("O", 1),), "amine": (("N", 1),), "oxo": (("O", 2),), "methyl": (("C", 1),), "acid": (("C", 1), ("O", 2), ("O", 1)),
    "fluorine": (("F", 1),), "chlorine": (("Cl", 1),), "bromine": (("Br", 1),), "nitrile": (("C", 1), ("N", 3)),
    "ether": (("O", 1), ("C", 1)), "ester": (("C", 1), ("O", 2), ("O", 1), ("C", 1)), "ethyl": (("C", 1), ("C", 1)),
}  # fmt: skip
"""A group's atoms with the order of their bonds: the first to the skeleton, a double-bonded one to the atom before it,
the others each to the last that has room."""


@dataclass(frozen=True)
class MoleculeConfig(Config):
    """chain: fewest and most carbon atoms of the chain; rings: how many six- or five-membered rings it may bear; benzene:
    share of rings with three double bonds; groups: fewest and most, and which of GROUPS; multiple: how often a bond of the
    chain is double or triple; queries: of QUESTIONS."""

    chain: tuple[int, int] = (2, 6)
    rings: tuple[int, ...] = (0, 1)
    benzene: float = 0.5
    groups: tuple[int, int] = (1, 3)
    of: tuple[str, ...] = tuple(GROUPS)
    multiple: float = 0.3
    queries: tuple[str, ...] = ("formula", "hydrogens", "mass", "atoms")


class Molecule(Task):
    """One molecule, drawn by RDKit as chemists do without most hydrogen atoms; its Description is a SMILES string."""

    name = "molecule"
    parts = ("rdkit",)
    renderers = ("own",)
    Config = MoleculeConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        simple = ("hydroxyl", "amine", "methyl", "fluorine", "chlorine", "bromine")
        presets: dict[int, dict[str, Any]] = {
            1: {"chain": (2, 6), "rings": (0,), "groups": (1, 2), "of": simple, "multiple": 0.0,
                "queries": ("carbons", "hydrogens", "formula"), "variety": 0, "size": (224, 448)},
            2: {"chain": (3, 8), "rings": (0,), "groups": (1, 3), "multiple": 0.2, "queries": ("formula", "hydrogens", "atoms"),
                "variety": 1, "size": (224, 600)},
            3: {"rings": (0, 1, 1), "benzene": 0.3, "variety": 1},
            4: {"chain": (1, 5), "rings": (1,), "benzene": 0.6, "groups": (2, 3)},
            5: {"chain": (1, 4), "rings": (1, 2), "benzene": 0.6, "groups": (2, 4), "queries": ("formula", "hydrogens", "mass", "mass")},
        }  # fmt: skip
        return presets[level]

    def draw(self, rng: random.Random, config: MoleculeConfig) -> Item:
        query = rng.choice(config.queries)
        mol = _molecule(rng, config)
        atoms = [(atom.GetSymbol(), atom.GetTotalNumHs()) for atom in _in_order(mol)]
        question = rng.choice(QUESTIONS[query])
        answer, steps = _answer(query, atoms)
        description = Description("smiles", mol.GetProp("smiles"))
        self.claim(description, question)
        image, probes = _picture(rng, config, mol)
        return Item(image, question, answer, description, "\n".join(steps), {"query": query}, probes=probes)


class _Builder:
    """Atoms and bonds that grow from a skeleton. atoms: symbols; bonds: (atom, atom, order)."""

    def __init__(self) -> None:
        self.atoms: list[str] = []
        self.bonds: list[tuple[int, int, int]] = []

    def add(self, symbol: str, to: int | None = None, order: int = 1) -> int:
        """A new atom, bound to `to` where given; its index."""
        self.atoms.append(symbol)
        if to is not None:
            self.bonds.append((to, len(self.atoms) - 1, order))
        return len(self.atoms) - 1

    def orders(self, atom: int) -> list[int]:
        """The orders of an atom's bonds."""
        return [order for a, b, order in self.bonds if atom in (a, b)]

    def room(self, atom: int, order: int = 1) -> bool:
        """Whether an atom may have one more bond of that order; two multiple bonds at one atom are rare."""
        orders = self.orders(atom)
        return sum(orders) + order <= VALENCE[self.atoms[atom]] and (order == 1 or all(k == 1 for k in orders))


def _molecule(rng: random.Random, config: MoleculeConfig) -> Any:
    """A sane RDKit molecule with the property `smiles`, written with its double bonds where they are drawn."""
    from rdkit import Chem

    build = _Builder()
    last: int | None = None
    for _ in range(rng.randint(*config.chain)):
        last = build.add("C", last)
    for k, (a, b, _) in enumerate(build.bonds):
        plain = all(order == 1 for end in (a, b) for order in build.orders(end))
        if plain and rng.random() < config.multiple:
            build.bonds[k] = (a, b, rng.choice((2, 2, 3)))
    for _ in range(rng.choice(config.rings)):
        _ring(rng, build, benzene=rng.random() < config.benzene)
    for _ in range(rng.randint(*config.groups)):
        _group(rng, build, rng.choice(config.of))
    mol = Chem.RWMol()
    for symbol in build.atoms:
        mol.AddAtom(Chem.Atom(symbol))
    kinds = {1: Chem.BondType.SINGLE, 2: Chem.BondType.DOUBLE, 3: Chem.BondType.TRIPLE}
    for a, b, order in build.bonds:
        mol.AddBond(a, b, kinds[order])
    Chem.SanitizeMol(mol)
    Chem.Kekulize(mol, clearAromaticFlags=True)
    mol.SetProp("smiles", Chem.MolToSmiles(mol, kekuleSmiles=True))
    return mol


def _ring(rng: random.Random, build: _Builder, benzene: bool) -> None:
    """A ring of five or six carbon atoms on a free place of what is there."""
    places = [k for k in range(len(build.atoms)) if build.room(k)]
    start = here = build.add("C", rng.choice(places))
    size = 6 if benzene else rng.choice((5, 6, 6))
    for k in range(size - 1):
        here = build.add("C", here, 2 if benzene and k % 2 == 0 else 1)
    build.bonds.append((here, start, 1))


def _group(rng: random.Random, build: _Builder, name: str) -> None:
    """A group on a free place; nothing where none has room."""
    (symbol, order), *rest = GROUPS[name]
    places = [k for k, atom in enumerate(build.atoms) if atom == "C" and build.room(k, order)]
    if not places:
        return
    here = build.add(symbol, rng.choice(places), order)
    for symbol, order in rest:
        new = build.add(symbol, here, order)
        if build.room(new):
            here = new


def _in_order(mol: Any) -> list[Any]:
    """The atoms in the order in which the SMILES names them."""
    order = mol.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"]
    return [mol.GetAtomWithIdx(index) for index in order]


def _answer(query: str, atoms: list[tuple[str, int]]) -> tuple[str, list[str]]:
    """The atoms in turn, each with its hydrogen, and what they add up to so far."""
    counts: dict[str, int] = {}
    lines = []
    for symbol, hydrogens in atoms:
        counts[symbol] = counts.get(symbol, 0) + 1
        if hydrogens:
            counts["H"] = counts.get("H", 0) + hydrogens
        shown = {"carbons": str(counts.get("C", 0)), "hydrogens": str(counts.get("H", 0)), "atoms": str(sum(counts.values()))}
        lines.append(f"{symbol}{_times('H', hydrogens)}: {shown.get(query) or _formula(counts)}")
    if query == "mass":
        mass, work = _mass(counts)
        return mass, lines + work
    return {"carbons": str(counts.get("C", 0)), "hydrogens": str(counts.get("H", 0)), "atoms": str(sum(counts.values())),
            "formula": _formula(counts)}[query], lines  # fmt: skip


def _times(symbol: str, count: int) -> str:
    return "" if count == 0 else symbol if count == 1 else f"{symbol}{count}"


def _formula(counts: dict[str, int]) -> str:
    """Carbon, hydrogen, then the others by the alphabet (Hill, 1900)."""
    first = [s for s in ("C", "H") if s in counts]
    return "".join(_times(s, counts[s]) for s in [*first, *sorted(set(counts) - {"C", "H"})])


def _mass(counts: dict[str, int]) -> tuple[str, list[str]]:
    total, lines = 0.0, []
    for symbol, count in counts.items():
        part = count * MASSES[symbol]
        sum_up = f", {total:g}+{part:g}={total + part:g}" if total else ""
        lines.append(f"{symbol}: {count}*{MASSES[symbol]:g}={part:g}{sum_up}")
        total += part
    return f"{total:g}", lines


def _picture(rng: random.Random, config: MoleculeConfig, mol: Any) -> tuple[Image.Image, tuple[Probe, ...]]:
    """The finished image, with probes on the bonds."""
    from rdkit.Chem import rdDepictor
    from rdkit.Chem.Draw import rdMolDraw2D

    rdDepictor.SetPreferCoordGen(False)
    rdDepictor.Compute2DCoords(mol)
    style = Style.sample(rng, config.variety, config.renderer)
    width, height = picture_size(rng, config.size, (0.9, 1.5))
    drawer = rdMolDraw2D.MolDraw2DCairo(width, height)
    ink = _options(rng, drawer.drawOptions(), style, config.variety, min(width, height))
    drawer.DrawMolecule(mol)
    drawer.FinishDrawing()
    canvas = Canvas(width, height, replace(style, smooth=1))
    canvas.paste(Image.open(io.BytesIO(drawer.GetDrawingText())).convert("RGB"), (0, 0, width, height))
    image = canvas.image(rng)
    return image, on_line(image, _spots(mol, drawer), ink) or on_line(image, [(1.0, 1.0)], style.page)


def _options(rng: random.Random, options: Any, style: Style, variety: int, side: int) -> RGB:
    """Sets how RDKit draws; gives the colour of the bonds between carbon atoms."""
    ink: RGB = style.ink
    if variety == 0 or rng.random() < 0.6:
        options.useBWAtomPalette()
    options.updateAtomPalette({6: tuple(c / 255 for c in ink)})
    options.setBackgroundColour(tuple(c / 255 for c in style.page))
    options.bondLineWidth = max(1.6, min(4.5, style.width * side))
    options.scaleBondWidth = False
    options.rotate = rng.choice((0, 0, rng.uniform(0, 360))) if variety else 0
    options.padding = rng.uniform(0.05, 0.12)
    options.fixedFontSize = -1
    options.minFontSize = 10
    options.explicitMethyl = variety > 0 and rng.random() < 0.25
    options.multipleBondOffset = rng.uniform(0.12, 0.18)
    if variety:
        options.fontFile = str(font_path(style.font))
    return ink


def _spots(mol: Any, drawer: Any) -> list[XY]:
    """A point on each single bond, near its end that is a corner of the drawing where the other may be spelled out."""
    found = []
    for bond in mol.GetBonds():
        ends = (bond.GetBeginAtom(), bond.GetEndAtom())
        corners = [atom.GetSymbol() == "C" and atom.GetDegree() > 1 for atom in ends]
        if bond.GetBondTypeAsDouble() == 1 and any(corners):
            p, q = (drawer.GetDrawCoords(atom.GetIdx()) for atom in ends)
            found.append(between((p.x, p.y), (q.x, q.y), 0.5 if all(corners) else 0.22 if corners[0] else 0.78))
    return found
