"""Asking: retries, limits, one request for the same question, and when a run gives up."""

import asyncio
import sqlite3
import time

import pytest

from onevision.engine.base import SamplingParams
from onevision.engine.openai import Unanswered
from onevision.errors import InputError, OneVisionError
from onevision.forge.cache import Cache, Said
from onevision.forge.desk import Desk, key_of
from onevision.forge.line import Pace
from onevision.forge.recipe import Endpoint as Spec
from tests.forge.conftest import running
from tests.forge.endpoint import Endpoint, words

pytest.importorskip("openai")
SAMPLING = SamplingParams(max_new_tokens=9)


def asked(text):
    return [{"role": "user", "content": text}]


def desk(tmp_path, url, **spec):
    return Desk({"m": Spec(model=f"openai:m@{url}", timeout=1, **spec)}, Cache(tmp_path / "replies.sqlite"))


async def ask_all(made, texts):
    return [said.text for said in await asyncio.gather(*(made.ask("m", asked(text), SAMPLING) for text in texts))]


def test_every_fault_is_got_over(tmp_path):
    endpoint = Endpoint(lambda messages: words(messages) * 2, faults=0.5, stall=1.2, seed=1)
    with running(endpoint) as url:
        made = desk(tmp_path, url, attempts=30)
        texts = [f"q{i}" for i in range(20)]
        assert asyncio.run(ask_all(made, texts)) == [text * 2 for text in texts]
    assert made.lines["m"].failed > 5 and len(endpoint.answered) == 20


def test_the_same_question_is_sent_once_even_at_the_same_time(tmp_path):
    endpoint = Endpoint(words, delay=0.05)
    with running(endpoint) as url:
        assert asyncio.run(ask_all(desk(tmp_path, url), ["a", "b", "a", "a"])) == ["a", "b", "a", "a"]
        assert asyncio.run(ask_all(desk(tmp_path, url), ["b", "a"])) == ["b", "a"]
    assert len(endpoint.answered) == 2


def test_a_request_that_always_fails_fails_alone(tmp_path):
    endpoint = Endpoint(lambda messages: words(messages) if words(messages) != "poison" else 1 / 0)

    async def both():
        made = desk(tmp_path, url, attempts=2, concurrency=2)
        bad = asyncio.ensure_future(made.ask("m", asked("poison"), SAMPLING))
        for number in range(200):
            await made.ask("m", asked(f"q{number}"), SAMPLING)
            if bad.done():
                break
            await asyncio.sleep(0.02)
        with pytest.raises(Unanswered):
            await bad

    with running(endpoint) as url:
        asyncio.run(both())


def test_an_endpoint_that_is_gone_ends_the_run(tmp_path):
    made = desk(tmp_path, "http://127.0.0.1:9/v1", patience=0.5)
    with pytest.raises(OneVisionError, match="endpoint m: nothing for"):
        asyncio.run(ask_all(made, ["a"]))


def test_a_dead_while_is_waited_out(tmp_path):
    endpoint = Endpoint(words, dead=(0.0, 1.5))
    with running(endpoint) as url:
        assert asyncio.run(ask_all(desk(tmp_path, url, attempts=1), ["a", "b"])) == ["a", "b"]


def test_refusals_are_not_repeated(tmp_path):
    endpoint = Endpoint(words)
    with running(endpoint) as url, pytest.raises(OneVisionError, match="should end in /v1"):
        asyncio.run(ask_all(desk(tmp_path, url.removesuffix("/v1") + "/v2"), ["a"]))
    with pytest.raises(InputError, match=r"openai:NAME@URL"):
        Desk({"m": Spec(model="openai:m")}, Cache(tmp_path / "r.sqlite"))


def test_pace():
    async def three():
        pace, start = Pace(600), time.monotonic()
        for _ in range(3):
            await pace.turn(1)
        return time.monotonic() - start

    assert 0.19 < asyncio.run(three()) < 1.0


def test_limits_hold(tmp_path):
    endpoint = Endpoint(words, delay=0.02)
    with running(endpoint) as url:
        start = time.monotonic()
        asyncio.run(ask_all(desk(tmp_path, url, concurrency=2, requests_per_minute=600), [f"q{i}" for i in range(6)]))
        assert time.monotonic() - start > 0.45 and endpoint.most <= 2


