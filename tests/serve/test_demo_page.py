"""The web demo as a person uses it, in headless Chromium: what is drawn, clicked, streamed, folded, refused."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from onevision.serve.demo.examples import examples
from tests.browser import PATIENCE_MS, chromium
from tests.serve.demo_server import TEXT, Scripted, served

pytest.importorskip("gradio")


@pytest.fixture(scope="module")
def engine() -> Scripted:
    return Scripted()


@pytest.fixture(scope="module")
def address(engine: Scripted) -> Iterator[str]:
    """The page, served by a process that may talk to nobody but this machine."""
    patch = pytest.MonkeyPatch()
    connect, strangers = socket.socket.connect, []

    def watched(self: socket.socket, to: Any) -> Any:
        if self.family != socket.AF_UNIX and to[0] not in ("127.0.0.1", "::1"):
            strangers.append(to)
            raise ConnectionRefusedError
        return connect(self, to)

    patch.setattr(socket.socket, "connect", watched)
    patch.setattr("onevision.serve.demo.shelf.load_engine", lambda name: Scripted(f"<think>\nI am {name}\n</think>\n<answer>8</answer>"))
    with served(engine, ["another"]) as url:
        yield url
    patch.undo()
    assert strangers == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as window:
        yield window


@pytest.fixture(scope="module")
def context(browser: Any, address: str) -> Iterator[Any]:
    """One window for all tests; whatever the page asks for must be on its own address."""
    window = browser.new_context(viewport={"width": 1200, "height": 900}, base_url=address)
    window.set_default_timeout(PATIENCE_MS)
    wanted: list[str] = []
    window.on("request", lambda request: wanted.append(request.url))
    yield window
    window.close()
    assert wanted
    assert [url for url in wanted if not url.startswith((address, "data:", "blob:"))] == []


@pytest.fixture
def page(context: Any, engine: Scripted) -> Iterator[Any]:
    engine.text = TEXT
    engine.go.clear()
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto("/")
    tab.wait_for_selector("#ov-ask")
    yield tab
    engine.go.set()
    tab.close()
    assert complaints == []


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "bars of a chart.png"
    Image.effect_noise((160, 120), 90).save(path)
    return path


def upload(page: Any, path: Path) -> None:
    page.set_input_files("#ov-picture input[type=file]", path)
    page.wait_for_selector("#ov-picture img")


def ask(page: Any, question: str = "How many for Tom?") -> None:
    page.fill("#ov-question textarea", question)
    page.keyboard.press("Control+Enter")


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_MS / 1000
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_upload_ask_and_watch_it_stream(page: Any, engine: Scripted, picture: Path) -> None:
    engine.text = TEXT.replace("so it", "‖so it")
    upload(page, picture)
    ask(page)
    page.wait_for_selector("#ov-description td >> text=Tom")
    page.wait_for_selector(".ov-pair img")
    page.wait_for_selector(".ov-steps >> text=/^Tom: 6$/")
    assert page.query_selector(".ov-answer") is None
    engine.go.set()
    answer = page.wait_for_selector(".ov-answer")
    assert answer.inner_text() == "6"
    assert float(answer.evaluate("node => parseFloat(getComputedStyle(node).fontSize)")) >= 28
    # The last word and the note are painted when they come, not necessarily with the answer.
    page.wait_for_selector(".ov-steps >> text=so it is 6")
    assert page.inner_text(".ov-steps") == "Tom: 6\nso it is 6"
    page.wait_for_selector("#ov-note >> text=scripted: 12 tokens")
    messages, sampling = engine.asked[-1]
    assert messages[0]["content"][0]["image"].size == (160, 120) and messages[0]["content"][1]["text"] == "How many for Tom?"
    assert (sampling.temperature, sampling.max_new_tokens, sampling.seed) == (0.0, 1024, None)


def test_the_thinking_folds_and_stays_folded_while_it_streams(page: Any, engine: Scripted, picture: Path) -> None:
    engine.text = TEXT.replace("so it", "‖so it")
    upload(page, picture)
    ask(page)
    page.wait_for_selector(".ov-steps")
    page.click("#ov-thinking > button")
    page.wait_for_selector(".ov-steps", state="hidden")
    engine.go.set()
    page.wait_for_selector(".ov-answer")
    assert not page.is_visible(".ov-steps")
    page.click("#ov-thinking > button")
    page.wait_for_selector(".ov-steps >> text=so it is 6")


def test_an_example_is_chosen_with_the_keyboard(page: Any, engine: Scripted) -> None:
    page.focus("#ov-examples button >> nth=0")
    page.keyboard.press("Enter")
    page.wait_for_selector("#ov-picture img")
    question = page.input_value("#ov-question textarea")
    assert question == "Which number do you have to write in the last daisy?"
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".ov-answer")
    assert engine.asked[-1][0][0]["content"][0]["image"].size == examples()[0].image.size


def test_the_focus_goes_from_the_question_to_ask_to_stop(page: Any) -> None:
    page.focus("#ov-question textarea")
    stops = []
    for _ in range(2):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.id"))
    assert stops == ["ov-ask", "ov-stop"]
    unnamed = (
        "[...document.querySelectorAll('button, input, textarea')].filter(one => one.checkVisibility() && "
        "!(one.ariaLabel || one.title || one.innerText.trim() || one.labels?.length || one.closest('[aria-label]')))"
    )
    assert page.evaluate(f"{unnamed}.map(e => e.outerHTML)") == []


def test_mistakes_are_said_kindly_and_the_page_goes_on(page: Any, picture: Path, tmp_path: Path) -> None:
    def complaint(words: str) -> None:
        page.wait_for_selector(f".ov-error[role=alert] >> text={words}")
        assert "Traceback" not in page.inner_text("body") and str(tmp_path) not in page.inner_text("body")

    ask(page)
    complaint("There is no picture yet")
    (tmp_path / "words.png").write_text("not a picture at all")
    upload(page, tmp_path / "words.png")
    ask(page)
    complaint("not a picture; give a PNG, JPEG")
    page.click("#ov-picture button[aria-label='Remove Image'], #ov-picture button[aria-label='Clear']")
    upload(page, picture)
    ask(page, "  ")
    complaint("The question is empty")
    ask(page, "a long question")
    complaint("context holds 512")
    ask(page)
    page.wait_for_selector(".ov-answer")
    page.wait_for_selector(".ov-error", state="detached")


def test_stop_ends_the_generation(page: Any, engine: Scripted, picture: Path) -> None:
    engine.text = TEXT.replace("so it", "‖so it")
    upload(page, picture)
    ended = engine.ended
    ask(page)
    page.wait_for_selector(".ov-steps")
    page.click("#ov-stop")
    page.wait_for_selector("#ov-note >> text=Stopped")
    until(lambda: engine.ended == ended + 1)
    assert page.inner_text(".ov-steps").startswith("T") and page.query_selector(".ov-answer") is None


def test_a_reader_who_leaves_frees_the_engine(page: Any, engine: Scripted, picture: Path) -> None:
    engine.text = TEXT.replace("so it", "‖so it")
    upload(page, picture)
    ended = engine.ended
    ask(page)
    page.wait_for_selector(".ov-steps")
    page.goto("about:blank")
    until(lambda: engine.ended == ended + 1)


def test_what_a_model_writes_is_never_markup(page: Any, engine: Scripted, picture: Path) -> None:
    nasty = "<img src=x onerror='window.hacked=1'>"
    engine.text = f"<think>\n```csv\n{nasty},b\n1,2\n```\n{nasty}\n</think>\n{nasty}<answer>{nasty}</answer>"
    upload(page, picture)
    ask(page, nasty)
    for place in (".ov-answer", ".ov-steps", "th"):
        until(lambda place=place: page.query_selector(place) is not None and nasty in page.inner_text(place))
    assert page.evaluate("window.hacked") is None


def test_another_model_can_be_chosen_and_the_question_copied_as_code(page: Any, address: str, picture: Path) -> None:
    page.click("#ov-settings > button")
    page.click("#ov-model input")
    page.click("[role=option] >> text=another")
    upload(page, picture)
    ask(page, "It's $5, isn't it?")
    page.wait_for_selector(".ov-steps >> text=I am another")
    page.click("#ov-code > button")
    page.wait_for_selector("#ov-code .cm-content >> text=chat/completions")
    wanted = (f"{address}/v1/chat/completions", '"model": "another"', "It's \\$5, isn't it?")
    # The snippet is written anew after every change of what it asks.
    until(lambda: all(part in page.inner_text("#ov-code .cm-content >> visible=true") for part in wanted))
    page.click("#ov-code [role=tab] >> text=Python (openai)")
    page.wait_for_selector("#ov-code .cm-content >> text=from openai import OpenAI")


def test_a_phone_needs_no_sideways_scroll(page: Any, engine: Scripted, picture: Path) -> None:
    wide = ",".join(f"column {i}" for i in range(30))
    engine.text = f"<think>\n```csv\n{wide}\n{wide}\n```\n{'x' * 300}\n</think>\n<answer>{'9' * 80}</answer>"
    page.set_viewport_size({"width": 360, "height": 740})
    upload(page, picture)
    ask(page)
    page.wait_for_selector(".ov-answer")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("document.querySelector('#ov-result').getBoundingClientRect().right") <= 360


def test_light_and_dark_follow_the_reader(page: Any) -> None:
    def brightness(what: str) -> float:
        colour = f"getComputedStyle(document.querySelector('gradio-app')).{what}"
        numbers: list[int] = page.evaluate(f"({colour}.match(/[\\d.]+/g) || []).slice(0, 3).map(Number)")
        return sum(numbers) / 3

    assert brightness("backgroundColor") > 200 > 100 > brightness("color")
    page.emulate_media(color_scheme="dark")
    page.reload()
    page.wait_for_selector("#ov-ask")
    assert brightness("backgroundColor") < 60 < 180 < brightness("color")
    page.click("#ov-dark")
    assert brightness("backgroundColor") > 200
