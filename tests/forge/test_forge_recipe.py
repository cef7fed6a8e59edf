"""Recipes: what is shipped loads, and each mistake is named."""

from pathlib import Path

import pytest
import yaml

from onevision import tasks
from onevision.cli import main
from onevision.errors import InputError
from onevision.forge.recipe import load_recipe
from tests.forge.conftest import tasks_recipe

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("forge-*.yaml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_shipped_recipes_load(path):
    recipe = load_recipe(path)
    assert {source.task for source in recipe.sources if source.task} <= set(tasks.names())
    assert len({source.name for source in recipe.sources}) == len(recipe.sources)


def test_the_originals_mix():
    (path,) = [path for path in RECIPES if path.stem == "forge-r1-onevision"]
    counts = {source.name: source.count for source in load_recipe(path).sources}
    assert len(counts) == 18 and sum(counts.values()) == 158_000 and counts["geo170k"] == 31_800 and counts["vsr"] == 900


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stage": "sft"}, "stage is 'sft'; onevision forge takes 'forge'"),
        ({"sources": []}, "no sources"),
        ({"sources": {"a": 1}}, "sources is {'a': 1}, where a list was expected"),
        ({"sources": [{"task": "chain"}]}, "a task has no end, so give count"),
        ({"sources": [{"name": "x"}]}, "give either task or data"),
        ({"sources": [{"task": "chain", "count": 1, "tsk": 2}]}, "unknown key 'tsk'; did you mean 'task'?"),
        ({"steps": ["describe", "raeson"]}, "unknown step 'raeson'; did you mean 'reason'?"),
        ({"steps": [{"reason": {"by": "r1"}}]}, "step reason: by is 'r1'; one of worked"),
        ({"steps": [{"reason": {"candidates": "two"}}]}, "candidates is 'two', where int was expected"),
        ({"steps": ["review"]}, "step review: 'by' is missing"),
        ({"endpoints": {"a": {"model": "nano", "price": [1]}}}, "price is [1.0]; two numbers were expected"),
        ({"endpoints": ["a"]}, "names with their settings were expected"),
        ({"near": {"picture": 40}}, "give 0 to 15 bits"),
        ({"near": True}, "near: True, where keys with their values were expected"),
        ({"sources": ["chain"]}, "source 1: 'chain', where keys with their values were expected"),
        ({"keep_out": ["mathvision"]}, "keep_out: 'mathvision', where keys"),
        ({"endpoints": {"m": "openai:a@http://x/v1"}}, "endpoint m: 'openai:a@http://x/v1', where keys"),
        ({"steps": [{"describe": "given"}]}, "step describe: 'given', where keys"),
        ({"steps": [["describe"]]}, "unknown step ['describe']"),
        ({"steps": [{"filter": {"words": [5]}}]}, "words is [5]; give the fewest and the most"),
        ({"sources": [{"task": "chain", "count": 1, "size": [100]}]}, "size is [100]; give the smallest and the largest"),
        ({"shard": 0}, "shard is 0 and workers 1"),
        ({"endpoints": {"m": {"model": "nano"}}, "steps": ["reason", {"judge": {"by": "m"}}]}, "by is 'm'; one of grader"),
        ({"steps": ["judge"]}, "step judge stands before any reason"),
        ({"steps": ["rewrite"]}, "step rewrite stands before any reason"),
        ({"steps": ["reason", "judge", "filter"]}, "step filter stands before any describe"),
        ({"endpoints": {"m": {"model": "nano"}}, "steps": [{"reason": {"by": "m"}}]}, "step reason stands before any describe"),
        ({"endpoints": {"m": {"model": "nano"}}, "steps": ["reason", {"review": {"by": "m"}}]}, "step review stands before any describe"),
        ({"sharding": 5}, "unknown key 'sharding'; did you mean 'shard'?"),
    ],
)
def test_mistakes_are_named(tmp_path, change, words):
    with pytest.raises(InputError) as error:
        load_recipe(tasks_recipe(tmp_path, **change))
    assert words in str(error.value) and "\n" not in str(error.value)


def test_the_command_line_says_it_in_one_line(tmp_path, capsys):
    assert main(["forge", str(tmp_path / "none.yaml")]) == 2
    assert main(["forge", str(tasks_recipe(tmp_path)), "shard=x"]) == 2
    assert main(["forge", str(tasks_recipe(tmp_path, sources=[{"data": "gone.jsonl"}]))]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3 and "unknown data set 'gone.jsonl'" in lines[2]


def test_the_signature_is_of_what_the_data_depends_on(tmp_path):
    def signature(**more):
        return load_recipe(tasks_recipe(tmp_path, **more)).signature()

    endpoints = {"m": {"model": "openai:a@http://x/v1"}}
    steps = ["describe", {"reason": {"by": "m"}}]
    same = signature(endpoints=endpoints, steps=steps)
    moved = {"m": {"model": "openai:a@http://y/v1", "concurrency": 3, "budget": 9}}
    assert same == signature(endpoints=moved, steps=steps, workers=3)
    others = [signature(), signature(seed=1), signature(endpoints={"m": {"model": "openai:b@http://x/v1"}}, steps=steps)]
    assert len({same, *others}) == 4


def test_plans(tmp_path, capsys):
    def plan(path, *more):
        assert main(["plan", str(path), "--json", *more]) == 0
        return yaml.safe_load(capsys.readouterr().out)

    (tasks_only,) = [plan(path) for path in RECIPES if path.stem == "forge-tasks"]
    assert tasks_only["items"] == 11_000 and not tasks_only["endpoints"] and tasks_only["samples"] == 11_000
    (path,) = [path for path in RECIPES if path.stem == "forge-r1-onevision"]
    whole, twice = plan(path), plan(path, "--cores", "32")
    assert whole["endpoints"]["eyes"]["requests"] == whole["items"] == 158_000
    reasoner = whole["endpoints"]["reasoner"]
    assert reasoner["cost"] == pytest.approx((0.55 * reasoner["prompt_tokens"] + 2.19 * reasoner["completion_tokens"]) / 1e6)
    assert whole["samples"] < whole["items"] and whole["cpu_hours"] == twice["cpu_hours"] and twice["hosts"] == 2
    assert main(["plan", str(path)]) == 0 and "reasoner is the slowest part" in capsys.readouterr().out


def test_sources_without_items_are_refused(tmp_path, capsys):
    (tmp_path / "empty.jsonl").write_text("")
    assert main(["forge", str(tasks_recipe(tmp_path, sources=[{"data": str(tmp_path / "empty.jsonl")}]))]) == 2
    assert "the recipe's sources hold no items" in capsys.readouterr().err


def test_a_plan_downloads_nothing(tmp_path, capsys):
    assert main(["plan", str(tasks_recipe(tmp_path, sources=[{"data": "Fancy-MLLM/R1-Onevision"}]))]) == 2
    assert "source 'Fancy-MLLM/R1-Onevision': give count" in capsys.readouterr().err