def test_a_key_is_made_of_content():
    one = key_of("m", asked("a"), SAMPLING)
    assert one == key_of("m", asked("a"), SamplingParams(max_new_tokens=9))
    others = [
        key_of("n", asked("a"), SAMPLING),
        key_of("m", asked("b"), SAMPLING),
        key_of("m", asked("a"), SamplingParams(max_new_tokens=8)),
    ]
    pictures = [[{"role": "user", "content": [{"type": "image", "image": data}]}] for data in (b"x", b"y")]
    others += [key_of("m", messages, SAMPLING) for messages in pictures]
    assert len({one, *others}) == 6


def test_the_cache_keeps_what_was_said(tmp_path):
    first = Cache(tmp_path / "c.sqlite")
    first.put("k", Said("t", "stop", "m", 3, 4, "reasoner"))
    # Not closed: as a killed process leaves it.
    again = Cache(tmp_path / "c.sqlite")
    assert again.get("k") == Said("t", "stop", "m", 3, 4, "reasoner") and again.get("l") is None
    assert again.totals() == {"reasoner": (1, 3, 4)}


def test_half_a_character_of_a_reply_can_be_kept(tmp_path):
    with running(Endpoint(lambda messages: "so \ud83d")) as url:
        assert asyncio.run(ask_all(desk(tmp_path, url), ["a"])) == ["so ?"]
        assert asyncio.run(ask_all(desk(tmp_path, url), ["a"])) == ["so ?"]


def test_what_is_paid_for_is_kept_when_a_run_ends(tmp_path):
    async def spent():
        made = desk(tmp_path, url, price=[1e6, 0], budget=1, concurrency=4)
        asks = [asyncio.ensure_future(made.ask("m", asked(f"q{i}"), SAMPLING)) for i in range(9)]
        _, left = await asyncio.wait(asks, return_when=asyncio.FIRST_EXCEPTION)
        for one in left:
            one.cancel()
        await made.close()
        return made.lines["m"].asked

    # The first answers at once and spends the budget; the three beside it are on their way.
    endpoint = Endpoint(lambda messages: time.sleep(0.1 * (words(messages) != "q0")) or "a")
    with running(endpoint) as url:
        sent = asyncio.run(spent())
    assert Cache(tmp_path / "replies.sqlite").totals()["m"][0] == len(endpoint.answered) == sent == 4


def test_each_endpoint_has_its_own_bill(tmp_path):
    cache = Cache(tmp_path / "replies.sqlite")
    cache.put("k", Said("x", "stop", "m", 10, 0, "eyes"))
    spec = {name: Spec(model=f"openai:m@http://{name}/v1", price=[1e6, 0]) for name in ("eyes", "judge")}
    figures = Desk(spec, cache).figures()
    assert (figures["eyes"]["cost"], figures["judge"]["cost"]) == (10, 0)


def test_a_cache_of_before_there_were_bills_is_taken_over(tmp_path):
    base = sqlite3.connect(tmp_path / "replies.sqlite", isolation_level=None)
    base.execute("create table said (key text primary key, text text, stop text, model text,"
                 " prompt_tokens integer, completion_tokens integer) without rowid")  # fmt: skip
    base.execute("insert into said values ('k', 't', 'stop', 'm', 3, 4)")
    base.close()
    made = desk(tmp_path, "http://x/v1")
    assert made.cache.totals() == {"m": (1, 3, 4)} and made.cache.get("k").text == "t"


def test_the_first_burst_is_no_wider_than_the_lanes(tmp_path):
    async def burst():
        made = desk(tmp_path, url, concurrency=2, tokens_per_minute=60)
        asks = [asyncio.ensure_future(made.ask("m", asked(f"q{i}"), SAMPLING)) for i in range(8)]
        await asyncio.sleep(0.5)
        for one in asks:
            one.cancel()
        return made.lines["m"].asked

    with running(Endpoint(words)) as url:
        assert asyncio.run(burst()) == 2


def test_a_models_name_leaves_out_where_it_is():
    names = {"openai:org/m@http://x/v1": "org/m", "vllm:Q": "vllm:Q", "runs/a@b": "runs/a@b", "nano": "nano"}
    assert {model: Spec(model=model).model_name for model in names} == names
