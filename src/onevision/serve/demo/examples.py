"""Examples from the tasks: held-out problems of the kind and size that nano was taught on, always the same ones."""

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL.Image import Image

from onevision.tasks import make

CHOSEN = (
    *(("chain", 46), ("scene", 13), ("bar_chart", 0), ("table_lookup", 0), ("clock", 0), ("line_crossings", 0)),
    *(("circled_letter", 0), ("nested_squares", 0), ("two_circles", 0), ("metro_paths", 0)),
)
"""Task and index. The first is the picture examples/daisies.png."""

LARGER = {"chain": (3, (224, 300))}
"""Level and size where they are not level 1 and 112 to 168 pixels."""


@dataclass(frozen=True)
class Example:
    """path: the picture as a PNG, for the page to serve."""

    task: str
    image: Image
    question: str
    path: Path


@cache
def examples() -> tuple[Example, ...]:
    """Drawn once a process, into a folder of its own under the system's temporary one."""
    folder = Path(tempfile.mkdtemp(prefix="onevision-examples-"))
    drawn = []
    for name, index in CHOSEN:
        level, size = LARGER.get(name, (1, (112, 168)))
        problem = make(name, split="test", seed=0, levels=(level,), size=size)[index]
        path = folder / f"{name}.png"
        problem.images[0].save(path)
        drawn.append(Example(name, problem.images[0], problem.question, path))
    return tuple(drawn)
