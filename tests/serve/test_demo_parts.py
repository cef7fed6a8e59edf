"""The demo's parts without a browser: what is drawn, what is copied, and what stays shut."""

import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from onevision.serve.demo import draw
from onevision.serve.demo.examples import CHOSEN, examples
from onevision.serve.demo.snippets import snippets
from onevision.types import Description, Region
from tests.serve.demo_server import Scripted, served

PICTURE = Image.new("RGB", (200, 100), "white")
TAGS = {
    "section",
    "h3",
    "p",
    "pre",
    "mark",
    "div",
    "table",
    "tr",
    "th",
    "td",
    "svg",
    "image",
    "rect",
    "text",
    "path",
    "figure",
    "img",
    "figcaption",
}


class Tags(HTMLParser):
    """All tags of a text, their attributes, and what stands between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def shown(formalism: str, text: str, regions: tuple[Region, ...] = ()) -> Tags:
    return Tags(draw.description(Description(formalism, text, regions), PICTURE))


def test_a_table_is_a_table_and_a_chart_stands_beside_the_picture() -> None:
    seen = shown("csv", "label,value\nIda,5\nTom,6")
    assert (seen.tags.count("th"), seen.tags.count("td")) == (2, 4)
    assert "".join(seen.words).find("Ida5Tom6") > 0
    assert seen.tags.count("figure") == 2
    assert shown("csv", "name,town\nIda,Rome").tags.count("figure") == 0


def test_a_scene_is_boxes_over_the_picture() -> None:
    seen = shown("scene", "red circle 3,1\nblue star 0,4")
    boxes = [tuple(float(str(one[key])) for key in ("x", "y", "width", "height")) for tag, one in seen.attributes if tag == "rect"]
    assert boxes == [(120.0, 20.0, 40.0, 20.0), (0.0, 80.0, 40.0, 20.0)]
    assert {"red circle", "blue star"} <= set(seen.words)


def test_boxes_regions_and_documents_lie_over_the_picture() -> None:
    assert shown("boxes", "dog 12,30,100,80").tags.count("rect") == 1
    assert shown("document", "12,30,100,48 Dear Sir,").tags.count("rect") == 1
    assert shown("json", '{"a": 1}', (Region("eye", (1, 2, 3, 4)),)).tags.count("rect") == 1


def test_a_flow_is_drawn() -> None:
    seen = shown("mermaid", "flowchart LR\na[18] -->|+11| b[?] --> a\nc[alone]")
    assert seen.tags.count("rect") == 3 and {"18", "+11", "?", "alone"} <= set(seen.words)


def test_other_formalisms() -> None:
    assert "e" in shown("text", "Acknowl(e)dge").words and "mark" in shown("text", "Acknowl(e)dge").tags
    assert shown("json", '{"short": [5, 5]}').words[-2:] == ["short", "[5, 5]"]
    assert "1 > 2 > 3" in shown("nosuch", "1 > 2 > 3").words


def test_what_does_not_parse_is_shown_as_it_is() -> None:
    seen = shown("csv", "a,b\n1")
    assert "a,b\n1" in seen.words and any("row 2 has 1 cells" in word for word in seen.words)


def test_a_table_grows_by_whole_lines() -> None:
    grown = [Tags(draw.growing(Description("csv", "a,b\n1,2\n3,4"[:end]))).tags.count("td") for end in range(12)]
    assert grown == sorted(grown) and grown[0] == 0 and grown[-1] == 2


FORMALISMS = ("csv", "json", "mermaid", "scene", "boxes", "document", "text", "html", "nosuch")


@settings(max_examples=150)
@given(st.sampled_from(FORMALISMS), st.text(max_size=60) | st.text("<>&\"'ab1,-|[]() \n{}:", max_size=60))
def test_no_text_becomes_markup(formalism: str, text: str) -> None:
    parts = (
        draw.description(Description(formalism, text, (Region(text, (0, 0, 9, 9)),)), PICTURE),
        draw.growing(Description(formalism, text)),
        draw.answer(text, text) + draw.steps(text) + draw.error(text) + draw.note(text),
    )
    for part in parts:
        found = Tags(part)
        assert set(found.tags) <= TAGS
        assert all(not name.startswith("on") for _, attributes in found.attributes for name in attributes)


def test_examples_are_held_out_problems_that_never_change() -> None:
    assert [example.task for example in examples()] == [name for name, _ in CHOSEN]
    assert all(max(example.image.size) < 600 and example.path.is_file() for example in examples())
    kept = Path(__file__).parents[2] / "examples" / "daisies.png"
    assert Image.open(kept).convert("RGB").tobytes() == examples()[0].image.tobytes()


QUESTIONS = st.text("ab$`\\\"'{}!\n%é☃ ()", min_size=1, max_size=30)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@settings(max_examples=8, deadline=None)
@given(question=QUESTIONS, name=st.text("ab '$.", min_size=1, max_size=8).map(lambda text: f"p{text}q"))
def test_the_curl_line_sends_the_question_as_it_is(question: str, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("curl")
    (folder / name).write_bytes(b"bytes" * 100)
    line, *_ = snippets("http://127.0.0.1:1", "nano", "nano", name, question, {"max_new_tokens": 64, "temperature": 0.5})
    script = f"curl() {{ cat; }}\n{line}"
    sent = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, check=True, text=True).stdout
    request = json.loads(sent)
    url, text = request["messages"][0]["content"]
    assert text["text"] == question and url["image_url"]["url"].startswith("data:image/png;base64,Ynl0ZXNi")
    assert (request["max_tokens"], request["temperature"], request["stream"]) == (64, 0.5, True)


@given(QUESTIONS)
def test_the_python_snippets_compile_and_hold_the_question(question: str) -> None:
    for code in snippets("http://127.0.0.1:1", "nano", "nano", "a 'b'.png", question, {"seed": 3})[1:]:
        assert question in [constant for constant in _constants(code) if isinstance(constant, str)]


def test_the_snippets_say_when_the_api_has_another_model() -> None:
    curl, client, ours = snippets("http://127.0.0.1:1", "nano", "runs/mine", "a.png", "What?", {})
    assert curl.startswith("# http://127.0.0.1:1/v1 answers as nano") and client.splitlines()[0] == curl.splitlines()[0]
    assert "ov.load('runs/mine')" in ours


def _constants(code: str) -> list[Any]:
    import ast

    return [node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]


@pytest.fixture(scope="module")
def address() -> Any:
    pytest.importorskip("gradio")
    with served(Scripted()) as url:
        yield url


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/info",
        "/gradio_api/run/answer",
        "/gradio_api/api/predict",
        "/gradio_api/proxy=http://127.0.0.1:9/",
        "/monitoring",
        "/login",
        "/gradio_api/vibe-edit",
    ],
)
def test_gradio_offers_the_page_and_no_more(address: str, path: str) -> None:
    import httpx

    assert httpx.get(f"{address}/").status_code == 200
    assert httpx.get(address + path).status_code == httpx.post(address + path, json={}).status_code == 404


@pytest.mark.parametrize(
    "path", ["/etc/hostname", "http://127.0.0.1:9/a.png", "https://example.com/a.png", "//example.com/a.png", "file:///etc/hostname"]
)
def test_a_request_cannot_name_files_or_addresses(address: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    fetched: list[str] = []
    monkeypatch.setattr("gradio.processing_utils.async_ssrf_protected_download", lambda url, **_: fetched.append(url))
    upload = {"path": path, "url": path, "orig_name": "a.png", "meta": {"_type": "gradio.FileData"}}
    config = httpx.get(f"{address}/config").json()
    function = next(one["id"] for one in config["dependencies"] if one["api_name"] == "answer")
    body = {"data": [upload, "What?", "scripted", 64, 0, None], "fn_index": function, "session_hash": "abc"}
    assert httpx.post(f"{address}/gradio_api/queue/join", json=body).status_code == 200
    with httpx.stream("GET", f"{address}/gradio_api/queue/data", params={"session_hash": "abc"}, timeout=20) as events:
        said = [json.loads(line[5:]) for line in events.iter_lines() if line.startswith("data:")]
    (last,) = [one for one in said if one["msg"] == "process_completed"]
    assert last["success"] is False
    assert "hostname" not in json.dumps(last["output"]) and fetched == []


def test_only_asking_is_queued_and_not_to_be_had_otherwise(address: str) -> None:
    # One stream serves all that is queued, and Gradio's page hangs up on it whenever nothing is left: a second event loses the first.
    import httpx

    functions = httpx.get(f"{address}/config").json()["dependencies"]
    (asking,) = [one for one in functions if one["queue"] is not False and one["backend_fn"]]
    assert asking["api_name"] == "answer"
    body = {"data": [None, "What?", "scripted", 64, 0, None], "fn_index": asking["id"], "session_hash": "abc"}
    assert httpx.post(f"{address}/gradio_api/run/predict", json=body).status_code == 404


@pytest.mark.parametrize("path", ["http://127.0.0.1:9/a.png", "//example.com/a.png"])
def test_what_is_not_queued_fetches_nothing_either(address: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    fetched: list[str] = []
    monkeypatch.setattr("gradio.processing_utils.async_ssrf_protected_download", lambda url, **_: fetched.append(url))
    upload = {"path": path, "url": path, "orig_name": "a.png", "meta": {"_type": "gradio.FileData"}}
    functions = httpx.get(f"{address}/config").json()["dependencies"]
    function = next(one["id"] for one in functions if one["api_name"] == "code")
    body = {"data": [upload, "What?", "scripted", 64, 0, None], "fn_index": function, "session_hash": "abc"}
    assert httpx.post(f"{address}/gradio_api/run/predict", json=body).status_code == 500
    assert fetched == []


def test_files_of_the_machine_are_not_served(address: str) -> None:
    import httpx

    for path in ("/etc/hostname", "../../etc/hostname", str(Path(__file__)), "http://127.0.0.1:9/"):
        assert httpx.get(f"{address}/gradio_api/file={path}").status_code in (403, 404)
