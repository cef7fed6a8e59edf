"""How much there is to learn from: samples and tokens, counted where that can be done without the network."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import Qwen2_5_VLConfig

from onevision import tasks
from onevision.errors import InputError
from onevision.train.plan.work import Text
from onevision.train.recipe import GRPORecipe, Recipe, SFTRecipe

PUBLISHED_SAMPLES = {"r1-onevision": 155_000}
"""Data set name, without its owner and in lower case -> samples (arXiv:2503.10615)."""

PICTURE_TOKEN = 28 * 28
"""Pixels of one picture token of Qwen2.5-VL."""

DEFAULT_PIXELS = 768 * 768
"""Assumed where a recipe does not bound its pictures: LLaMA-Factory's own bound."""

QWEN_PIXELS = 16384 * PICTURE_TOKEN
"""The bound of Qwen2.5-VL's own image processor."""

QUESTION, REASONING = 128, 896
"""Assumed tokens of a question (template and all) and of a reasoned answer, where data cannot be looked at."""

DRAWN = 36
"""Samples drawn to measure the tasks' lengths."""


@dataclass(frozen=True)
class Data:
    """samples: over the whole run, all devices and epochs; text: a sample's mean tokens; longest: tokens of the longest,
    pictures and answer included (GRPO: the prompt); notes: where the figures come from."""

    samples: int
    text: Text
    longest: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Stated:
    """What the user says instead of a count or an assumption. samples: of the data set; sample_tokens: mean tokens of a
    sample (GRPO: of a prompt), pictures and all; completion_tokens: mean tokens of a completion (GRPO)."""

    samples: int | None = None
    sample_tokens: int | None = None
    completion_tokens: int | None = None


NOTHING_STATED = Stated()


def survey(recipe: Recipe, config: Qwen2_5_VLConfig, devices: int, stated: Stated) -> Data:
    """Samples and tokens of a run. Raises InputError where samples can neither be counted nor are stated."""
    total, origin = _samples(recipe, devices, stated.samples)
    text, longest, lengths = _drawn(recipe, config) if recipe.tasks or recipe.stage == "see" else _assumed(recipe)
    sample_tokens, completion_tokens = stated.sample_tokens, stated.completion_tokens
    if sample_tokens:
        text, longest, lengths = _given(recipe, text, sample_tokens), max(longest, sample_tokens), "--sample-tokens"
    notes = [f"samples: {origin}", f"lengths: {lengths}"]
    if isinstance(recipe, GRPORecipe):
        answer = completion_tokens or recipe.max_completion_length / 2
        text = Text(text.prompt, text.picture, answer, recipe.num_generations)
        origin = "--completion-tokens" if completion_tokens else "half of the longest, assumed"
        notes.append(f"completions of {answer:.0f} tokens: {origin}")
    return Data(total, text, longest, tuple(notes))


def batch_of(recipe: Recipe, devices: int) -> int:
    """Samples (GRPO: prompts) of one update on all devices."""
    return recipe.per_device_train_batch_size * recipe.gradient_accumulation_steps * devices


def _samples(recipe: Recipe, devices: int, given: int | None) -> tuple[int, str]:
    if recipe.max_steps > 0:
        # num_iterations updates learn from one draw.
        return recipe.max_steps * batch_of(recipe, devices) // getattr(recipe, "num_iterations", 1), "max_steps × batch"
    if given:
        return round(given * recipe.num_train_epochs), "--samples × epochs"
    if not recipe.dataset:
        raise InputError("the tasks are drawn without end: say how long to train with max_steps, or plan with --samples N")
    counts = [_in_dataset(name, recipe) for name in recipe.dataset]
    found = sum(min(count, recipe.max_samples or count) for count, _ in counts)
    return round(found * recipe.num_train_epochs), ", ".join(origin for _, origin in counts) + " × epochs"


def _in_dataset(name: str, recipe: Recipe) -> tuple[int, str]:
    for path in (Path(name), Path(recipe.dataset_dir) / name, Path(recipe.dataset_dir) / _file_of(name, Path(recipe.dataset_dir))):
        if path.exists():
            return sum(_rows(file) for file in _files(path)), f"rows of {path}"
    if known := PUBLISHED_SAMPLES.get(name.split("/")[-1].lower()):
        return known, f"{name} as published"
    if recipe.max_samples:
        return recipe.max_samples, f"max_samples of {name}"
    raise InputError(f"dataset {name!r} is not on this machine, and planning downloads nothing: give --samples N")


