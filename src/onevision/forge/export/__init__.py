"""Samples in other trainers' formats: one file per format, each with `write(samples, folder, name)`."""

from importlib import import_module
from types import ModuleType

from onevision.errors import unknown_name

FORMATS = {
    "hf": "hf",
    "llamafactory": "llamafactory",
    "trl": "trl",
    "ms-swift": "swift",
    "verl": "verl",
}
"""One line registers a format: the name a user types -> the file that writes it."""


def format_of(name: str) -> ModuleType:
    """The module of a format. Raises InputError for an unknown one."""
    if name not in FORMATS:
        raise unknown_name("format", name, FORMATS)
    return import_module(f"onevision.forge.export.{FORMATS[name]}")
