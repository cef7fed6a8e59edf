"""The Cauldron: {"images": […], "texts": [{"user", "assistant", "source"}, …]}, several questions about the same pictures."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from onevision.errors import InputError
from onevision.sources.chat import chat, pictures, sample_of
from onevision.sources.llava import turns
from onevision.sources.options import with_options
from onevision.types import Sample

COLUMNS = "images, texts"


def reads(columns: Collection[str]) -> bool:
    """Whether rows with these columns are of this form."""
    return {"images", "texts"} <= set(columns)


def sample(row: Mapping[str, Any], folder: Path) -> Sample:
    """All questions of a row as one conversation. Raises InputError naming what is missing or wrong."""
    images = pictures(row["images"], folder)
    texts = row["texts"]
    if not isinstance(texts, list) or not all(isinstance(text, Mapping) and {"user", "assistant"} <= text.keys() for text in texts):
        raise InputError("column 'texts' is no list of {'user', 'assistant', 'source'}")
    said = [turn for text in texts for turn in (("user", str(text["user"])), ("assistant", str(text["assistant"])))]
    whole = sample_of(row, chat(said, images), images, "cauldron")
    problem = with_options(whole.problem, said[-1][1])
    return replace(whole, problem=replace(problem, source=str(texts[-1].get("source") or "cauldron")))


def questions(row: Mapping[str, Any], folder: Path) -> list[Sample]:
    """Each question with its reply as a Sample of its own, all with the row's pictures."""
    whole = sample(row, folder)
    return turns(whole, whole.messages)
