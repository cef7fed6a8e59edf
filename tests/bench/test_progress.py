"""A log's lines about how far a run is."""

from onevision.bench import progress
from onevision.bench.progress import Progress


def test_nothing_done_is_no_division(monkeypatch, capsys):
    monkeypatch.setattr(progress, "SECONDS_A_LINE", 0)
    with Progress("x", 4, 1) as made:
        made.advance(0)
        made.advance(1)
    assert capsys.readouterr().err.splitlines()[1:] == ["x: 2 of 4, about 0 min left"]
