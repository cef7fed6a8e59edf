"""Asking, keeping, going on, grading."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from onevision import tasks
from onevision.bench.held_out import held_out
from onevision.bench.journal import Journal, key_of
from onevision.bench.measure import Subject, measure
from onevision.bench.records import guess_of
from onevision.bench.run import Asking, answer_all
from onevision.engine.base import SamplingParams
from onevision.report.tables import several
from onevision.types import Problem
from tests.bench.fakes import Scripted, oracle

GREEDY = Asking("fake", SamplingParams(max_new_tokens=64, seed=0))


@pytest.fixture(scope="module")
def problems() -> list[Problem]:
    task = tasks.make("scene", split="test", levels=(1,), size=(112, 112))
    return [task[i] for i in range(20)]


def test_answers_come_in_the_problems_order(problems, tmp_path):
    engine = oracle(problems)
    answers = answer_all(engine, problems, replace(GREEDY, concurrency=4), Journal(tmp_path / "a.jsonl"))
    assert [answer["id"] for answer in answers] == [p.id for p in problems]
    assert engine.asked == 20
    assert engine.most == 4


def test_a_run_that_dies_twice_asks_everything_once(problems, tmp_path):
    whole = measure(oracle(problems), Subject("scene", "test", problems, ("level",)), GREEDY, tmp_path / "whole")
    asked, subject = 0, Subject("scene", "test", problems, ("level",))
    for lives in (7, 6):
        engine = oracle(problems, lives=lives)
        with pytest.raises(RuntimeError, match="killed"):
            measure(engine, subject, replace(GREEDY, concurrency=1), tmp_path / "killed")
        asked += engine.asked
        assert not (tmp_path / "killed" / "records.jsonl").exists()
    last = oracle(problems)
    killed = measure(last, subject, GREEDY, tmp_path / "killed")
    assert asked + last.asked == 20
    assert last.asked == 7
    lines = (tmp_path / "killed" / "answers.jsonl").read_text().splitlines()
    assert len({json.loads(line)["key"] for line in lines}) == len(lines) == 20
    for one, other in zip(whole.records, killed.records, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}


def test_a_torn_line_is_asked_again(problems, tmp_path):
    path = tmp_path / "a.jsonl"
    journal = Journal(path)
    answer_all(oracle(problems), problems[:3], GREEDY, journal)
    journal.close()
    path.write_bytes(path.read_bytes()[:-20])
    engine = oracle(problems)
    answer_all(engine, problems[:3], GREEDY, Journal(path))
    assert engine.asked == 1
    assert len(Journal(path).answers) == 3


def test_an_answer_belongs_to_its_model_words_picture_and_sampling(problems):
    one = problems[0]
    turned = replace(one, images=(one.images[0].rotate(90),))
    keys = {
        key_of(one, "a", SamplingParams(), 1),
        key_of(one, "b", SamplingParams(), 1),
        key_of(turned, "a", SamplingParams(), 1),
        key_of(replace(one, question="Else?"), "a", SamplingParams(), 1),
        key_of(one, "a", SamplingParams(seed=1), 1),
        key_of(one, "a", SamplingParams(), 2),
    }
    assert len(keys) == 6
    assert key_of(replace(one, answer="else", id="else"), "a", SamplingParams(), 1) in keys


def test_what_cannot_be_judged_is_not_wrong(problems, tmp_path):
    unknown = Problem("x", problems[0].images, "What?", answer=None)
    run = measure(oracle(problems), Subject("scene", "test", [unknown, *problems]), GREEDY, tmp_path)
    assert [record["score"] for record in run.records] == [None] + [1.0] * 20


def test_a_problem_too_long_for_the_model_is_no_answer_and_stops_nothing(problems, tmp_path):
    engine = Scripted(lambda picture, question: None if "long" in question else "<answer>3</answer>")
    long = Problem("long", problems[0].images, "A long question?", answer="3")
    run = measure(engine, Subject("scene", "test", [long, replace(long, id="short", question="Short?")]), GREEDY, tmp_path)
    assert [record["score"] for record in run.records] == [0.0, 1.0]
    assert "9000 tokens" in run.records[0]["completions"][0]["error"]


def test_torch_batches_give_what_single_requests_give(tiny, problems, tmp_path):
    import asyncio

    from onevision.engine.torch import TorchEngine

    engine, asking = TorchEngine(*tiny), Asking("tiny", SamplingParams(max_new_tokens=8))
    answers = answer_all(engine, problems[:5], asking, Journal(tmp_path / "a.jsonl"))
    for problem, answer in zip(problems[:5], answers, strict=True):
        from onevision.models.prompts import messages_for

        chat = messages_for(problem.images, problem.question, problem.choices)
        (alone,) = asyncio.run(engine.generate(chat, asking.sampling))
        assert answer["completions"][0]["text"] == alone.text
    too_long = replace(problems[0], id="long", question="word " * 700)
    last = answer_all(engine, [too_long, *problems[:2]], asking, Journal(tmp_path / "b.jsonl"))
    assert "context" in last[0]["completions"][0]["error"]
    assert [one["completions"][0]["text"] for one in last[1:]] == [one["completions"][0]["text"] for one in answers[:2]]


def test_several_completions(problems, tmp_path):
    asking = replace(GREEDY, n=4, sampling=SamplingParams(temperature=0.7, seed=1))
    right = [f"<answer>{problems[0].answer}</answer>"]
    engine = Scripted(lambda picture, question: [*right, "<answer>zzz</answer>", *right, "I do not know."])
    run = measure(engine, Subject("scene", "test", problems[:1]), asking, tmp_path)
    figures = several(run.records)
    assert figures == pytest.approx({"pass@1": 0.5, "pass@2": 1 - 1 / 6, "pass@4": 1.0, "majority@4": 1.0})
    assert run.records[0]["score"] == 0.5


def test_held_out_with_and_without_pictures(tmp_path):
    task = tasks.make("clock", split="test", seed=0, levels=(1, 2))
    rows = held_out(oracle([task[i] for i in range(12)]), ["clock"], 12, {"levels": (1, 2)}, GREEDY, tmp_path)
    assert (rows[0].score, rows[0].blank) == (1.0, 0.0)
    about = json.loads((tmp_path / "clock" / "run.json").read_text())
    assert {"model", "sampling", "prompt", "packages", "revision"} <= about.keys()
    assert about["prompt"]["text"].startswith(task[0].question)


def test_held_out_problems_of_the_validation_split(tmp_path):
    task = tasks.make("clock", split="validation", seed=0, levels=(1,))
    rows = held_out(oracle([task[i] for i in range(4)]), ["clock"], 4, {"levels": (1,), "split": "validation"}, GREEDY, tmp_path)
    assert rows[0].score == 1.0
    assert json.loads((tmp_path / "clock" / "run.json").read_text())["split"] == "validation"


def test_chances_of_a_guess():
    assert guess_of(Problem("a", (), "?", ("x", "y", "z", "w"), "A")) == 0.25
    assert guess_of(Problem("a", (), "?", None, "yes")) == 0.5
    assert guess_of(Problem("a", (), "?", None, "12")) == 0.0
    assert guess_of(Problem("a", (), "?", None, "B", meta={"options": 4})) == 0.25


def test_the_inspect_log_holds_every_sample(problems, tmp_path: Path):
    pytest.importorskip("inspect_ai")
    from inspect_ai.log import read_eval_log

    unknown = Problem("x", (Image.new("RGB", (40, 40)),), "What?", answer=None)
    measure(oracle(problems[:3]), Subject("scene", "test", [*problems[:3], unknown]), GREEDY, tmp_path)
    log = read_eval_log(str(tmp_path / "logs" / "scene.json"))
    assert (log.status, len(log.samples)) == ("success", 4)
    assert log.results.scores[0].metrics["accuracy"].value == 1.0
    assert log.results.scores[0].unscored_samples == 1
    assert log.samples[0].scores["grade"].explanation
    assert log.samples[0].output.completion == f"<answer>{problems[0].answer}</answer>"
