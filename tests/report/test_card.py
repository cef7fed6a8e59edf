"""The measured table goes between the marks, and nothing else changes."""

import pytest

from onevision.errors import InputError
from onevision.report.card import results, write_table
from onevision.report.tables import Run, majority

MARKS = "before\n<!-- measured -->\n| old | table |\n<!-- /measured -->\nafter\n"


def run(name, golds, scores):
    records = [{"gold": gold, "score": score, "cluster": str(i)} for i, (gold, score) in enumerate(zip(golds, scores, strict=True))]
    return Run(None, {"benchmark": name}, records)


RUNS = [
    run("chain", ["3", "3", "4", "5"], [1.0, 1.0, 1.0, 0.0]),
    run("chain-blank", ["3", "3", "4", "5"], [0.0, 0.0, 1.0, 0.0]),
    run("clock", ["1:00", "2:00"], [1.0, None]),
]


def test_majority_is_taken_per_kind_of_answer():
    answers = ["Yes", "Yes", "No", "3", "3", "4"]
    assert majority([{"gold": answer} for answer in answers]) == pytest.approx(4 / 6)


def test_the_table_has_scores_constants_blanks_and_means():
    heads, rule, chain, clock, mean = results(RUNS).splitlines()
    assert heads == "|  | score, 95 % interval | majority class | blank picture |" and rule.count("---:") == 3
    assert chain == "| chain | 75.0 % [30.1, 95.4] | 50.0 % | 25.0 % |"
    assert clock.startswith("| clock | 100.0 % [") and clock.endswith("] | 50.0 % | – |")
    assert mean == "| mean | 87.5 % | 50.0 % | 25.0 % |"


def test_it_goes_between_the_marks(tmp_path):
    card = tmp_path / "README.md"
    card.write_text(MARKS)
    write_table(card, RUNS)
    before, rest = card.read_text().split("<!-- measured -->\n")
    table, after = rest.split("<!-- /measured -->")
    assert (before, table, after) == ("before\n", results(RUNS), "\nafter\n")
    write_table(card, RUNS)
    assert card.read_text() == before + "<!-- measured -->\n" + table + "<!-- /measured -->" + after


@pytest.mark.parametrize("text", ["no marks", "<!-- measured -->\nnever closed"])
def test_a_card_without_marks_is_refused(tmp_path, text):
    card = tmp_path / "README.md"
    card.write_text(text)
    with pytest.raises(InputError, match="no place for the table"):
        write_table(card, RUNS)
    assert card.read_text() == text
    with pytest.raises(InputError, match="No such file"):
        write_table(tmp_path / "other.md", RUNS)
