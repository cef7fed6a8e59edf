"""Each step on items made for it."""

from dataclasses import replace

import pytest

from onevision.engine.base import SamplingParams
from onevision.forge.cache import Said
from onevision.forge.describe import Describe
from onevision.forge.draft import Draft, Thought
from onevision.forge.filter import Filter, foreign, repeated
from onevision.forge.judge import Judge
from onevision.forge.phrases import as_seen, traces
from onevision.forge.reason import Reason, thought_of
from onevision.forge.review import Review
from onevision.forge.rewrite import Rewrite
from onevision.types import Description, Problem, Verdict

TABLE = Description("csv", "fruit,count\napple,3\nplum,14")


def draft(steps="3 + 14 = 17", answer="17", gold="17", **more):
    problem = Problem("p", (), "How many fruits are there?", answer=gold, source="s")
    made = Draft(
        0, problem, (b"",), given=TABLE, description=TABLE, thoughts=(Thought(steps, answer, "m"),), verdict=Verdict(1.0, answer, "")
    )
    return replace(made, **more)


def kind(made):
    return made.dropped.kind if made.dropped else None


def said(text, stop="stop"):
    return Said(text, stop, "m")


def test_describe_takes_the_given_one_if_it_parses():
    assert Describe()(draft(description=None)).description == TABLE
    broken = Description("csv", "a,b\n1")
    assert kind(Describe()(draft(given=broken))) == "check: parses"


def test_describe_asks_for_the_items_own_formalism():
    from onevision import tasks
    from onevision.sources.chat import encoded

    sample = tasks.make("table_lookup", levels=(1,), size=(56, 84)).sample(0)
    item = replace(
        draft(), given=sample.description, pictures=(encoded(sample.problem.images[0]),), problem=replace(sample.problem, images=())
    )
    step = Describe(by="eyes")
    (request,) = step.requests(item)
    assert request.messages[0]["content"][0] == {"type": "image", "image": item.pictures[0]} and "CSV" in str(request.messages)
    made = step.read(item, [said("```csv\na,b\n1,2\n```")])
    assert made.description and made.description.made_by == "m" and made.description.text == "a,b\n1,2"
    assert kind(step.read(item, [said("I cannot see it.")])) == "no description"
    assert kind(step.read(item, [said(f"```csv\nx,y\nTherefore the answer is {sample.problem.answer},1\n```")])) == "check: leak"
    assert kind(step.read(replace(item, pictures=()), [])) == "not one picture"


def test_what_stands_in_the_picture_is_no_leak():
    pytest.importorskip("rapidocr")
    from onevision import tasks
    from onevision.sources.chat import encoded

    sample = tasks.make("table_lookup", levels=(1,), size=(300, 340), queries=("value",)).sample(0)
    item = replace(draft(), pictures=(encoded(sample.problem.images[0]),), problem=replace(sample.problem, images=()))
    step = Describe(by="eyes", formalism="document")
    for answer, fate in ((sample.problem.answer, None), ("911", "check: leak")):
        asked = replace(item, problem=replace(item.problem, answer=answer))
        assert kind(step.read(asked, [said(f"```document\n10,10,40,30 {answer}\n```")])) == fate


def test_reason_reads_candidates():
    step = Reason(by="r", candidates=3)
    requests = step.requests(draft())
    assert [one.sampling.seed for one in requests] == [0, 1, 2]
    assert "apple,3" in requests[0].messages[0]["content"] and requests[0].sampling == SamplingParams(4096, 0.6, 0.95, 0)
    texts = [said("<think>3+14=17</think><answer>17</answer>"), said("<think>x</think><answer>1", "length"), said("Hm.")]
    assert step.read(draft(), texts).thoughts == (Thought("3+14=17", "17", "m"),)
    assert kind(step.read(draft(), texts[1:])) == "no answer"
    assert kind(Reason()(draft())) == "no steps"


def test_judge_keeps_what_is_right():
    thoughts = (Thought("a", "3", "m"), Thought("b", "17", "m"), Thought("c", "17.0", "m"))
    made = Judge()(draft(thoughts=thoughts))
    assert [one.steps for one in made.thoughts] == ["b", "c"] and made.verdict.score == 1.0 and made.notes == {"candidates": 3, "right": 2}
    wrong = Judge()(draft(answer="3"))
    assert wrong.dropped.kind == "wrong answer" and "'3' against gold '17'" in wrong.dropped.words
    open_one = draft(answer="many", gold=None)
    assert kind(Judge()(open_one)) == "could not judge" and kind(Judge(unjudged="keep")(open_one)) is None


SPOKEN = {
    "Based on the description, there are 3 apples.": "From what I see in the picture, there are 3 apples.",
    "The CSV shows that plums are 14.": "I can see plums are 14.",
    "According to the provided table data and so on": "According to the provided table data and so on",
    "As described in the image caption, it is red.": "As I see in the picture, it is red.",
    "First. The JSON data lists two clubs": "First. I can see two clubs",
    "In the given description 3 is less.": "In the picture 3 is less.",
    "The picture shows a table; 3 + 4 = 7.": "The picture shows a table; 3 + 4 = 7.",
}


