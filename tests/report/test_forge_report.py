"""A forge run's report: every reason has its samples, a run that kept nothing has a page, names with dollars are names."""

import json

from onevision.cli import main
from onevision.report.curves import plot_losses
from onevision.report.forge import _gallery
from onevision.report.intervals import Interval
from onevision.report.plots import plot_scores
from onevision.report.tables import Line
from onevision.sources.onevision import packed, row
from onevision.types import Description, Problem, Sample

WHY = ("dropped_step", "dropped_kind", "dropped_words")


def dropped(name, kind):
    said = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "<think>so</think><answer>3</answer>"}]
    return row(Sample(Problem(name, (), "?"), Description("", ""), said)) | dict(zip(WHY, ("judge", kind, "w"), strict=True))


def test_each_reason_has_its_samples_however_rare(tmp_path):
    for number in range(20):
        rare = [dropped(f"rare-{number}", "could not judge")] if number in (7, 8) else []
        rows = [dropped(f"{number}-{place}", "wrong answer") for place in range(4)]
        (tmp_path / f"shard-{number:05d}.parquet").write_bytes(packed(rows + rare, WHY))
    shown = [(one["reason"], one["id"]) for one in _gallery(tmp_path, "dropped_step", "dropped_kind")]
    assert [name for reason, name in shown if reason == "judge: could not judge"] == ["rare-7", "rare-8"]
    wrong = [name for reason, name in shown if reason == "judge: wrong answer"]
    assert len(wrong) == 6 and len({name.partition("-")[0] for name in wrong}) == 6


def totals(**kept):
    places = dict.fromkeys(kept, 2) or {"other / x": 2}
    return {"items": {"kept": len(kept), "dropped": 1}, "dropped": {"judge: wrong answer": 1}, "all": places, "kept": kept,
            "phrases": {}, "steps": ["judge"]}  # fmt: skip


def test_a_run_that_kept_nothing_has_a_page(tmp_path, capsys):
    (tmp_path / "forge.json").write_text(json.dumps(totals()))
    assert main(["report", str(tmp_path)]) == 0
    assert "0 samples of 1 items" in capsys.readouterr().out and (tmp_path / "report.html").exists()


def test_a_name_with_dollars_is_no_formula(tmp_path):
    one = Interval(0.5, 0.4, 0.6)
    assert plot_scores(tmp_path / "p.png", "in $_$", [Line("price $_$", 1, 1, one)], one).exists()
    (tmp_path / "forge.json").write_text(json.dumps(totals(**{"of $_$ / in $_$": 1})))
    assert main(["report", str(tmp_path)]) == 0


def test_the_losses_of_a_killed_run(tmp_path):
    log = tmp_path / "losses.jsonl"
    log.write_text("")
    assert plot_losses(tmp_path) is None
    log.write_text('{"step": 1, "loss": 2.0}\n{"step": 2, "lo')
    assert plot_losses(tmp_path) == tmp_path / "loss.png"
