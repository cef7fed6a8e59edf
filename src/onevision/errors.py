"""The few ways OneVision says no. Each is also the builtin error a caller would expect."""


class OneVisionError(Exception):
    """Base of every error OneVision raises on purpose; `str(error)` is one clear line."""


class InputError(OneVisionError, ValueError):
    """The user's input is at fault: the message names the bad value and what would be right. CLI exit code 2."""


class MissingPartError(OneVisionError, RuntimeError):
    """An optional dependency or a device is missing; the message says how to get it. CLI exit code 1."""
