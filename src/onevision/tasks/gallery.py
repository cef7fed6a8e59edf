"""A page with three levels of every task. Each problem's content id stands below it, so that a test sees when it drifts."""

import io
from collections.abc import Iterator
from functools import cache

from onevision.store import content_id
from onevision.tasks import REGISTRY, make
from onevision.tasks.base import Item

LEVELS = (1, 3, 5)
SIZE = (320, 340)
COLOURS = 64
"""Of a palette, which keeps the files small."""


@cache
def drawn(name: str, level: int) -> Item:
    """The item shown for a task and level."""
    return make(name, split="test", seed=1, levels=(level,), size=SIZE).item(level)


def item_id(item: Item) -> str:
    """A short id of an item's words and size; its pixels may differ a little between versions of Pillow."""
    return content_id(str(item.image.size), item.question, item.answer, item.description.text, item.steps)[:12]


def page(folder: str) -> str:
    """The page as Markdown; its pictures lie in `folder`."""
    lines = [
        "# Gallery",
        "",
        "Levels 1, 3 and 5 of every task, as `onevision tasks gallery docs/gallery.md` drew them; a test compares ids and pictures",
        "with what the tasks draw now. The pictures of `shelf` show [OpenMoji](https://openmoji.org) graphics, CC BY-SA 4.0.",
    ]
    for name in REGISTRY:
        lines += _section(name, folder)
    return "\n".join(lines) + "\n"


def _section(name: str, folder: str) -> Iterator[str]:
    task = make(name)
    yield from ("", f"## {name}", "", (type(task).__doc__ or "").strip().split("\n")[0], "")
    items = [drawn(name, level) for level in LEVELS]
    yield "| " + " | ".join(f"level {level}" for level in LEVELS) + " |"
    yield "| --- " * len(LEVELS) + "|"
    yield "| " + " | ".join(f"![level {level}]({folder}/{name}-{level}.png)" for level in LEVELS) + " |"
    yield "| " + " | ".join(f"{item.question.replace('|', chr(92) + '|')} **{item.answer}**" for item in items) + " |"
    yield "| " + " | ".join(f"`{item_id(item)}`" for item in items) + " |"
    yield from ("", f"Level 1 written down, as `{items[0].description.formalism}`, then the steps:", "")
    yield from ("~~~", *items[0].description.text.splitlines(), "", *items[0].steps.splitlines(), "~~~")


def pictures() -> Iterator[tuple[str, bytes]]:
    """(file name, PNG) of every picture on the page."""
    for name in REGISTRY:
        for level in LEVELS:
            out = io.BytesIO()
            drawn(name, level).image.quantize(COLOURS).save(out, "PNG", optimize=True)
            yield f"{name}-{level}.png", out.getvalue()
