"""Frameworks that speak OpenAI's API, unchanged, against the running server; and our specification against our server."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("openai")
from onevision.engine.openai import data_url

PICTURE = Image.effect_noise((112, 84), 60).convert("RGB")
CONTENT = [{"type": "text", "text": "How many?"}, {"type": "image_url", "image_url": {"url": data_url(PICTURE)}}]


def test_langchain(server: Any) -> None:
    chat = pytest.importorskip("langchain_openai").ChatOpenAI
    messages = pytest.importorskip("langchain_core.messages")
    model = chat(model="tiny", base_url=server.url, api_key="none", temperature=0, max_tokens=9)
    said = model.invoke([messages.SystemMessage("Be brief."), messages.HumanMessage(CONTENT)])
    assert said.content and said.usage_metadata["output_tokens"] == 9 and said.response_metadata["model_name"] == "tiny"
    streamed = list(model.stream([messages.SystemMessage("Be brief."), messages.HumanMessage(CONTENT)], stream_usage=True))
    assert "".join(piece.content for piece in streamed) == said.content and len(streamed) > 3
    counted = model.bind(logprobs=True, top_logprobs=2).invoke("How many?")
    told = counted.response_metadata["logprobs"]["content"]
    assert len(told) == counted.usage_metadata["output_tokens"] and len(told[0]["top_logprobs"]) == 2


def test_inspect_ai(server: Any, tmp_path: Path) -> None:
    inspect = pytest.importorskip("inspect_ai")
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import ChatMessageUser, ContentImage, ContentText, GenerateConfig, get_model
    from inspect_ai.scorer import includes
    from inspect_ai.solver import generate

    image = str(tmp_path / "picture.png")
    PICTURE.save(image)
    asked = [ChatMessageUser(content=[ContentText(text="How many?"), ContentImage(image=image)])]
    task = inspect.Task(
        MemoryDataset([Sample(id=number, input=asked, target="x") for number in range(3)]), solver=generate(), scorer=includes()
    )
    model = get_model(
        "openai/tiny", base_url=server.url, api_key="none", responses_api=False, config=GenerateConfig(max_tokens=9, temperature=0)
    )
    (log,) = inspect.eval(task, model=model, display="none", log_dir=str(tmp_path))
    assert log.status == "success" and log.samples is not None
    assert all(sample.output.usage and sample.output.usage.output_tokens == 9 for sample in log.samples)


def test_lmms_evals_way_of_asking(server: Any) -> None:
    """lmms-eval's openai model: the picture's part first, `max_tokens`, `temperature`, one user turn."""
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=server.url, api_key="none")
    payload: dict[str, Any] = {"model": "tiny", "messages": [{"role": "user", "content": CONTENT[::-1]}], "max_tokens": 5, "temperature": 0}
    assert client.chat.completions.create(**payload).choices[0].message.content


def test_the_server_keeps_its_own_specification(server: Any) -> None:
    """Requests that schemathesis makes from our OpenAPI document, valid and not: never a 5xx, always what the document says."""
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert {operation.path for operation in operations} >= {
        "/v1/chat/completions",
        "/v1/models",
        "/v1/models/{model}",
        "/health",
        "/metrics",
    }
    for operation in operations:
        tries = 15 if operation.method == "post" else 5

        @given(case=operation.as_strategy())
        @settings(max_examples=tries, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)
        def run(case: Any) -> None:
            if isinstance(case.body, dict) and isinstance(case.body.get("messages"), list):
                case.body |= {"model": "tiny", "max_tokens": 2}
            # A well-formed request may still hold a picture that is none.
            case.call_and_validate(base_url=server.root, excluded_checks=[positive_data_acceptance])

        run()
