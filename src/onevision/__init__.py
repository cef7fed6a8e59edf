"""OneVision: models that look at a picture, write down what they see, reason, and answer.

    import onevision as ov

    ov.load("nano").ask("daisies.png", "Which number belongs in the last daisy?").answer
    ov.grade("<answer>61</answer>", "61").score
    ov.task("chain", split="train", seed=0)[7].question
    ov.tasks()

Everything is imported on first use (PEP 562), so `import onevision` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onevision.answers import grade_answer as grade
    from onevision.ask import Answer, Model, load
    from onevision.models.pieces import Answering, Thinking
    from onevision.tasks import make as task
    from onevision.types import Description

__version__ = "0.1.0"
__all__ = ["Answer", "Answering", "Description", "Model", "Thinking", "grade", "load", "task", "tasks"]

_HOME = {
    "Answer": "onevision.ask:Answer",
    "Answering": "onevision.models.pieces:Answering",
    "Description": "onevision.types:Description",
    "Model": "onevision.ask:Model",
    "Thinking": "onevision.models.pieces:Thinking",
    "load": "onevision.ask:load",
    "grade": "onevision.answers:grade_answer",
    "task": "onevision.tasks:make",
}


def __getattr__(name: str) -> Any:
    if name == "tasks":  # the subpackage itself, which is also callable
        return import_module("onevision.tasks")
    if name not in _HOME:
        raise AttributeError(f"module 'onevision' has no attribute '{name}'")
    module, _, attribute = _HOME[name].partition(":")
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
