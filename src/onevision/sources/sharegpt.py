"""LLaMA-Factory's sharegpt form: {"conversations": [{"from": "human", "value": "<image>…"}, …], "images": ["path", …]}.

dataset_info.json may name the columns and tags otherwise. With OpenAI's tags: {"messages": [{"role", "content"}], "images"}.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from onevision.errors import InputError
from onevision.sources.chat import chat, pictures, sample_of
from onevision.types import Sample

COLUMNS = "conversations, images"
TAGS = {
    **{"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt", "system_tag": "system"},
    **{"observation_tag": "observation", "function_tag": "function_call"},
}


def reads(columns: Collection[str]) -> bool:
    """Whether rows with these columns are of this form."""
    return "conversations" in columns


def sample(row: Mapping[str, Any], folder: Path) -> Sample:
    """A row with LLaMA-Factory's own names. Raises InputError naming what is missing or wrong."""
    return Described({}).sample(row, folder)


class Described:
    """The form with the names that an entry of dataset_info.json gives its columns and tags."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.columns = {"messages": "conversations", "images": "images", "system": "system"} | dict(entry.get("columns", {}))
        self.tags = TAGS | dict(entry.get("tags", {}))

    def sample(self, row: Mapping[str, Any], folder: Path) -> Sample:
        """The Sample of a row."""
        turns = row.get(self.columns["messages"])
        if not isinstance(turns, list):
            raise InputError(f"column {self.columns['messages']!r} holds {type(turns).__name__}, where a list of turns was expected")
        images = pictures(row.get(self.columns["images"]), folder)
        system = row.get(self.columns["system"])
        spoken = [("system", str(system))] if system else []
        return sample_of(row, chat(spoken + [self._turn(turn) for turn in turns], images), images, "sharegpt")

    def _turn(self, turn: Any) -> tuple[str, str]:
        role_tag, content_tag = self.tags["role_tag"], self.tags["content_tag"]
        if not isinstance(turn, Mapping) or not isinstance(turn.get(content_tag), str):
            raise InputError(f"a turn needs {role_tag!r} and {content_tag!r}, both text")
        names = {self.tags["user_tag"]: "user", self.tags["assistant_tag"]: "assistant", self.tags["system_tag"]: "system"}
        role = names.get(str(turn.get(role_tag)))
        if role is None:
            raise InputError(f"{role_tag!r} is {turn.get(role_tag)!r}; one of {', '.join(names)}")
        return role, turn[content_tag]
