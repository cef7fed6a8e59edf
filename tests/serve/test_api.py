"""The API as the official client sees it; every reply validated against that client's own types, which OpenAI generates from its spec."""

import asyncio
import json
import threading
from typing import Any

import httpx
import pytest
from PIL import Image

openai = pytest.importorskip("openai")
from openai.types.chat import ChatCompletion, ChatCompletionChunk  # noqa: E402

from onevision import tasks  # noqa: E402
from onevision.ask import Model  # noqa: E402
from onevision.engine.base import SamplingParams  # noqa: E402
from onevision.engine.load import load_local  # noqa: E402
from onevision.engine.openai import OpenAIEngine, data_url  # noqa: E402
from onevision.models.prompts import messages_for  # noqa: E402

PROBLEMS = [tasks.make(name, split="test", levels=(1,), size=(112, 140))[0] for name in ("chain", "clock", "scene", "grid_size")]
OURS = {"reasoning_content"}
"""What we send beyond OpenAI's own fields."""


def chat_of(problem: Any) -> list[dict[str, Any]]:
    pictures = [{"type": "image_url", "image_url": {"url": data_url(image)}} for image in problem.images]
    return [{"role": "user", "content": [*pictures, {"type": "text", "text": problem.question}]}]


@pytest.fixture
def client(server: Any) -> Any:
    return openai.OpenAI(base_url=server.url, api_key="none", max_retries=0, timeout=60)


def validated(kind: Any, raw: bytes | str) -> Any:
    """Strictly, and with nothing that the types do not know."""
    reply = kind.model_validate_json(raw, strict=True)
    extras: set[str] = set()

    def look(part: Any) -> None:
        if isinstance(part, openai.BaseModel):
            extras.update(part.model_extra or {})
            for _, value in part:
                look(value)
        elif isinstance(part, list):
            for one in part:
                look(one)

    look(reply)
    assert extras <= OURS
    return reply


def post(server: Any, **body: Any) -> Any:
    return httpx.post(
        f"{server.url}/chat/completions", json={"model": "tiny", "messages": chat_of(PROBLEMS[0]), "max_tokens": 12} | body, timeout=60
    )


def test_an_answer_is_what_ask_gives(server: Any, client: Any, engine: Any) -> None:
    for problem in PROBLEMS:
        ours = Model("tiny", engine).ask(problem.images, problem.question, max_new_tokens=20).completion
        raw = client.chat.completions.with_raw_response.create(model="tiny", messages=chat_of(problem), max_tokens=20)
        reply = validated(ChatCompletion, raw.content)
        (choice,) = reply.choices
        assert choice.message.content == ours.text
        assert choice.finish_reason == ours.stop
        assert reply.usage.completion_tokens == len(ours.token_ids) and reply.usage.prompt_tokens == ours.prompt_tokens > 20
        assert reply.usage.total_tokens == reply.usage.completion_tokens + reply.usage.prompt_tokens


def test_nano_is_served_as_it_is_asked(serve: Any) -> None:
    """The engine that `onevision serve` loads for it, which reads its files without transformers."""
    nano = load_local("nano", device="cpu")
    running = serve(on=nano)
    replies = [post(running, messages=chat_of(problem), max_tokens=40, logprobs=True, top_logprobs=2).json() for problem in PROBLEMS[:3]]
    for problem, reply in zip(PROBLEMS, replies, strict=False):
        ours = Model("nano", nano).ask(problem.images, problem.question, max_new_tokens=40).completion
        assert reply["usage"]["completion_tokens"] == len(ours.token_ids)
        said = reply["choices"][0]["message"]
        assert all(part in ours.text for part in (said.get("reasoning_content") or "", said["content"] or ""))


def test_a_stream_is_the_same_text_in_pieces(server: Any, client: Any) -> None:
    whole = client.chat.completions.create(model="tiny", messages=chat_of(PROBLEMS[1]), max_completion_tokens=16)
    stream = client.chat.completions.create(
        model="tiny", messages=chat_of(PROBLEMS[1]), max_completion_tokens=16, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices) == whole.choices[0].message.content
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "length"
    assert chunks[0].choices[0].delta.role == "assistant" and len({chunk.id for chunk in chunks}) == 1
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == 16
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_events_are_valid_and_end_with_done(server: Any) -> None:
    reply = post(server, stream=True, n=2, temperature=1, seed=5, logprobs=True, top_logprobs=2)
    assert reply.headers["content-type"].startswith("text/event-stream")
    *events, done, rest = reply.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    chunks = [validated(ChatCompletionChunk, event.removeprefix("data: ")) for event in events]
    assert {choice.index for chunk in chunks for choice in chunk.choices} == {0, 1}
    told = [one for chunk in chunks for c in chunk.choices if c.index == 1 and c.logprobs for one in c.logprobs.content or []]
    assert len(told) == 12 and all(len(one.top_logprobs) == 2 for one in told)


