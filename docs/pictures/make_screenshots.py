"""The pictures in docs/demo.md: nano's own answers on the demo page, in headless Chromium.

python docs/pictures/make_screenshots.py [URL of a running demo; without it one is started]
"""

import io
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from browser import chromium  # noqa: E402

DESK, PHONE = {"width": 1180, "height": 860}, {"width": 390, "height": 844}


@contextmanager
def running(port: int = 7917) -> Iterator[str]:
    """The address of app.py while it runs."""
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([sys.executable, str(ROOT / "app.py")], env={**os.environ, "PORT": str(port)})
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/health").close()
                break
            except OSError:
                time.sleep(1)
        yield url
    finally:
        server.terminate()
        server.wait()


def example(page: Any, index: int) -> None:
    """Choose an example and ask it."""
    page.click(f"#ov-examples button >> nth={index}")
    page.wait_for_selector("#ov-picture img")
    page.click("#ov-ask")


def finish(page: Any) -> None:
    """Wait for the answer and the note under it."""
    page.wait_for_selector(".ov-answer, .ov-none")
    page.wait_for_function("!document.querySelector('#ov-note').innerText.includes('…')")
    page.wait_for_timeout(600)


def save(page: Any, name: str, full: bool = False) -> None:
    """As a PNG of 256 colours: a page has few."""
    shot = Image.open(io.BytesIO(page.screenshot(full_page=full))).convert("RGB")
    shot.quantize(256, dither=Image.Dither.NONE).save(HERE / name, optimize=True)
    print(HERE / name, (HERE / name).stat().st_size)


def shoot(browser: Any, url: str) -> None:
    """All pictures."""

    def opened(size: dict[str, int], scheme: str = "light") -> Any:
        page = browser.new_page(viewport=size, color_scheme=scheme)
        page.set_default_timeout(120_000)
        page.goto(url)
        page.wait_for_selector("#ov-ask")
        return page

    page = opened(DESK)
    example(page, 2)
    finish(page)
    save(page, "demo-chart.png")
    page.click("#ov-thinking > button")
    page.click("#ov-code > button")
    page.click("#ov-code [role=tab] >> nth=1")
    page.wait_for_selector("#ov-code .cm-content >> text=from openai import OpenAI")
    save(page, "demo-code.png")
    page = opened(DESK, "dark")
    example(page, 1)
    finish(page)
    save(page, "demo-dark.png")
    page = opened(PHONE)
    example(page, 0)
    finish(page)
    save(page, "demo-phone.png", full=True)
    page = opened(PHONE)
    page.set_input_files("#ov-picture input[type=file]", {"name": "notes.png", "mimeType": "image/png", "buffer": b"only words"})
    page.wait_for_selector("#ov-picture img")
    page.fill("#ov-question textarea", "What does it say?")
    page.click("#ov-ask")
    page.wait_for_selector(".ov-error")
    page.wait_for_timeout(1000)
    save(page, "demo-error.png")


def main() -> None:
    """From the address given, or a server of its own."""
    with chromium() as browser:
        if sys.argv[1:]:
            shoot(browser, sys.argv[1])
        else:
            with running() as url:
                shoot(browser, url)


if __name__ == "__main__":
    main()
