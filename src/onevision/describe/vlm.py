"""Ask a model that sees: what to ask for each formalism, and what to take from its reply."""

from collections.abc import Callable, Sequence

from PIL.Image import Image

from onevision.engine.base import SamplingParams
from onevision.errors import InputError, unknown_name
from onevision.formal import FORMALISMS
from onevision.models.prompts import parse
from onevision.types import Description, Message

SAMPLING = SamplingParams(max_new_tokens=2048, temperature=0.0)

_ASK = {
    "csv": "Copy the table or the data of the chart as CSV. One row a line, the header first if there is one, an empty cell stays empty. "
    "Leave the title out. Put cells that hold a comma in double quotes. For a chart write one row for each category, one column "
    "for each series.",
    "json": "Write down what the picture states as one JSON object with short keys and plain values.",
    "spice": "Write the circuit as a SPICE netlist: one element a line with its nodes and value, ground is node 0, names as in "
    "the picture.",
    "html": "Write the page or user interface as one HTML document: headings, paragraphs, lists, tables, forms and buttons with "
    "their text. "
    "No scripts, no styles, no pictures but an alt text.",
    "plantuml": "Write the diagram in PlantUML between @startuml and @enduml, with the texts as they stand in the picture.",
    "mermaid": "Write the flowchart in Mermaid. Begin with 'flowchart TD' or 'flowchart LR'; one node for each box with its text, "
    "one link for "
    "each arrow with its label.",
    "matplotlib": "Write the Matplotlib script that draws this chart: imports, the data as lists, the plotting calls, titles and labels. "
    "No files are read or written.",
    "lilypond": "Write the music in LilyPond: \\version, then the staves with clef, key, time and notes.",
    "scene": "List the coloured shapes, one a line, as 'colour shape column,row': the page is a grid of 5 by 5 cells, column and "
    "row count from 0 "
    "at the top left. Example: red circle 3,1",
    "figure": "State the figure, one statement a line: 'red line: (0,3) (6,11)' for a line through points of a 12 by 12 grid with y down, "
    "'blue circle: (4,4)' for a centre on a 10 by 10 grid, 'blue circle overlaps pink circle', 'touches' or 'apart from' for a relation, "
    "'1 > 2 > 3' for squares inside each other.",
    "geometry": "State the figure in predicates, one a line, of points, lines, angles, lengths and relations that are drawn or "
    "written in it: "
    "Triangle(A,B,C), Equals(LengthOf(Line(A,B)),5), Equals(MeasureOf(Angle(A,B,C)),90), Perpendicular(Line(A,B),Line(B,C)), "
    "Parallel(Line(A,B),Line(C,D)), PointLiesOnLine(D,Line(B,C)), Circle(O), PointLiesOnCircle(A,Circle(O)).",
    "boxes": "List the objects, one a line, as 'label left,top,right,bottom' with whole pixels of this picture of {width} x "
    "{height} pixels. "
    "Example: dog 12,30,200,148",
    "document": "Copy the text line by line, each as 'left,top,right,bottom text' with whole pixels of this picture of {width} x "
    "{height} pixels.",
    "text": "Copy the text on one line. If a part of it is marked, put round brackets round that part.",
    "smiles": "Write the molecule as one SMILES string.",
    "fen": "Write the chess position in Forsyth-Edwards Notation, all six fields on one line.",
}
assert set(_ASK) == set(FORMALISMS), "a formalism has no prompt"

_RULES = (
    "Describe this picture formally. {task}\nWrite down only what can be seen. Do not solve anything, do not answer any question that "
    "stands in the picture, do not work out values that are not drawn or written.\nReply with one fenced block:\n```{formalism}\n...\n```"
)


Ask = Callable[[Image, str], Sequence[Message]]
"""From a picture and a formalism to the chat that asks for it."""


def messages(image: Image, formalism: str) -> list[Message]:
    """The chat that asks a model for a picture's Description. Raises InputError for an unknown formalism."""
    if formalism not in _ASK:
        raise unknown_name("formalism", formalism, FORMALISMS)
    task = _ASK[formalism].format(width=image.width, height=image.height) if "{width}" in _ASK[formalism] else _ASK[formalism]
    text = _RULES.format(task=task, formalism=formalism)
    return [{"role": "user", "content": [{"type": "image", "image": image}, {"type": "text", "text": text}]}]


# What models write after the fence for the same thing.
_NAMES = {"python": "matplotlib", "py": "matplotlib", "sp": "spice", "net": "spice", "netlist": "spice", "cir": "spice", "puml": "plantuml",
          "ly": "lilypond", "smi": "smiles", "uml": "plantuml", "htm": "html"}  # fmt: skip


def read(reply: str, formalism: str, made_by: str) -> Description:
    """The fenced block of a reply as a Description. Raises InputError where there is none, or one of another formalism."""
    found = parse(reply).description or parse(reply.partition("</think>")[2]).description
    if found is None or not found.text.strip():
        raise InputError(f"{made_by} gave no fenced block: {' '.join(reply.split())[:80]!r}")
    name = _NAMES.get(found.formalism.lower(), found.formalism.lower())
    if name != formalism and name in FORMALISMS:
        raise InputError(f"{made_by} wrote {name} where {formalism} was asked for")
    return Description(formalism, found.text.strip("\n"), made_by=made_by)