def test_thought_and_answer_apart(server: Any, engine: Any, serve: Any) -> None:
    """With an engine that says what nano would; the tiny model knows no tags."""
    text = "<think>\n```csv\na,b\n```\n1 + 2 = 3\n</think>\n<answer>3</answer>"
    spoken = serve(on=Speaking(engine, text))
    reply = validated(ChatCompletion, post(spoken, max_tokens=200).content)
    message = reply.choices[0].message
    assert (message.reasoning_content, message.content) == ("```csv\na,b\n```\n1 + 2 = 3", "<answer>3</answer>")
    details = reply.usage.completion_tokens_details
    assert 0 < details.reasoning_tokens < reply.usage.completion_tokens
    deltas = [
        c.delta for event in sse(post(spoken, max_tokens=200, stream=True)) for c in ChatCompletionChunk.model_validate(event).choices
    ]
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == message.reasoning_content
    assert "".join(delta.content or "" for delta in deltas) == message.content
    assert not any(getattr(delta, "reasoning_content", None) and delta.content for delta in deltas)
    told = post(spoken, max_tokens=200, logprobs=True).json()["choices"][0]["logprobs"]
    assert "".join(one["token"] for one in told["reasoning_content"]) + "".join(one["token"] for one in told["content"]) == text
    assert "".join(one["token"] for one in told["content"]).strip() == message.content

    async def through_our_own_engine() -> Any:
        return await OpenAIEngine("tiny", spoken.url).generate(messages_for((), "?"), SamplingParams(max_new_tokens=200))

    assert asyncio.run(through_our_own_engine())[0].text == text


class Speaking:
    """The engine, made to write a given text: a stand-in for a model that has learnt the form."""

    def __new__(cls, engine: Any, text: str) -> Any:
        from onevision.engine.torch import TorchEngine

        spoken = TorchEngine(engine.model, engine.processor)
        ids = engine.tokenizer(text)["input_ids"] + [engine.tokenizer.eos_token_id]
        make = spoken.batch

        def batch(guesses: Any = None) -> Any:
            made = make(guesses)
            pick = made._pick

            def said(logits: Any, rows: Any) -> Any:
                wanted = logits.new_full(logits.shape, -30.0)
                for index, row in enumerate(rows):
                    wanted[index, ids[len(row.tokens)]] = 30.0
                return pick(wanted, rows)

            made._pick = said
            return made

        spoken.batch = batch
        return spoken


