from fractions import Fraction

from onevision.tasks.terms import listed, number, signed


def test_numbers_and_names_are_written_one_way() -> None:
    assert [number(value) for value in (3, 2.50, Fraction(-3, 4), Fraction(8, 2), 120000)] == ["3", "2.5", "-0.75", "4", "120000"]
    assert [signed(value) for value in (-2, 2, "-1/3", "0.5")] == ["(-2)", "2", "(-1/3)", "0.5"]
    assert (listed({"owl", "fox"}), listed([])) == ("fox, owl", "")
