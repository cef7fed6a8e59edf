"""`onevision plan RECIPE.yaml [key=value ...]`."""

import json
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Annotated

import typer

from onevision.errors import InputError
from onevision.train.plan.data import Stated
from onevision.train.plan.memory import Memory
from onevision.train.plan.plan import MFU, USABLE, Plan, Setting, make_plan
from onevision.train.plan.work import GIB, device
from onevision.train.precision import suited
from onevision.train.recipe import load_recipe, read_yaml


def main(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE.yaml", help="what would be trained or forged")],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="key=value ...", help="take the place of the recipe's own")] = None,
    devices: Annotated[int, typer.Option(help="how many devices, e.g. --devices 8")] = 1,
    name: Annotated[str, typer.Option("--device", help="a100, a800, h100, h200, 4090, cpu, or auto for this machine's")] = "auto",
    device_memory: Annotated[float | None, typer.Option(help="GiB of each device, e.g. --device-memory 40")] = None,
    mfu: Annotated[float, typer.Option(help="share of the devices' peak that training reaches, e.g. --mfu 0.4")] = MFU,
    samples: Annotated[int | None, typer.Option(help="samples of the data set, e.g. --samples 155000")] = None,
    sample_tokens: Annotated[int | None, typer.Option(help="mean tokens of a sample (grpo: of a prompt), pictures and all")] = None,
    completion_tokens: Annotated[int | None, typer.Option(help="grpo: mean tokens of an answer, e.g. --completion-tokens 600")] = None,
    price: Annotated[float | None, typer.Option(help="of one device for an hour, e.g. --price 1.5")] = None,
    cores: Annotated[int, typer.Option(help="forge: worker processes of all hosts together, e.g. --cores 64", min=1)] = 16,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Say what a recipe will take before anything runs: memory, tokens, FLOPs, time; of a forge recipe requests, tokens, money,
    CPU hours and storage. Downloads nothing.

    Example: onevision plan recipes/r1-onevision-7b-grpo.yaml --devices 8 --device a800
    """
    for option, value in (("--device-memory", device_memory), ("--samples", samples), ("--sample-tokens", sample_tokens),
                          ("--completion-tokens", completion_tokens), ("--price", price)):  # fmt: skip
        if value is not None and value <= 0:
            raise InputError(f"{option} is {value}; more than 0 was expected")
    if read_yaml(recipe, overrides).get("stage") == "forge":
        return _forge(recipe, overrides, cores, as_json)
    loaded = load_recipe(recipe, overrides)
    if name in ("cpu", "auto"):
        loaded = suited(loaded)
    chosen = device(name, loaded.bf16)
    if device_memory:
        chosen = replace(chosen, memory=int(device_memory * GIB))
    plan = make_plan(loaded, Path(recipe).parent, Setting(chosen, devices, mfu, Stated(samples, sample_tokens, completion_tokens)))
    return typer.echo(json.dumps(as_dict(plan, price)) if as_json else "\n".join(lines(plan, price)))


def _forge(path: str, overrides: list[str] | None, cores: int, as_json: bool) -> None:
    from onevision.forge import plan, recipe

    made = plan.make_plan(recipe.load_recipe(path, overrides), cores)
    typer.echo(json.dumps(asdict(made)) if as_json else "\n".join(plan.lines(made)))


def as_dict(plan: Plan, price: float | None = None) -> dict[str, object]:
    """The plan with what follows from it; bytes, seconds, and the price's currency."""
    derived = {"fits": plan.fits, "total_bytes": plan.memory.total, "seconds": plan.seconds, "device_hours": _device_hours(plan)}
    cost = {"cost": price * _device_hours(plan)} if price else {}
    return asdict(plan) | derived | cost


def lines(plan: Plan, price: float | None = None) -> Iterator[str]:
    """The plan for people."""
    yield f"{plan.stage} of {plan.model} on {plan.devices} × {plan.device.name}, {plan.sharding.name}"
    yield f"  {_short(plan.parameters)} parameters, of which {_short(plan.learning)} learn"
    yield "memory of each device"
    for f in fields(Memory):
        if size := getattr(plan.memory, f.name):
            yield f"  {f.name:<14}{size / GIB:9.2f} GiB"
    usable = f"{plan.usable / GIB:.1f} usable ({USABLE:.0%} of {plan.device.memory / GIB:.0f})"
    yield f"  {'together':<14}{plan.memory.total / GIB:9.2f} GiB of {usable}"
    yield f"  longest row    {plan.row.tokens or plan.row.pictures:6d} tokens, {plan.row.pictures} of pictures"
    if plan.stage == "grpo":
        yield f"  KV-cache room {plan.cache_tokens:7d} tokens beside the weights: {plan.together} full-length answers at a time"
    yield "work"
    tokens = f"{_short(plan.tokens)} tokens, {_short(plan.picture_tokens)} of pictures"
    yield f"  {_short(plan.samples)} samples, {plan.updates} updates, {tokens}"
    yield f"  {plan.flops:.2e} FLOPs at {_short(plan.device.flops)}FLOP/s × {plan.devices}"
    yield from _time(plan, price)
    yield from (f"  note: {note}" for note in plan.notes)
    yield "fits" if plan.fits else "does not fit; what would help:"
    yield from (f"  - {remedy}" for remedy in plan.remedies)


def _time(plan: Plan, price: float | None) -> Iterator[str]:
    parts = f" (learning {_hours(plan.learn_seconds)}, rollouts at least {_hours(plan.rollout_seconds)})" if plan.rollout_seconds else ""
    cost = f", {price * _device_hours(plan):.2f} at {price:g} an hour" if price else ""
    yield f"  {_hours(plan.seconds)}{parts}: {_device_hours(plan):.1f} device-hours{cost}"


def _device_hours(plan: Plan) -> float:
    return plan.seconds * plan.devices / 3600


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"


def _short(number: float) -> str:
    """8292166656 -> "8.29 G"."""
    for size, letter in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {letter}"
    return f"{number:.0f}"
