"""The few ways OneVision says no. Each is also the builtin error a caller would expect."""

import difflib
from collections.abc import Collection


class OneVisionError(Exception):
    """Base of every error OneVision raises on purpose; `str(error)` is one clear line."""


class InputError(OneVisionError, ValueError):
    """The user's input is at fault: the message names the bad value and what would be right. CLI exit code 2."""


class MissingPartError(OneVisionError, RuntimeError):
    """An optional dependency or a device is missing; the message says how to get it. CLI exit code 1."""


def unknown_name(what: str, name: str, known: Collection[str]) -> InputError:
    """The error for a name that is none of `known`: the one it resembles, if any, and all there are."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}? If not," if near else ":"
    return InputError(f"unknown {what} {name!r}{hint} one of {', '.join(known)}")
