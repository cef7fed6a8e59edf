"""A small recipe, and a misbehaving endpoint in a thread that knows its answers."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from onevision.forge.read import Mix
from onevision.forge.reason import Reason
from onevision.forge.recipe import ForgeRecipe, load_recipe
from onevision.models.prompts import compose
from tests.forge.endpoint import Endpoint, words

TASKS = ("chain", "clock", "table_lookup")


def tasks_recipe(folder: Path, items: int = 6, **more: Any) -> Path:
    """`items` of each of three tasks, small pictures; a file in `folder`."""
    sources = [{"task": name, "name": name, "domain": "drawn", "count": items, "size": [56, 84], "levels": [1, 2]} for name in TASKS]
    made = {"stage": "forge", "output_dir": str(folder / "out"), "shard": 5, "workers": 1, "sources": sources, "near": False} | more
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(made))
    return path


def asking(url: str, **endpoint: Any) -> dict[str, Any]:
    """Keys of a recipe that reasons and rewrites at an endpoint."""
    return {
        "endpoints": {"model": {"model": f"openai:m@{url}", "concurrency": 8, "timeout": 1, "attempts": 40} | endpoint},
        "steps": ["describe", {"reason": {"by": "model"}}, "judge", {"rewrite": {"by": "model"}}, "judge", "filter"],
    }


def mind(recipe: ForgeRecipe) -> Callable[[list[dict[str, Any]]], str]:
    """Reasons as the tasks do, wrongly for every seventh item, and rewrites whatever it gets."""
    mix, known = Mix(recipe), {}
    for number in range(len(mix)):
        draft = mix.draft(number)
        assert draft.given and draft.worked
        prompt = Reason().requests(replace(draft, description=draft.given))[0].messages[0]["content"]
        answer = draft.problem.answer if number % 7 else "no idea"
        known[prompt] = compose(None, f"According to the description this is so:\n{draft.worked.steps}", answer or "")

    def say(messages: list[dict[str, Any]]) -> str:
        asked = words(messages)
        if asked in known:
            return known[asked]
        steps = asked.partition("Their steps:\n")[2].partition("\n\nTheir answer: ")[0]
        return compose(None, f"I look at the picture.\n{steps}", asked.partition("Their answer: ")[2].partition("\n")[0])

    return say


@contextmanager
def running(endpoint: Endpoint) -> Iterator[str]:
    """The endpoint in a thread; its URL."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    server = asyncio.run_coroutine_threadsafe(endpoint.serve(), loop).result()
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"

    async def close() -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(close(), loop).result()
    loop.call_soon_threadsafe(loop.stop)


@pytest.fixture
def offline(tmp_path: Path) -> ForgeRecipe:
    return load_recipe(tasks_recipe(tmp_path))
