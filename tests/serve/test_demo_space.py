"""app.py and requirements.txt: what a Hugging Face Space is given."""

import re
import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def plain(name: str) -> str:
    """A requirement's name as PyPI compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", name)[0]).lower()


def pins(name: str) -> dict[str, str]:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]
    return {plain(line): line.split("==")[1] for line in lines}


def test_a_space_installs_what_serving_needs_at_the_versions_that_were_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {plain(one) for one in project["dependencies"] + project["optional-dependencies"]["serve"]}
    assert set(pins("requirements.txt")) == needed
    assert pins("requirements.txt").items() <= pins("constraints.txt").items()


@pytest.mark.parametrize(("space", "host"), [(None, "127.0.0.1"), ("someone/onevision", "0.0.0.0")])
def test_only_a_space_is_open_to_the_world(space: str | None, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[dict[str, Any]] = []
    monkeypatch.setattr("onevision.serve.command.serve", lambda **options: served.append(options))
    monkeypatch.setenv("ONEVISION_ALSO", "runs/a,runs/b")
    if space:
        monkeypatch.setenv("SPACE_ID", space)
    runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
    assert served == [{"model": "nano", "host": host, "port": 7860, "others": ["runs/a", "runs/b"]}]
