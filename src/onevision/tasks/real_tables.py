"""Real tables and samples from vega-datasets, read from the installed package."""

import csv
import json
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import Any

from onevision.errors import MissingPartError

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Source = dict[str, dict[str, float]]
"""Row -> column -> value."""


def rows_of(name: str) -> list[dict[str, Any]]:
    """The records of one file of vega-datasets. Raises MissingPartError when the package is not installed."""
    spec = find_spec("vega_datasets")
    if spec is None or spec.origin is None:
        raise MissingPartError("real tables need vega_datasets: pip install 'onevision[tasks]'")
    path = Path(spec.origin).parent / "_data" / name
    with path.open(encoding="utf-8", newline="") as file:
        return json.load(file) if path.suffix == ".json" else list(csv.DictReader(file))


def _mean(rows: list[dict[str, Any]], row: Callable[[Any], str], column: Callable[[Any], str], value: Callable[[Any], float]) -> Source:
    groups: dict[str, dict[str, list[float]]] = {}
    for one in rows:
        groups.setdefault(row(one), {}).setdefault(column(one), []).append(value(one))
    columns = list(dict.fromkeys(name for found in groups.values() for name in found))
    whole = {name: found for name, found in groups.items() if len(found) == len(columns)}
    return {name: {column: fmean(found[column]) for column in columns} for name, found in whole.items()}


def _iowa() -> Source:
    return _mean(
        rows_of("iowa-electricity.csv"),
        lambda r: r["year"][:4],
        lambda r: r["source"].split()[0],
        lambda r: int(r["net_generation"]) / 1000,
    )


def _stocks() -> Source:
    return _mean(rows_of("stocks.csv"), lambda r: r["date"][-4:], lambda r: r["symbol"], lambda r: float(r["price"]))


def _jobs() -> Source:
    sectors = {"construction": "Building", "manufacturing": "Industry", "retail_trade": "Retail", "government": "State"}
    long = [
        {"year": r["month"][:4], "name": sectors[key], "jobs": float(r[key]) / 1000}
        for r in rows_of("us-employment.csv")
        for key in sectors
    ]
    return _mean(long, lambda r: r["year"], lambda r: r["name"], lambda r: r["jobs"])


def _crimea() -> Source:
    rows = [r | {"name": name} for r in rows_of("crimea.json") for name in ("wounds", "other", "disease")]
    return _mean(
        rows, lambda r: f"{MONTHS[int(r['date'][5:7]) - 1]} {r['date'][2:4]}", lambda r: r["name"].capitalize(), lambda r: r[r["name"]]
    )


def _weather() -> Source:
    rows = [r | {"name": name} for r in rows_of("seattle-weather.csv") for name in ("temp_max", "temp_min", "wind")]
    names = {"temp_max": "Day °C", "temp_min": "Night °C", "wind": "Wind m/s"}
    return _mean(rows, lambda r: MONTHS[int(r["date"][5:7]) - 1], lambda r: names[r["name"]], lambda r: float(r[r["name"]]))


def _barley() -> Source:
    return _mean(rows_of("barley.json"), lambda r: r["site"].split()[0], lambda r: str(r["year"]), lambda r: r["yield"])


def _cars() -> Source:
    rows = [r for r in rows_of("cars.json") if r["Horsepower"]]
    return _mean(rows, lambda r: r["Year"][:4], lambda r: r["Origin"], lambda r: r["Horsepower"])


def _wheat() -> Source:
    rows = [r | {"name": name} for r in rows_of("wheat.json") for name in ("wheat", "wages") if name in r]
    return _mean(rows, lambda r: r["year"], lambda r: r["name"].capitalize(), lambda r: r[r["name"]])


REAL: dict[str, tuple[str, str, Callable[[], Source]]] = {
    "barley": ("Barley, bushels an acre", "Site", _barley),
    "cars": ("Mean horsepower of cars", "Year", _cars),
    "crimea": ("Deaths in the Crimean War", "Month", _crimea),
    "iowa": ("Electricity in Iowa, TWh", "Year", _iowa),
    "jobs": ("US jobs, millions", "Year", _jobs),
    "stocks": ("Mean share price, $", "Year", _stocks),
    "weather": ("Weather in Seattle", "Month", _weather),
    "wheat": ("Wheat and wages, shillings", "Year", _wheat),
}
"""Name -> title, what its rows are, and how it is read."""


@cache
def real_source(name: str) -> tuple[str, str, Source]:
    """(title, what the rows are, the table) of one of REAL."""
    title, corner, read = REAL[name]
    return title, corner, read()
