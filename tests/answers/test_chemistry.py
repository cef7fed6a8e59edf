import pytest

from onevision.answers import grade_answer

ASKED = "What is the molecular formula of this compound?"


@pytest.mark.parametrize("answer", ["C2H6O", "C₂H₆O", r"$\mathrm{C_2H_6O}$", "CH3CH2OH", "The molecular formula is C2H6O."])
def test_the_same_atoms_are_the_same_formula(answer: str) -> None:
    assert grade_answer(f"<answer>{answer}</answer>", "C2H6O", question=ASKED).score == 1.0


@pytest.mark.parametrize("answer", ["C3H4O", "C2H6", "C6H2O", "ethanol"])
def test_other_atoms_are_not_although_the_product_of_the_numbers_may_be(answer: str) -> None:
    assert grade_answer(f"<answer>{answer}</answer>", "C2H6O", question=ASKED).score == 0.0


def test_without_a_question_for_one_letters_and_digits_stay_what_they_were() -> None:
    assert grade_answer("<answer>b2</answer>", "B2", question="In which cell is the car?").score == 1.0