def sse(reply: Any) -> list[Any]:
    return [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: {")]


def test_n_answers_of_one_seed(server: Any) -> None:
    ask = {"n": 3, "temperature": 1.2, "top_p": 0.9, "seed": 11}
    first, again = post(server, **ask).json(), post(server, **ask).json()
    texts = [choice["message"]["content"] for choice in first["choices"]]
    assert texts == [choice["message"]["content"] for choice in again["choices"]] and len(set(texts)) == 3
    assert [choice["index"] for choice in first["choices"]] == [0, 1, 2]
    assert post(server, **ask | {"n": 1}).json()["choices"][0]["message"]["content"] == texts[0]
    assert again["usage"]["prompt_tokens_details"]["cached_tokens"] == again["usage"]["prompt_tokens"]
    streamed = ["", "", ""]
    for event in sse(post(server, **ask, stream=True)):
        for choice in event["choices"]:
            streamed[choice["index"]] += choice["delta"].get("content", "")
    assert streamed == texts


def test_stop(server: Any) -> None:
    texts = [post(server, temperature=2, seed=seed, max_tokens=40).json()["choices"][0]["message"]["content"] for seed in range(6)]
    seed, free = max(enumerate(texts), key=lambda pair: len(pair[1]))
    word = free[16:19]
    assert len(word) == 3
    for stop in (word, [word, "never there"]):
        choice = post(server, temperature=2, seed=seed, max_tokens=40, stop=stop).json()["choices"][0]
        assert choice["message"]["content"] == free[: free.find(word)] and choice["finish_reason"] == "stop"


def test_logprobs_are_the_engines(server: Any, engine: Any) -> None:
    (ours,) = asyncio.run(engine.generate(messages_for(PROBLEMS[2].images, PROBLEMS[2].question), SamplingParams(max_new_tokens=10)))
    reply = validated(ChatCompletion, post(server, messages=chat_of(PROBLEMS[2]), max_tokens=10, logprobs=True, top_logprobs=5).content)
    told = reply.choices[0].logprobs.content
    assert [one.logprob for one in told] == pytest.approx(ours.logprobs, abs=1e-4)
    assert all(one.top_logprobs[0].logprob >= one.logprob and len(one.top_logprobs) == 5 for one in told)
    assert post(server).json()["choices"][0]["logprobs"] is None


def test_many_at_a_time_answer_as_one_alone(server: Any, engine: Any) -> None:
    """Greedily and with a seed, streamed or not, joining and leaving a batch that others are in."""
    asks = [{"messages": chat_of(PROBLEMS[i % 4]), "max_tokens": 5 + 3 * i, "stream": i % 3 == 0} for i in range(14)]
    asks = [ask | ({"temperature": 1, "seed": i} if i % 2 else {}) for i, ask in enumerate(asks)]
    alone = [text_of(post(server, **ask)) for ask in asks]
    together: dict[int, str] = {}

    def run(index: int) -> None:
        together[index] = text_of(post(server, **asks[index]))

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(asks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[index] for index in range(len(asks))] == alone
    for ask, text in zip(asks, alone, strict=True):
        if not ask.get("temperature"):
            problem = next(problem for problem in PROBLEMS if problem.question in str(ask["messages"]))
            assert text == Model("tiny", engine).ask(problem.images, problem.question, max_new_tokens=ask["max_tokens"]).completion.text


def text_of(reply: Any) -> str:
    assert reply.status_code == 200, reply.text
    if reply.headers["content-type"].startswith("text/event-stream"):
        return "".join(choice["delta"].get("content", "") for event in sse(reply) for choice in event["choices"])
    return str(reply.json()["choices"][0]["message"]["content"])


def test_turns_and_roles(server: Any, client: Any, engine: Any) -> None:
    turns = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "How many?"}]},
        {"role": "assistant", "content": "Three.", "reasoning_content": "1, 2, 3"},
        {"role": "user", "content": "And red ones?", "name": "ann"},
    ]
    said = client.chat.completions.create(model="tiny", messages=turns, max_tokens=8).choices[0].message.content
    same = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How many?"},
        {"role": "assistant", "content": "<think>\n1, 2, 3\n</think>\nThree."},
        {"role": "user", "content": "And red ones?"},
    ]
    assert said == asyncio.run(engine.generate(same, SamplingParams(max_new_tokens=8)))[0].text


def test_models_health_metrics(server: Any, client: Any) -> None:
    assert [model.id for model in client.models.list()] == ["tiny"]
    assert client.models.retrieve("tiny").object == "model"
    with pytest.raises(openai.NotFoundError, match="there is no model 'other' here"):
        client.models.retrieve("other")
    with pytest.raises(openai.NotFoundError) as refused:
        client.chat.completions.create(model="gpt-5", messages=chat_of(PROBLEMS[0]))
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")
    assert httpx.get(f"{server.root}/health").json() == {"status": "ok", "running": 0, "waiting": 0}
    before = metrics(server)
    post(server, max_tokens=7)
    after = metrics(server)
    assert after["onevision_generated_tokens_total"] - before["onevision_generated_tokens_total"] == 7
    assert after["onevision_first_token_seconds_count"] - before["onevision_first_token_seconds_count"] == 1
    assert after['onevision_replies_total{path="/v1/chat/completions",status="200"}'] >= 1


