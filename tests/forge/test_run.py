"""A whole run: what it leaves, how it goes on, and what faults and kills change about it (nothing)."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from onevision import tasks
from onevision.cli import main
from onevision.errors import InputError, OneVisionError
from onevision.forge.recipe import load_recipe
from onevision.forge.run import forge
from onevision.sources import open_dataset
from tests.forge.conftest import asking, mind, running, tasks_recipe
from tests.forge.endpoint import Endpoint

pytest.importorskip("openai")


def rows(folder, name):
    import pyarrow.parquet as pq

    return [row for path in sorted((folder / name).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for name in ("data", "dropped") for path in (folder / name).glob("*")}


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """An undisturbed run at an endpoint: its folder, what the endpoint answered."""
    folder = tmp_path_factory.mktemp("calm")
    endpoint = Endpoint(mind(load_recipe(tasks_recipe(folder))), delay=0.01)
    with running(endpoint) as url:
        forge(load_recipe(tasks_recipe(folder, **asking(url, price=[1.0, 2.0]))))
    return folder / "out", endpoint


def test_an_offline_run_and_its_second_call(tmp_path):
    (tmp_path / "data.csv").write_text("image,question,answer\ngone.png,How many?,3\n")
    path = tasks_recipe(tmp_path, near={})
    recipe = load_recipe(
        path, [f"sources=[{{task: chain, name: chain, count: 9}}, {{data: {tmp_path / 'data.csv'}, name: mine, domain: own}}]"]
    )
    totals = forge(recipe)
    assert totals["items"] == {"dropped": 1, "kept": 9}
    assert totals["dropped"] == {"read: broken row": 1}
    assert totals["all"] == {"other / chain": 9, "own / mine": 1}
    samples = list(open_dataset(str(tmp_path / "out" / "data")))
    assert [sample.problem.id for sample in samples] == [f"chain-v{tasks.make('chain').version}-train-0-{i}" for i in range(9)]
    assert all(sample.verdict and sample.verdict.score == 1.0 and sample.problem.images for sample in samples)
    (dropped,) = rows(tmp_path / "out", "dropped")
    assert "gone.png: no such file" in dropped["dropped_words"]
    before = contents(tmp_path / "out")
    assert forge(recipe) == totals and contents(tmp_path / "out") == before
    with pytest.raises(InputError, match="another recipe's run"):
        forge(load_recipe(path))


def test_duplicates_go_before_anything_is_asked(tmp_path):
    source = {"task": "chain", "name": "one", "count": 4, "size": [56, 84]}
    totals = forge(load_recipe(tasks_recipe(tmp_path, near={}, sources=[source, source | {"name": "two"}])))
    assert totals["items"] == {"kept": 4, "dropped": 4} and totals["dropped"] == {"near: duplicate": 4}
    assert json.loads((tmp_path / "out" / "near.json").read_text())["duplicates"] == 4


def test_what_an_endpoint_makes_of_it(calm):
    folder, endpoint = calm
    totals = json.loads((folder / "forge.json").read_text())
    assert totals["dropped"] == {"judge: wrong answer": 3} and totals["items"]["kept"] == 15
    assert totals["phrases"] == {"before": 15, "after": 0}
    model = totals["endpoints"]["model"]
    assert model["answers"] == len(endpoint.answered) == 18 + 15 and model["failed"] == 0
    assert model["cost"] == pytest.approx((model["prompt_tokens"] + 2 * model["completion_tokens"]) / 1e6)
    sample = open_dataset(str(folder / "data"))[0]
    said = sample.messages[-1]["content"]
    assert "I look at the picture." in said and "description" not in said.rpartition("```")[2]
    assert endpoint.most <= 8
    (wrong, *_) = rows(folder, "dropped")
    assert wrong["dropped_kind"] == "wrong answer" and "'no idea' against gold" in wrong["dropped_words"]


def test_faults_change_nothing(calm, tmp_path):
    recipe = load_recipe(tasks_recipe(tmp_path))
    endpoint = Endpoint(mind(recipe), delay=0.01, faults=0.4, stall=1.5, seed=3)
    with running(endpoint) as url:
        totals = forge(load_recipe(tasks_recipe(tmp_path, **asking(url))))
    assert totals["endpoints"]["model"]["failed"] > 5
    assert contents(tmp_path / "out") == contents(calm[0])


def test_a_killed_run_asks_nothing_twice(calm, tmp_path):
    recipe = load_recipe(tasks_recipe(tmp_path))
    endpoint = Endpoint(mind(recipe), delay=0.1, faults=0.1, stall=0.5)
    with running(endpoint) as url:
        path = tasks_recipe(tmp_path, **asking(url, concurrency=3))
        process = subprocess.Popen([sys.executable, "-m", "onevision", "forge", str(path)], stderr=subprocess.DEVNULL)
        while len(endpoint.answered) < 12:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(0.7)
        base = sqlite3.connect(tmp_path / "out" / "replies.sqlite")
        lost = len(endpoint.answered) - base.execute("select count(*) from said").fetchone()[0]
        base.close()
        assert main(["forge", str(path)]) == 0
    assert 0 <= lost <= 3
    assert len(endpoint.answered) - len(set(endpoint.answered)) == lost
    assert contents(tmp_path / "out") == contents(calm[0])


def test_a_spent_budget_stops_the_run_and_a_larger_one_goes_on(calm, tmp_path):
    endpoint = Endpoint(mind(load_recipe(tasks_recipe(tmp_path))))
    with running(endpoint) as url:
        price = {"price": [0.0, 1e6], "concurrency": 1}
        with pytest.raises(OneVisionError, match="its budget of 150 is spent"):
            forge(load_recipe(tasks_recipe(tmp_path, **asking(url, budget=150, **price))))
        assert 2 < len(endpoint.answered) < 30
        forge(load_recipe(tasks_recipe(tmp_path, **asking(url, budget=10**6, **price))))
    assert len(endpoint.answered) == len(set(endpoint.answered))
    assert contents(tmp_path / "out") == contents(calm[0])


def test_one_run_at_a_time(offline):
    from onevision.store import alone

    with alone(Path(offline.output_dir)), pytest.raises(InputError, match="another run is at work"):
        forge(offline)


def test_the_report_of_a_run(calm, capsys):
    folder, _ = calm
    assert main(["report", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "15 samples of 18 items" in out and "| judge | 18 | 3 | 83.3 % |" in out and "| after rewriting | 0 |" in out
    page = (folder / "report.html").read_text()
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert len(data["samples"]) == 18 and data["samples"][0]["pictures"][0].startswith("data:image/jpeg")
    assert {one["reason"] for one in data["samples"]} == {"kept", "judge: wrong answer"}
    assert (folder / "mix.png").exists() and (folder / "lengths.png").exists()
