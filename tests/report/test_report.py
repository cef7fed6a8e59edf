import json
import re

import pytest

from onevision.bench.records import write_records
from onevision.report.compare import compare
from onevision.report.page import write_page
from onevision.report.published import published
from onevision.report.tables import Run, costs, guess, lines, read_run

ABOUT = {"benchmark": "mathvision", "split": "testmini", "model": "m", "groups": ["level"], "prompt": {"text": "Q?"}}


def record(number, score, text="<answer>3</answer>", level=1):
    one = {"text": text, "tokens": 4, "stop": "stop", "answer": "3", "score": score, "reason": "a rule"}
    return {
        **{"id": f"p{number}", "cluster": f"p{number}", "meta": {"level": level}, "question": "Q?", "choices": None, "gold": "3"},
        **{"guess": 0.25, "pictures": ["a.jpg"], "score": score, "majority": score, "seconds": 2.0, "completions": [one]},
    }


def run(folder, scores, **options):
    folder.mkdir(exist_ok=True)
    return Run(folder, ABOUT, [record(i, score, level=1 + i % 2, **options) for i, score in enumerate(scores)])


def test_lines_leave_out_what_was_not_judged(tmp_path):
    table = lines(run(tmp_path, [1.0, None, 0.0, 1.0, None, None]).records, ["level"])
    assert [(one.name, one.problems, one.judged) for one in table] == [("all", 6, 3), ("level 1", 3, 2), ("level 2", 3, 1)]
    assert table[0].score.value == pytest.approx(2 / 3)
    assert lines(run(tmp_path, [None]).records, [])[0].score is None


def test_costs_and_guesses(tmp_path):
    one = run(tmp_path, [1.0, 0.0, None])
    assert costs(one.records)["tokens mean"] == 4
    assert guess(one.records).value == 0.25


def test_runs_are_compared_on_what_both_have(tmp_path):
    first, second = run(tmp_path, [1.0, 0.0, 0.0, None, 1.0]), run(tmp_path, [1.0, 1.0, 1.0, 1.0])
    pair = compare(first, second)
    assert (pair.problems, pair.only_first, pair.only_second, pair.p) == (3, 0, 2, 0.5)
    assert pair.difference.value == pytest.approx(2 / 3)
    assert compare(first, Run(tmp_path, ABOUT, [])) is None


def test_the_page_holds_every_sample_and_runs_no_markup(tmp_path):
    hostile = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)>"
    path = write_page(tmp_path / "report.html", [run(tmp_path / "m", [1.0, None, 0.0], text=hostile)])
    html = path.read_text()
    assert html.count("<script") == 2 and "alert(1)</script>" not in html
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)[1])
    (page,) = data["runs"]
    assert [one["completions"][0]["text"] for one in page["records"]] == [hostile] * 3
    assert page["pictures"] == "m/pictures"
    assert page["lines"][0][2] == "2 of 3" and page["published"]
    assert page["plot"].startswith("data:image/png;base64,")


def test_published_figures_have_their_source():
    rows = list(published("mathvision", "testmini"))
    assert ("R1-Onevision-7B", "all", 29.9, "arXiv:2503.10615v2, table 2") in rows
    assert ("GPT-4o", "all", 49.6, "arXiv:2503.10615v2, table 3") in list(published("r1-onevision", "test"))
    assert ("Claude 3.5 Sonnet", "subway", 50.18, "github.com/anguyen8/vision-llms-are-blind README") in list(
        published("blindtest", "valid")
    )
    assert list(published("mathvision", "test")) == []


def test_line_separators_in_an_answer_part_no_record(tmp_path):
    made = run(tmp_path, [1.0], text="one\u2028two\u0085three")
    write_records(tmp_path / "records.jsonl", made.records)
    (tmp_path / "run.json").write_text(json.dumps(ABOUT))
    assert read_run(tmp_path).records[0]["completions"][0]["text"] == "one\u2028two\u0085three"


def test_levels_come_in_order(tmp_path):
    records = [record(number, 1.0, level=level) for number, level in enumerate((2, 10, 1))]
    assert [one.name for one in lines(records, ["level"])] == ["all", "level 1", "level 2", "level 10"]
