"""LLaVA-OneVision-Data: {"id", "image", "conversations": [{"from": "human"|"gpt", "value"}], "data_source"}.

A conversation often holds several questions about one picture: `questions` gives each alone, with its options taken out.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from onevision.errors import InputError
from onevision.models.prompts import messages_for
from onevision.sources import r1_onevision
from onevision.sources.chat import words
from onevision.sources.options import with_options
from onevision.types import Message, Sample

COLUMNS = "id, image, conversations, data_source"


def reads(columns: Collection[str]) -> bool:
    """Whether rows with these columns are of this form."""
    return {"image", "conversations", "data_source"} <= set(columns)


def sample(row: Mapping[str, Any], folder: Path) -> Sample:
    """The whole conversation as one Sample. Raises InputError naming what is missing or wrong."""
    whole = r1_onevision.sample(row, folder)
    problem = with_options(whole.problem, str(whole.messages[-1]["content"]))
    return replace(whole, problem=replace(problem, source=str(row["data_source"])))


def questions(row: Mapping[str, Any], folder: Path) -> list[Sample]:
    """Each question with its reply as a Sample of its own, all with the row's pictures."""
    whole = sample(row, folder)
    return turns(whole, [message for message in whole.messages if message["role"] != "system"])


def turns(whole: Sample, messages: Sequence[Message]) -> list[Sample]:
    """A Sample for each question and reply of a chat; ids are "ID.0", "ID.1", … where there are several. Raises InputError
    where they do not alternate."""
    roles = [message["role"] for message in messages]
    if roles != ["user", "assistant"] * (len(roles) // 2):
        raise InputError(f"questions and replies by turns were expected; the roles are {', '.join(roles)}")
    pairs = list(zip(messages[::2], messages[1::2], strict=True))
    samples = []
    for number, (asked, replied) in enumerate(pairs):
        name = f"{whole.problem.id}.{number}" if len(pairs) > 1 else whole.problem.id
        problem = with_options(replace(whole.problem, id=name, question=words(asked).strip(), choices=None), str(replied["content"]))
        chat = [*messages_for(problem.images, problem.question, problem.choices), replied]
        samples.append(replace(whole, problem=problem, messages=chat))
    return samples
