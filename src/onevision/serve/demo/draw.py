"""A Description as one looks at it: a table as a table, boxes over the picture, a chart beside the original.

Everything here is HTML text. Whatever a model or a reader wrote is escaped, never markup.
"""

import json
from collections.abc import Callable
from html import escape
from typing import Any

from PIL.Image import Image

from onevision import formal
from onevision.engine.openai import data_url
from onevision.errors import InputError
from onevision.formal.boxes import Thing
from onevision.formal.csv import Rows
from onevision.formal.document import Line
from onevision.formal.mermaid import Flow
from onevision.formal.scene import SceneObject
from onevision.formal.text import MarkedText
from onevision.serve.demo.flow import flow_svg
from onevision.types import Description, Region

SHOWN_ROWS = 100
SCENE_GRID = 5
"""Cells along each side of the grid that nano's scenes are written in."""


def answer(found: str | None, said: str = "") -> str:
    """The answer, large. said: what stands behind the thought, shown where it is more than the answer."""
    more = f'<p class="ov-said">{escape(said)}</p>' if said.strip() not in ("", found) else ""
    if found is None:
        return more or '<p class="ov-none">The text ended without an answer.</p>'
    return f'{more}<p class="ov-answer">{escape(found)}</p>'


def note(text: str) -> str:
    """A small line under the answer."""
    return f'<p class="ov-note">{escape(text)}</p>'


def error(text: str) -> str:
    """What is wrong and what would be right, in one line."""
    return f'<p class="ov-error" role="alert">{escape(text[:1].upper() + text[1:])}.</p>'


def steps(text: str) -> str:
    """The lines of reasoning."""
    return f'<pre class="ov-steps">{escape(text)}</pre>' if text else ""


def growing(description: Description) -> str:
    """A Description while it is written: its whole lines so far; what is drawn over the picture waits for the end."""
    head, _, _ = description.text.rpartition("\n")
    if description.formalism == "csv" and head:
        return _block(description, _parsed(Description("csv", head), _table) or "")
    return _block(description, _code(description.text))


def description(written: Description, picture: Image) -> str:
    """A whole Description, as its formalism is best looked at; one that does not parse is shown as it was written."""
    view = _VIEWS.get(written.formalism, lambda *_: _code(written.text))
    try:
        body = view(formal.parse(written), picture)
        return _block(written, body + _regions(written.regions, picture) + _drawn(written, picture))
    except InputError as reason:
        return _block(written, _code(written.text) + note(f"not drawn: {reason}"))


def _parsed(written: Description, view: Callable[[Any], str]) -> str | None:
    try:
        return view(formal.parse(written))
    except InputError:
        return None


def _block(written: Description, body: str) -> str:
    return f'<section class="ov-seen"><h3>What it sees, as {escape(written.formalism)}</h3>{body}</section>'


def _code(text: str) -> str:
    return f'<pre class="ov-code" tabindex="0">{escape(text)}</pre>'


def _table(rows: Rows, picture: Image | None = None) -> str:
    head, *body = rows
    lines = ["".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)]
    lines += ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in body[:SHOWN_ROWS]]
    left = f'<p class="ov-note">and {len(body) - SHOWN_ROWS} rows more</p>' if len(body) > SHOWN_ROWS else ""
    return '<div class="ov-wide" tabindex="0"><table>' + "".join(f"<tr>{line}</tr>" for line in lines) + f"</table></div>{left}"


def _record(record: dict[str, Any], picture: Image) -> str:
    cells = [(key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) for key, value in record.items()]
    lines = "".join(f'<tr><th scope="row">{escape(key)}</th><td>{escape(value)}</td></tr>' for key, value in cells)
    return f'<div class="ov-wide" tabindex="0"><table>{lines}</table></div>'


def _marked(marked: MarkedText, picture: Image) -> str:
    before, inside, after = marked.text[: marked.start], marked.text[marked.start : marked.end], marked.text[marked.end :]
    return f'<p class="ov-text">{escape(before)}<mark>{escape(inside)}</mark>{escape(after)}</p>'


def _flow(flow: Flow, picture: Image) -> str:
    return flow_svg(flow)


def _cells(objects: tuple[SceneObject, ...], picture: Image) -> str:
    across = max([SCENE_GRID, *(o.column + 1 for o in objects)])
    down = max([SCENE_GRID, *(o.row + 1 for o in objects)])
    wide, high = picture.width / across, picture.height / down
    return _over(
        picture,
        [
            Region(f"{o.colour} {o.shape}", (o.column * wide, o.row * high, (o.column + 1) * wide, (o.row + 1) * high))
            for o in objects[:SHOWN_ROWS]
        ],
    )


def _boxes(things: tuple[Thing, ...], picture: Image) -> str:
    return _over(picture, [Region(thing.label, thing.box) for thing in things[:SHOWN_ROWS]])


def _document(lines: tuple[Line, ...], picture: Image) -> str:
    text = "\n".join(line.text for line in lines)
    return _over(picture, [Region("", line.box) for line in lines[:SHOWN_ROWS]]) + _code(text)


def _regions(regions: tuple[Region, ...], picture: Image) -> str:
    return _over(picture, regions[:SHOWN_ROWS]) if regions else ""


def _over(picture: Image, regions: tuple[Region, ...] | list[Region]) -> str:
    """The picture with a labelled box for every region."""
    size = max(picture.size) / 26
    marks = []
    for region in regions:
        left, top, right, bottom = region.box
        marks.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" rx="{size / 4:.1f}"/>')
        # A letter is about 0.62 as wide as it is high; a label that fits its box does not run into the next one's.
        letter = min(size, (right - left) / (0.62 * max(1, len(region.label))))
        marks.append(f'<text x="{left + size / 6:.1f}" y="{bottom - size / 3:.1f}" font-size="{letter:.1f}">{escape(region.label)}</text>')
    said = escape("; ".join(region.label for region in regions if region.label) or "nothing")
    return (
        f'<svg class="ov-over" viewBox="0 0 {picture.width} {picture.height}" style="--size:{size:.1f}px" role="img" '
        f'aria-label="the picture with boxes: {said}"><image href="{_thumbnail(picture)}" width="{picture.width}" '
        f'height="{picture.height}"/>{"".join(marks)}</svg>'
    )


def _drawn(written: Description, picture: Image) -> str:
    """The Description drawn back beside the picture it came from, where its formalism has a drawing."""
    if written.formalism in ("scene", "mermaid"):
        return ""
    try:
        drawing = formal.draw(written, "chart")
    except InputError:
        return ""
    if drawing is None:
        return ""
    pair = (("the picture", picture), ("drawn from what it wrote", drawing))
    shown = "".join(f'<figure><img src="{_thumbnail(one)}" alt="{what}"><figcaption>{what}</figcaption></figure>' for what, one in pair)
    return f'<div class="ov-pair">{shown}</div>'


def _thumbnail(picture: Image) -> str:
    small = picture.copy()
    small.thumbnail((640, 640))
    return data_url(small)


_VIEWS: dict[str, Callable[[Any, Image], str]] = {
    "csv": _table,
    "json": _record,
    "text": _marked,
    "mermaid": _flow,
    "scene": _cells,
    "boxes": _boxes,
    "document": _document,
}
"""How a formalism is looked at; any other is shown as code."""
