"""What an answer earns: the common grader, its form, and any function written for TRL."""

import importlib.util
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onevision.answers import grade
from onevision.errors import InputError, OneVisionError
from onevision.models.prompts import compose
from onevision.types import Problem

RewardFunction = Callable[..., list[float | None]]
"""`(completions, **columns) -> list[float | None]`, as in TRL: completions are chats of one assistant message,
`[{"role": "assistant", "content": text}]`; columns hold one value a completion; None gives no reward.

Columns: prompts, completion_ids, answer and solution (the gold answer), problem and question (its text), choices,
images, id, source, and every key of the problems' meta.
"""

_FORM = re.compile(r"\s*<think>.*?</think>\s*<answer>[^<]*[^<\s][^<]*</answer>\s*", re.S)


class RewardError(OneVisionError, RuntimeError):
    """A reward function failed; the message names it, its error and the problem."""


@dataclass(frozen=True)
class Judged:
    """One completion's rewards. total: their weighted sum, None when every function said None. parts: function name ->
    reward; reason: the grader's, where it was asked."""

    total: float | None
    parts: dict[str, float | None]
    reason: str


class Rewards:
    """The recipe's reward functions: "answer", "format" or "FILE.py:FUNCTION".

    Raises InputError for a name that is none of these or a file that has no such function.
    """

    def __init__(self, names: Sequence[str], weights: Sequence[float] = ()) -> None:
        if weights and len(weights) != len(names):
            raise InputError(f"reward_weights has {len(weights)} numbers for {len(names)} reward_funcs; give one for each")
        self.weights = dict(zip(names, weights or [1.0] * len(names), strict=True))
        self.functions = {name: _function(name) for name in names if name != "answer"}

    def __call__(
        self, problems: Sequence[Problem], texts: Sequence[Sequence[str]], token_ids: Sequence[Sequence[Any]]
    ) -> list[list[Judged]]:
        """Judge texts[i] (and their token ids), answers to problems[i]. Raises RewardError when a function fails."""
        flat = [(problem, text) for problem, group in zip(problems, texts, strict=True) for text in group]
        ids = [one for group in token_ids for one in group]
        verdicts = [grade(text, problem) for problem, text in flat] if "answer" in self.weights else []
        parts: dict[str, list[float | None]] = {"answer": [v.score for v in verdicts]} if verdicts else {}
        chats = [[{"role": "assistant", "content": text}] for _, text in flat]
        columns = _columns([problem for problem, _ in flat]) | {"completion_ids": ids}
        for name, function in self.functions.items():
            parts[name] = _call(name, function, chats, columns)
        judged = [
            self._judge({name: values[i] for name, values in parts.items()}, verdicts[i].reason if verdicts else "")
            for i in range(len(flat))
        ]
        ends = iter(judged)
        return [[next(ends) for _ in group] for group in texts]

    def _judge(self, parts: dict[str, float | None], reason: str) -> Judged:
        # Where the grader could not judge, the form alone is no reason to learn anything.
        known = {name: value for name, value in parts.items() if value is not None}
        unjudged = not known or ("answer" in parts and parts["answer"] is None)
        total = None if unjudged else sum(self.weights[name] * value for name, value in known.items())
        return Judged(total, parts, reason)


def format_reward(completions: Sequence[Any], **_: Any) -> list[float | None]:
    """1.0 for `<think>…</think><answer>…</answer>` and nothing else, 0.0 otherwise."""
    return [float(bool(_FORM.fullmatch(chat[0]["content"]))) for chat in completions]


def check_gold(problem: Problem) -> Problem:
    """The problem itself. Raises InputError when its own gold answer is not graded right: it could teach nothing."""
    verdict = grade(compose(None, "", problem.answer or ""), problem)
    if verdict.score != 1.0:
        raise InputError(f"problem {problem.id}: the gold answer {problem.answer!r} cannot be graded ({verdict.reason})")
    return problem


def _columns(problems: Sequence[Problem]) -> dict[str, list[Any]]:
    keys = {key for problem in problems for key in problem.meta}
    columns: dict[str, list[Any]] = {key: [problem.meta.get(key) for problem in problems] for key in keys}
    answers, questions = [p.answer for p in problems], [p.question for p in problems]
    prompts = [[{"role": "user", "content": question}] for question in questions]
    columns |= {"answer": answers, "solution": answers, "problem": questions, "question": questions, "prompts": prompts}
    columns |= {"choices": [p.choices for p in problems], "images": [p.images for p in problems]}
    return columns | {"id": [p.id for p in problems], "source": [p.source for p in problems]}


def _call(name: str, function: RewardFunction, chats: list[Any], columns: dict[str, list[Any]]) -> list[float | None]:
    try:
        values = list(function(chats, **columns))
        found = [None if value is None else float(value) for value in values]
    except Exception as error:
        raise RewardError(f"reward {name} raised {type(error).__name__}: {error} (problems {columns['id'][0]} …)") from error
    if len(found) != len(chats):
        raise RewardError(f"reward {name} gave {len(found)} values for {len(chats)} completions")
    return found


def _function(name: str) -> RewardFunction:
    if name == "format":
        return format_reward
    path, _, function = name.rpartition(":")
    if not path.endswith(".py") or not Path(path).is_file():
        raise InputError(f"reward_funcs has {name!r}; 'answer', 'format' or FILE.py:FUNCTION was expected")
    try:
        # The user's own code, named by the user's own recipe.
        spec = importlib.util.spec_from_file_location(Path(path).stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except Exception as error:
        raise InputError(f"reward_funcs: {path} cannot be loaded: {type(error).__name__}: {error}") from error
    if not callable(getattr(module, function, None)):
        raise InputError(f"reward_funcs: {path} has no function {function!r}")
    return getattr(module, function)  # type: ignore[no-any-return]
