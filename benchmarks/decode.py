"""Tokens a second of our engine's `ask` path against transformers.generate: same model, prompt, tokens, one run.

    python benchmarks/decode.py --model nano [--compile]

Both decode greedily with the same tokens banned, and must give the same tokens. "whole" is everything from the chat
to the last token (picture, prompt, decode), "decode" the time after the first token. Medians of alternating rounds.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image, ImageDraw

from onevision.engine.base import SamplingParams
from onevision.engine.torch import TorchEngine
from onevision.models.load import load_model
from onevision.models.pictures import open_picture
from onevision.models.prompts import messages_for
from onevision.types import Message


def main() -> None:
    """Print both speeds and their ratio; exit 1 if the tokens differ."""
    args = _arguments()
    model, processor = load_model(args.model, device=args.device)
    engine = TorchEngine(model, processor, args.compile)
    picture = open_picture(args.image) if args.image else _drawing()
    messages = messages_for([picture], args.question)
    runs: list[Run] = [_run_transformers, _run_engine]
    for run in runs:
        run(engine, messages, 8)
    rounds = [[_measure(run, engine, messages, args.tokens) for run in runs] for _ in range(args.rounds)]
    theirs, ours = rounds[0]
    if ours.tokens != theirs.tokens:
        raise SystemExit(f"the tokens differ:\nonevision    {ours.tokens}\ntransformers {theirs.tokens}")
    place = f"{torch.get_num_threads()} threads, {model.dtype}, {model.device}"
    print(f"{args.model}: {len(ours.tokens)} equal tokens, {place}")
    print(f"{'tokens/s':8s}{'transformers.generate':>24s}{'onevision ask':>16s}{'ratio':>8s}")
    for kind in ("whole", "decode"):
        generate, ask = (statistics.median(getattr(each[side], kind) for each in rounds) for side in (0, 1))
        print(f"{kind:8s}{generate:24.1f}{ask:16.1f}{ask / generate:8.2f}")


Run = Callable[[TorchEngine, list[Message], int], tuple[list[int], float]]


@dataclass(frozen=True)
class Speed:
    """whole and decode: tokens a second."""

    tokens: list[int]
    whole: float
    decode: float


def _measure(run: Run, engine: TorchEngine, messages: list[Message], tokens: int) -> Speed:
    _, first = run(engine, messages, 1)
    told, seconds = run(engine, messages, tokens)
    return Speed(told, len(told) / seconds, (len(told) - 1) / (seconds - first))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano", help="nano, a folder or a hub id")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--compile", action="store_true", help="our decode steps as machine code")
    parser.add_argument("--image", help="a picture; a drawing of circles without it")
    parser.add_argument("--question", default="How many circles are there?")
    parser.add_argument("--tokens", type=int, default=200, help="most tokens of the answer")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _drawing() -> Image.Image:
    picture = Image.new("RGB", (336, 280), "white")
    draw = ImageDraw.Draw(picture)
    for index, colour in enumerate(("red", "green", "blue", "orange", "purple")):
        draw.ellipse((20 + 60 * index, 60 + 25 * index, 70 + 60 * index, 110 + 25 * index), fill=colour)
    return picture


def _run_engine(engine: TorchEngine, messages: list[Message], tokens: int) -> tuple[list[int], float]:
    """The tokens, and the seconds they took, streamed as `ask` streams them. The end-of-turn token is not counted."""
    start = time.perf_counter()
    *_, last = engine.deltas(messages, SamplingParams(max_new_tokens=tokens))
    seconds = time.perf_counter() - start
    assert last.completion is not None
    return list(last.completion.token_ids), seconds


def _run_transformers(engine: TorchEngine, messages: list[Message], tokens: int) -> tuple[list[int], float]:
    start = time.perf_counter()
    processor: Any = engine.processor
    text = processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    images = [item["image"] for item in messages[0]["content"] if item["type"] == "image"]
    inputs = processor(text=[text], images=images, return_tensors="pt").to(engine.model.device)
    banned = engine.banned.tolist()
    out = engine.model.generate(**inputs, max_new_tokens=tokens, do_sample=False, suppress_tokens=banned)
    new = out[0, inputs["input_ids"].shape[1] :].tolist()
    seconds = time.perf_counter() - start
    return [token for token in new if token not in engine.eos], seconds


if __name__ == "__main__":
    main()