def _file_of(name: str, folder: Path) -> str:
    """The file that dataset_info.json gives a name."""
    try:
        entry = json.loads((folder / "dataset_info.json").read_text(encoding="utf-8"))[name]
        return str(entry["file_name"])
    except (OSError, ValueError, KeyError, TypeError):
        return name


def _files(path: Path) -> Iterator[Path]:
    kinds = (".jsonl", ".json", ".parquet")
    yield from sorted(p for p in path.rglob("*") if p.suffix in kinds and p.name != "dataset_info.json") if path.is_dir() else [path]


def _rows(path: Path) -> int:
    """Rows of a JSONL, JSON or parquet file. Raises InputError for another or a broken one."""
    try:
        if path.suffix == ".parquet":
            from pyarrow import parquet

            return int(parquet.read_metadata(path).num_rows)
        if path.suffix == ".jsonl":
            with path.open(encoding="utf-8") as lines:
                return sum(bool(line.strip()) for line in lines)
        return len(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: samples cannot be counted, JSONL, a JSON list or parquet was expected ({error})") from None


def _drawn(recipe: Recipe, config: Qwen2_5_VLConfig) -> tuple[Text, int, str]:
    """Lengths of the tasks at the top of their ladder, measured with nano's processor."""
    if recipe.stage == "see":
        from onevision.train.glyphs import labelled_picture

        seen = [labelled_picture(index).glyph.size // 4 for index in range(DRAWN)]
        return Text(0, _mean(seen), 0), max(seen), f"{DRAWN} pictures drawn"
    prompts, pictures, answers = zip(*_drawn_lengths(recipe, config), strict=True)
    # GRPO's answers are the model's own.
    grpo = isinstance(recipe, GRPORecipe)
    longest = max(prompts) if grpo else max(map(sum, zip(prompts, answers, strict=True)))
    text = Text(_mean(prompts), _mean(pictures), 0 if grpo else _mean(answers))
    return text, longest, f"{len(prompts)} samples drawn at level {max(recipe.levels)}, nano's tokenizer"


def _drawn_lengths(recipe: Recipe, config: Qwen2_5_VLConfig) -> Iterator[tuple[int, int, int]]:
    """(prompt tokens with pictures, picture tokens, answer tokens) of drawn samples, tasks by their weight."""
    from onevision.models.load import load_processor, nano_folder
    from onevision.train.encode import IGNORE, encode

    processor: Any = load_processor(nano_folder())
    if config.text_config.vocab_size > len(processor.tokenizer) + 64:  # not a nano: its pictures are not bounded as nano's are
        processor.image_processor.size["longest_edge"] = recipe.image_max_pixels or QWEN_PIXELS
        processor.image_processor.trim_margins = False
    weight = sum(recipe.tasks.values())
    low, high = recipe.sizes[-1]
    for name, share in recipe.tasks.items():
        task = tasks.make(name, split="train", seed=recipe.seed, levels=(max(recipe.levels),), size=(low, high))
        for index in range(max(1, round(DRAWN * share / weight))):
            encoded = encode(task.sample(index), processor)
            prompt = int((encoded.labels == IGNORE).sum())
            yield prompt, int(encoded.grid.prod(1).sum()) // 4, len(encoded.labels) - prompt


def _assumed(recipe: Recipe) -> tuple[Text, int, str]:
    """One picture at its largest, and the assumed texts; the longest is as long as the recipe allows."""
    pixels = recipe.image_max_pixels or (recipe.image_resolution or 0) ** 2 or DEFAULT_PIXELS
    picture = pixels // PICTURE_TOKEN
    prompt = picture + QUESTION
    if not isinstance(recipe, SFTRecipe):
        return Text(prompt, picture, 0), prompt, f"one picture of {picture} tokens, a question of {QUESTION}, assumed"
    answer = max(1, min(REASONING, recipe.cutoff_len - prompt))
    words = f"one picture of {picture} tokens, a question of {QUESTION}, an answer of {answer}, assumed"
    return Text(prompt, picture, answer), recipe.cutoff_len, words


def _given(recipe: Recipe, text: Text, tokens: int) -> Text:
    """The text with a stated mean length; the picture keeps its tokens where they leave room."""
    if isinstance(recipe, GRPORecipe):
        return Text(tokens, min(text.picture, tokens), text.answer)
    prompt = min(text.prompt, tokens - 1)
    return Text(prompt, min(text.picture, prompt), tokens - prompt)


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values)
