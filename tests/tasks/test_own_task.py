"""The documentation's task of 40 lines runs, alone and from a package of its own."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from onevision import tasks
from onevision.errors import InputError
from onevision.formal import parse
from onevision.tasks.base import Task

PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"
ENTRY = "[onevision.tasks]\ndots = dots_task.dots:Dots\nbroken = dots_task.dots:DotsConfig\nchain = dots_task.dots:Dots\n"


@pytest.fixture(scope="module")
def source() -> str:
    return next(block for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S) if "class Dots" in block)


@pytest.fixture(scope="module")
def package(source: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site folder with an installed package that holds the task."""
    site = tmp_path_factory.mktemp("site")
    info = site / "dots_task-1.0.dist-info"
    for folder in (site / "dots_task", info):
        folder.mkdir()
    (site / "dots_task" / "__init__.py").touch()
    (site / "dots_task" / "dots.py").write_text(source, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dots-task\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY)
    return site


def test_it_has_40_lines_and_draws_right(source: str, tmp_path: Path) -> None:
    assert len([line for line in source.splitlines() if line.strip()]) <= 40
    path = tmp_path / "dots.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("dots_of_the_docs", path)
    assert spec and spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    assert issubclass(module.Dots, Task)
    for index in range(40):
        item = module.Dots(size=(112, 168)).item(index)
        parse(item.description)
        assert item.answer == str(item.description.text.count("(")) == item.steps.split()[-1]
        for x, y, colour in item.probes:
            assert max(abs(a - b) for a, b in zip(item.image.getpixel((x, y)), colour, strict=True)) <= 60


def test_an_installed_package_brings_a_task(package: Path, tmp_path: Path) -> None:
    paths = os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "onevision", "tasks", "show", "dots", "-n", "1", "--out", str(tmp_path)]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "dots-train-0-0.png").exists()


def test_ours_stay_ours_and_a_wrong_entry_is_named(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(package))
    assert {"dots", "broken"} <= set(tasks.names())
    assert tasks.names().count("chain") == 1
    assert type(tasks.make("chain")).__module__ == "onevision.tasks.chain"
    with pytest.raises(InputError, match=r"'broken'.*no Task"):
        tasks.make("broken")
    with pytest.raises(InputError, match="unknown task 'nope'"):
        tasks.make("nope")
