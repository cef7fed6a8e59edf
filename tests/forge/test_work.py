"""One bad item is one dropped item: whatever a step or a row does, the others go on."""

import json
from dataclasses import replace

import pytest

from onevision.errors import MissingPartError
from onevision.forge.judge import Judge
from onevision.forge.recipe import load_recipe
from onevision.forge.shards import pack
from onevision.forge.work import Work
from tests.forge.conftest import tasks_recipe


def work(folder, *rows, **more):
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    sources = {"sources": [{"data": str(folder / "rows.jsonl")}]} if rows else {}
    return Work(load_recipe(tasks_recipe(folder, **sources | more)))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"messages": [{"role": "user", "content": " \n "}, {"role": "assistant", "content": "3"}]}, "the question is empty"),
        ({"messages": [{"role": "user", "content": ["hi"]}, {"role": "assistant", "content": "3"}]}, "a text or a list of parts"),
        ({"question": "a", "description": "b", "messages": []}, "question and then an answer"),
        ({"id": 1, "table": "a|b", "question": None, "answer": 1, "solution": "x"}, "tables/1.png"),
    ],
)
def test_a_broken_row_is_dropped_with_its_reason(tmp_path, row, words):
    made, _ = work(tmp_path, row).begin(0)
    assert made.dropped.step == "read" and words in made.dropped.words
    assert pack([made]).record["items"] == {"dropped": 1}
    assert work(tmp_path, row).prints([0]) == []


def test_half_a_character_can_be_written_again(tmp_path):
    made, _ = work(tmp_path, {"question": "what \ud83d is \U0001f600?", "answer": "3"}, steps=["describe"]).begin(0)
    assert made.problem.question == "what ? is \U0001f600?" and pack([made]).dropped


def test_a_step_that_breaks_on_an_item_drops_it(tmp_path, monkeypatch):
    def broken(self, draft):
        raise OverflowError("too large")

    monkeypatch.setattr(Judge, "__call__", broken)
    made, _ = work(tmp_path).begin(0)
    assert vars(made.dropped) == {"step": "judge", "kind": "step failed", "words": "OverflowError: too large"}

    def missing(self, draft):
        raise MissingPartError("pip install it")

    monkeypatch.setattr(Judge, "__call__", missing)
    with pytest.raises(MissingPartError):
        work(tmp_path).begin(0)


def test_reading_answers_may_break_too(tmp_path):
    steps = ["describe", {"reason": {"by": "m"}}]
    made = work(tmp_path, endpoints={"m": {"model": "nano"}}, steps=steps)
    draft, requests = made.begin(0)
    assert requests
    failed, _ = made.go_on(replace(draft), [None])
    assert failed.dropped.kind == "step failed"


def test_items_of_a_source_without_a_name_are_counted_together(tmp_path):
    made = work(tmp_path, {"id": None, "question": "q", "answer": "3"}, {"question": "", "answer": "3"})
    drafts = [made.begin(number)[0] for number in (0, 1)]
    place = f"other / {tmp_path / 'rows.jsonl'}"
    assert pack(drafts).record["all"] == {place: 2} and drafts[0].problem.id.endswith("rows.jsonl-0")


def test_a_block_of_code_is_no_description(tmp_path):
    thought = "I add:\n```python\n1 + 2\n```\nso 3."
    said = [{"role": "user", "content": "?"}, {"role": "assistant", "content": f"<think>{thought}</think><answer>3</answer>"}]
    made = work(tmp_path, {"messages": said}).mix.draft(0)
    assert made.given is None and made.worked.steps == thought