@pytest.mark.parametrize("text", SPOKEN)
def test_phrases_are_put_as_seen(text):
    assert as_seen(text) == SPOKEN[text]
    assert not traces(as_seen(text))


@pytest.mark.parametrize(
    "text", ["the description says", "as stated in the caption", "from the SPICE netlist", "the given text", "it is described as"]
)
def test_phrases_are_found_and_gone(text):
    assert traces(text) and not traces(as_seen(text))


def test_rewrite():
    made = Rewrite()(draft("Based on the description 3 + 14 = 17"))
    assert made.thoughts[0].steps == "From what I see in the picture 3 + 14 = 17" and made.notes["phrases"] == [1, 0]
    step = Rewrite(by="r")
    (request,) = step.requests(draft())
    assert "3 + 14 = 17" in request.messages[0]["content"] and request.sampling.seed == 0
    told = step.read(draft(), [said("<think>I see 3 and 14; the CSV says 17.</think><answer>17</answer>")])
    assert told.thoughts == (Thought("I see 3 and 14; I can see 17.", "17", "m"),)
    assert kind(step.read(draft(), [said("<think>I see", "length")])) == "no answer"


@pytest.mark.parametrize(
    ("replies", "verdict", "found"),
    [
        (["VALID"], 1.0, None),
        (["**INVALID**: 3 is not there"], 1.0, "steps not valid"),
        (["who knows"], 1.0, None),
        (["RIGHT", "valid."], None, None),
        (["wrong", "VALID"], None, "wrong answer"),
        (["unsure", "VALID"], None, "could not judge"),
    ],
)
def test_review(replies, verdict, found):
    step, item = Review(by="r"), draft(verdict=Verdict(verdict, "17", ""))
    assert len(step.requests(item)) == len(replies)
    made = step.read(item, [said(f"<think>hm</think>{reply}") for reply in replies])
    assert kind(made) == found
    if found is None:
        assert made.verdict.score == 1.0


LOOP = "the table has many rows and each of them has one name " * 12


@pytest.mark.parametrize(
    ("step", "item", "found"),
    [
        (Filter(), draft(), None),
        (Filter(), draft(verdict=Verdict(None, "17", "")), "not judged right"),
        (Filter(words=[10, 20]), draft(), "length"),
        (Filter(), draft(LOOP), "repetition"),
        (Filter(language="en"), draft("三个苹果和十四个李子一共是 17"), "language"),
        (Filter(language="zh"), draft("三个苹果和十四个李子一共是 17"), None),
        (Filter(), draft("The description says 17"), "speaks of a description"),
        (Filter(), draft("3 + 14 = 18, so 17"), "wrong calculation"),
        (Filter(), draft("There are 57 of them."), "number without ground"),
        (Filter(), draft('The row "pear" is empty.'), "label without ground"),
        (Filter(), draft("I add what Berta has."), "label without ground"),
        (Filter(consistent=False), draft("There are 57 of them."), None),
    ],
)
def test_filter(step, item, found):
    made = step(item)
    assert kind(made) == found, made.dropped


def test_measures():
    assert repeated("a b c") == 0.0 and repeated(LOOP) > 0.8
    assert foreign("x = \\alpha + 2, $ß$", "LATIN") == 0.0 and foreign("да нет", "LATIN") == 1.0


CODE = "I add them up:\n```python\n3 + 14\n```\nThat is 17."


@pytest.mark.parametrize(
    ("thought", "steps"),
    [
        ("```csv\na,b\n```\n3 + 14 = 17", "3 + 14 = 17"),
        (CODE, CODE),
        ("By hand:\n```csv\na,b\n```\n3 + 14 = 17", "By hand:\n```csv\na,b\n```\n3 + 14 = 17"),
        ("```python\n3 + 14\n```\nThat is 17.", "```python\n3 + 14\n```\nThat is 17."),
    ],
)
def test_a_block_within_a_thought_is_one_of_its_steps(thought, steps):
    assert thought_of(said(f"<think>{thought}</think><answer>17</answer>")).steps == steps


def test_the_router_is_asked_once(monkeypatch):
    pytest.importorskip("rapidocr")
    from onevision import tasks
    from onevision.describe import route
    from onevision.sources.chat import encoded

    routed = []
    monkeypatch.setattr(route, "route", lambda sight: routed.append(sight) or route.Route("page", "", "text"))
    item = replace(draft(given=None), pictures=(encoded(tasks.make("chain", size=(56, 84))[0].images[0]),))
    step = Describe(by="eyes", round_trip=False)
    item = step.ready(item)
    step.requests(item)
    assert step.read(item, [said("```text\nhello\n```")]).description.formalism == "text" and len(routed) == 1
