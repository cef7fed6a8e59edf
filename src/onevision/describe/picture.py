"""From a picture to a checked Description."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from PIL.Image import Image

from onevision import formal
from onevision.describe import chart, circuit, document, figure, ground, nano, scene, table, vlm
from onevision.describe.route import FORMALISM, Route, route
from onevision.describe.sight import Sight
from onevision.engine.base import Engine, SamplingParams
from onevision.errors import InputError
from onevision.formal import Check
from onevision.models.pictures import open_picture
from onevision.types import Description

EXTRACTORS: dict[str, Callable[[Sight], Description]] = {
    "table": table.describe,
    "chart": chart.describe,
    "circuit": circuit.describe,
    "scene": scene.describe,
    "figure": figure.describe,
    "text": document.describe,
    "page": document.page,
}
"""Kind of picture -> what describes it offline."""

KINDS = {
    "csv": ("table", "chart"),
    "spice": ("circuit",),
    "scene": ("scene",),
    "figure": ("figure",),
    "document": ("text",),
    "html": ("page",),
}
"""Formalism -> the kinds of picture that are written in it offline."""


@dataclass(frozen=True)
class Described:
    """description with its checks ("parses", and "round trip" where it can be drawn back), and how the picture was routed."""

    description: Description
    checks: tuple[Check, ...]
    route: Route

    @property
    def valid(self) -> bool:
        """Whether all checks passed."""
        return all(check.valid for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """The object that `onevision describe --json` prints."""
        d = self.description
        regions = [{"label": region.label, "box": [round(edge, 1) for edge in region.box]} for region in d.regions]
        written = {"formalism": d.formalism, "text": d.text, "regions": regions, "made_by": d.made_by}
        return {"description": written, "checks": [check.as_json() for check in self.checks], "route": self.route.as_json()}


def describe(
    image: str | Path | bytes | Image,
    formalism: str = "auto",
    engine: Engine | None = None,
    sampling: SamplingParams = vlm.SAMPLING,
    prefer: Literal["offline", "engine"] = "offline",
    made_by: str = "",
) -> Described:
    """Write a picture down formally and check what was written.

    formalism: "auto" takes what the router finds, or one of `formal.FORMALISMS`. engine: a model that sees, asked where no offline
    extractor writes the formalism, or first where prefer is "engine"; made_by: its name, "nano" for nano.
    Without an engine nothing is fetched, but Grounding DINO where formalism is "boxes".
    Raises InputError for a bad picture, an unknown formalism, or where nothing could describe it; MissingPartError without RapidOCR
    and OpenCV. Not to be called from a running event loop with an engine: use `vlm.messages` and `vlm.read` there.
    """
    if formalism != "auto":
        formal.module(formalism)
    sight = Sight(open_picture(image))
    routed = route(sight)
    wanted = routed.formalism if formalism == "auto" else formalism
    if engine is not None and (prefer == "engine" or wanted not in KINDS):
        return _finish(_asked(engine, sight.image, wanted, routed.kind, sampling, made_by or "model"), routed)
    return _finish(_offline(sight, wanted, routed, formalism == "auto"), routed)


def checked(description: Description, kind: str = "") -> tuple[Check, ...]:
    """Whether it parses and, where it does and can be drawn back, its round trip. kind: "chart" draws a CSV as bars."""
    parses = formal.check(description.formalism, description.text)
    if not parses.valid or description.formalism not in formal.DRAWN:
        return (parses,)
    return parses, round_trip(description, kind)


def round_trip(description: Description, kind: str = "") -> Check:
    """The Description drawn, extracted again and compared. kind: "chart" draws a CSV as bars."""
    extract = EXTRACTORS[kind if kind in KINDS.get(description.formalism, ()) else KINDS[description.formalism][0]]
    return formal.round_trip(description, lambda picture: extract(Sight(picture)).text, kind)


def _finish(description: Description, routed: Route) -> Described:
    # A model's chart may have any header, several series and values below zero, which bars do not show: it is drawn as a table.
    kind = "chart" if description.made_by == chart.NAME else ""
    return Described(description, checked(description, kind), routed)


def _offline(sight: Sight, wanted: str, routed: Route, free: bool) -> Description:
    """What an extractor writes; `free` lets the text stand in where the wanted formalism has no extractor or finds nothing."""
    kinds = KINDS.get(wanted, ())
    first = [routed.kind] if routed.kind in kinds else []
    failure: InputError | None = None
    for kind in dict.fromkeys([*first, *kinds]):
        try:
            return EXTRACTORS[kind](sight)
        except InputError as error:
            failure = failure or error
    if free and sight.words:
        return document.describe(sight)
    if wanted == "boxes":
        return ground.describe(sight.image, offline=free)
    raise failure or InputError(f"nothing offline writes {wanted}, for a picture of the kind {routed.kind}; give a --model that sees")


def _asked(engine: Engine, image: Image, wanted: str, kind: str, sampling: SamplingParams, made_by: str) -> Description:
    """What a model writes."""
    if made_by == "nano":
        fitting = kind if FORMALISM.get(kind) == wanted else next((k for k in nano.QUESTIONS if FORMALISM[k] == wanted), kind)
        messages = nano.messages(image, fitting)
    else:
        messages = vlm.messages(image, wanted)
    [completion] = asyncio.run(engine.generate(messages, sampling))
    return vlm.read(completion.text, wanted, made_by)
