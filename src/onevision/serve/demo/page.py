"""The page itself: what stands where, and what happens on a click."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import astuple
from typing import Any

import gradio as gr

from onevision.serve.demo.answering import View, views
from onevision.serve.demo.draw import note
from onevision.serve.demo.examples import examples
from onevision.serve.demo.shelf import Shelf
from onevision.serve.demo.snippets import LANGUAGES, snippets

HEAD = """<div id="ov-head"><h1>OneVision</h1><p>Drop a picture, ask, and watch the model see, think and answer.</p>
<button id="ov-dark" type="button">light / dark</button></div>"""

SETTINGS = {"max_new_tokens": 1024, "temperature": 0.0, "seed": None}
Upload = dict[str, Any] | None
"""Gradio's record of an uploaded file: path, orig_name, ..."""

KEEP_SECONDS = 3600
"""How long an uploaded picture stays on the server."""


class Page(gr.Blocks):
    """Blocks that fetch nothing: Gradio would download a picture that a request names by its address."""

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *rest: Any, **named: Any) -> Any:
        """Raises gradio.Error for an address in the place of an uploaded file."""
        if any(isinstance(one, dict) and re.match(r"\s*(\w+:)?//", str(one.get("path"))) for one in _objects(inputs)):
            raise gr.Error("the page takes uploaded pictures only, no addresses")
        return await super().preprocess_data(block_fn, inputs, *rest, **named)


def _objects(value: Any) -> list[Any]:
    """A JSON value and all that is in it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(one for part in inner for one in _objects(part))]


def theme() -> Any:
    """Gradio's plain theme with the system's own fonts: nothing is fetched."""
    return gr.themes.Default(primary_hue="indigo", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])


def make_page(shelf: Shelf) -> gr.Blocks:
    """The page over these models."""
    with Page(title="OneVision", analytics_enabled=False, delete_cache=(KEEP_SECONDS, KEEP_SECONDS)) as page:
        gr.HTML(HEAD)
        with gr.Row():
            with gr.Column(scale=5, min_width=300):
                asked, ask, stop, tray = _left(shelf)
            with gr.Column(scale=6, min_width=300):
                shown, codes, unfolded = _right()
        _wire(shelf, asked, ask, stop, tray, shown, codes, unfolded)
    page.queue(default_concurrency_limit=16, api_open=False)  # what is queued goes through the queue alone
    return page


def _left(shelf: Shelf) -> tuple[list[Any], Any, Any, list[Any]]:
    picture = gr.Image(label="Picture", type="filepath", sources=["upload", "clipboard"], height=300, elem_id="ov-picture", buttons=[])
    question = gr.Textbox(
        label="Question", lines=2, max_lines=8, elem_id="ov-question", placeholder="What do you want to know? Ctrl+Enter (⌘+Enter) asks."
    )
    with gr.Row():
        ask = gr.Button("Ask", variant="primary", elem_id="ov-ask", scale=3, min_width=120)
        stop = gr.Button("Stop", elem_id="ov-stop", scale=1, min_width=80)
    with gr.Row(elem_id="ov-examples"):
        tray = [gr.Button(one.question, icon=one.path, min_width=120, scale=0) for one in examples()]
    with gr.Accordion("Settings", open=False, elem_id="ov-settings"):
        model = gr.Dropdown(shelf.names, value=shelf.names[0], label="Model", elem_id="ov-model")
        longest = gr.Slider(16, 4096, SETTINGS["max_new_tokens"], step=16, label="Longest answer, in tokens")
        temperature = gr.Slider(0, 2, SETTINGS["temperature"], step=0.1, label="Temperature (0 takes the likeliest token)")
        seed = gr.Number(SETTINGS["seed"], label="Seed (makes a sampled answer repeatable)", precision=0)
    return [picture, question, model, longest, temperature, seed], ask, stop, tray


def _right() -> tuple[list[Any], list[Any], Any]:
    with gr.Column(elem_id="ov-result"):
        answer = gr.HTML(elem_id="ov-answer")
        going_on = gr.HTML(elem_id="ov-note")
    with gr.Accordion("Thinking", open=True, elem_id="ov-thinking"):
        description = gr.HTML(elem_id="ov-description")
        steps = gr.HTML(elem_id="ov-steps")
    with gr.Accordion("Copy as code", open=False, elem_id="ov-code") as unfolded:
        codes = []
        for language in LANGUAGES:
            with gr.Tab(language):
                codes.append(gr.Code(language="shell" if language == "curl" else "python", show_label=False, interactive=False))
    return [answer, going_on, description, steps], codes, unfolded


def _wire(shelf: Shelf, asked: list[Any], ask: Any, stop: Any, tray: list[Any], shown: list[Any], codes: list[Any], unfolded: Any) -> None:
    async def answer(
        picture: Upload, question: str, model: str, longest: float, temperature: float, seed: float | None
    ) -> AsyncIterator[list[Any]]:
        before: Sequence[Any] = [None] * len(shown)
        sampling = _sampling(longest, temperature, seed)
        async for view in views(shelf, picture["path"] if picture else None, question, model, **sampling):
            now = astuple(view)
            yield [part if part != old else gr.skip() for part, old in zip(now, before, strict=True)]
            before = now

    def code(
        picture: Upload, question: str, model: str, longest: float, temperature: float, seed: float | None, request: gr.Request
    ) -> tuple[str, ...]:
        name = (picture and picture.get("orig_name")) or "picture.png"
        changed = {key: value for key, value in _sampling(longest, temperature, seed).items() if value != SETTINGS[key]}
        return snippets(_address(request), shelf.names[0], model, name, question, changed)

    # Without Gradio's preprocessing a file comes as it was uploaded, and `open_picture` says kindly what is wrong with it.
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "preprocess": False}
    running = ask.click(answer, asked, shown, concurrency_limit=16, trigger_mode="once", **quiet)
    # All else goes past the queue: Gradio's page has one stream for all that is queued and hangs up on it when the last is done, which
    # loses an answer that was asked for in that moment.
    quiet["queue"] = False
    stop.click(None, cancels=[running], **quiet).then(_stopped, shown[1], shown[1], **quiet)
    for button, example in zip(tray, examples(), strict=True):
        filled = [str(example.path), example.question, *astuple(View())]
        button.click(None, cancels=[running], **quiet).then(lambda filled=filled: filled, None, [*asked[:2], *shown], **quiet)
    changes = [unfolded.expand, *(one.change for one in asked)]
    gr.on(changes, code, asked, codes, trigger_mode="always_last", **quiet)


def _stopped(said: str) -> Any:
    """The note, if it spoke of something going on."""
    return note("Stopped.") if "…" in said else gr.skip()


def _sampling(longest: float, temperature: float, seed: float | None) -> dict[str, Any]:
    return {"max_new_tokens": int(longest), "temperature": float(temperature), "seed": None if seed is None else int(seed)}


def _address(request: gr.Request) -> str:
    """Where the reader reached this server, also behind a proxy that says so."""
    headers = request.headers
    scheme = headers.get("x-forwarded-proto", request.url.scheme).split(",")[0]
    return f"{scheme}://{headers.get('x-forwarded-host') or headers['host']}"