def metrics(server: Any) -> dict[str, float]:
    from prometheus_client.parser import text_string_to_metric_families

    text = httpx.get(f"{server.root}/metrics").text
    assert list(text_string_to_metric_families(text))
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        ({"messages": []}, "messages", "at least 1"),
        ({"messages": [{"role": "user"}]}, "messages.0.content", "required"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role", "'user'"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages", "question is empty"),
        ({"messages": [{"role": "user", "content": "see <|image_pad|>"}]}, "messages", "control token"),
        ({"temperature": 3}, "temperature", "less than or equal to 2"),
        ({"temperature": "hot"}, "temperature", "valid number"),
        ({"top_p": 0}, "top_p", "greater than 0"),
        ({"n": 0}, "n", "greater than or equal to 1"),
        ({"n": 100}, "messages", "at most 8"),
        ({"max_tokens": 0}, "max_tokens", "greater than or equal to 1"),
        ({"stop": ["a"] * 5}, None, "at most 4"),
        ({"stop": ""}, None, "at least 1"),
        ({"top_logprobs": 2}, None, "needs logprobs"),
        ({"stream_options": {"include_usage": True}}, None, "needs stream"),
        ({"tools": []}, "tools", "not known here"),
        ({"response_format": {"type": "json_object"}}, "response_format.type", "'text'"),
        ({"frequency_penalty": 1}, "frequency_penalty", "0"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages.0.content", "image_url"),
    ],
)
def test_bad_requests(server: Any, body: dict[str, Any], param: str | None, words: str) -> None:
    reply = post(server, **body)
    error = reply.json()["error"]
    assert reply.status_code == 400 and error["type"] == "invalid_request_error"
    assert words in error["message"] and (param is None or str(error["param"]).startswith(param))
    assert set(error) == {"message", "type", "param", "code"}


def test_wrong_paths_and_methods(server: Any) -> None:
    for method, path, status in [
        ("GET", "/v1/nothing", 404),
        ("POST", "/v1/embeddings", 404),
        ("GET", "/v1/chat/completions", 405),
        ("DELETE", "/v1/models/tiny", 405),
        ("POST", "/health", 405),
        ("GET", "/nothing", 404),
        ("GET", "/v1/models/..%2f..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/../../../etc/passwd", 404),
        ("GET", "/v1/../../etc/passwd", 404),
    ]:
        headers = {"content-type": "application/json"} if method == "POST" else {}
        reply = httpx.Client().send(httpx.Request(method, server.root + path, headers=headers), follow_redirects=False)
        assert (reply.status_code, set(reply.json()["error"])) == (status, {"message", "type", "param", "code"}), path
        assert "root:" not in reply.text


def test_keys(serve: Any) -> None:
    locked = serve(api_keys=("first", "zweiter-schlüssel"))
    for key in ("first", "zweiter-schlüssel"):
        reply = httpx.get(f"{locked.url}/models", headers={"Authorization": f"Bearer {key}".encode()})
        assert reply.status_code == 200
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer"}, {"Authorization": "Bearer firs"}):
        for path in ("/v1/models", "/metrics", "/v1/openapi.json", "/v1/nothing"):
            reply = httpx.get(locked.root + path, headers=headers)
            assert reply.status_code == 401 and reply.json()["error"]["code"] == "invalid_api_key"
    assert httpx.get(f"{locked.root}/health").status_code == 200
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=locked.url, api_key="wrong", max_retries=0).models.list()


def test_keys_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every key is compared as a whole by hmac, whichever comes first and wherever it begins to differ."""
    import hmac

    from onevision.serve.errors import Refusal
    from onevision.serve.limits import check_key

    seen: list[tuple[int, int]] = []
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: seen.append((len(a), len(b))) or compare(a, b))
    keys = ("one", "a much longer key")
    for shown, right in ((b"one", True), (b"x", False), (b"a much longer kex", False), (b"", False)):
        seen.clear()
        scope = {"headers": [(b"authorization", b"Bearer " + shown)]}
        if right:
            check_key(scope, keys)
        else:
            with pytest.raises(Refusal):
                check_key(scope, keys)
        assert seen == [(32, 32)] * 2


def test_a_picture_is_looked_at_once(serve: Any, engine: Any) -> None:
    from onevision.engine.torch import TorchEngine

    own = TorchEngine(engine.model, engine.processor)
    fresh = serve(on=own)
    picture = Image.effect_noise((84, 84), 90).convert("RGB")

    def chat(question: str) -> Any:
        return [
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": data_url(picture)}}, {"type": "text", "text": question}],
            }
        ]

    usage = [post(fresh, messages=chat(q)).json()["usage"]["prompt_tokens_details"]["cached_tokens"] for q in ("Red?", "Blue?", "Red?")]
    assert (own.features.misses, own.features.hits) == (1, 1), "the third prompt is known as a whole"
    assert usage[:2] == [0, 0] and usage[2] > 0
