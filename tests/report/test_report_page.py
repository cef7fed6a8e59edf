"""The report's page in headless Chromium: filters, folding, and a model's text that stays text."""

from pathlib import Path
from typing import Any

from onevision.report.page import write_page
from tests.browser import chromium
from tests.report.test_report import run


def test_the_page_filters_folds_and_runs_nothing(tmp_path: Path) -> None:
    hostile = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"
    runs: list[Any] = [run(tmp_path / name, [1.0, None, 0.0], text=f"{hostile} {name}") for name in "abcd"]
    path = write_page(tmp_path / "report.html", runs)
    complaints: list[str] = []
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme="dark")
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri())
        assert page.locator("article").count() == 3
        page.select_option("#verdict", "wrong")
        assert page.inner_text("#count") == "1 of 3"
        assert "</script>" in page.inner_text("article pre")
        page.fill("#words", "nowhere to be found")
        assert page.locator("article").count() == 0
        assert not page.is_visible("#run-2 img")
        page.click("a[href='#run-2']")
        page.wait_for_selector("#run-2 img", state="visible")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 23, 26)"
        assert page.evaluate("window.hacked") is None
    assert complaints == []
