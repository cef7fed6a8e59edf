import pytest

from onevision.bench.r1_onevision import _listed
from onevision.bench.rows import split_options
from onevision.bench.wemath import _options, metric


@pytest.mark.parametrize(
    ("question", "stem", "options"),
    [
        ("Angle 2 is ()\nChoices:\nA:50°\nB:60°", "Angle 2 is ()", ("50°", "60°")),
        (
            "Hint: letter.\nQuestion: Which?\nOptions:\n(A) a cat\n(B) a dog\n(C) none",
            "Hint: letter.\nQuestion: Which?",
            ("a cat", "a dog", "none"),
        ),
        ("Which?\nA. 1; \nB. 2", "Which?", ("1", "2")),
        ("Triangle\nA: 5", "Triangle\nA: 5", None),
        ("B. first\nC. second", "B. first\nC. second", None),
        ("How many?", "How many?", None),
        ("", "", None),
    ],
)
def test_options_at_a_questions_end(question, stem, options):
    assert split_options(question) == (stem, options)


def test_we_math_options():
    text = "A. 300, 400;B. 400, 300; C. 30 dm.; D. Cannot be determined; E. No correct answer"
    assert _options(text) == ("300, 400", "400, 300", "30 dm.", "Cannot be determined", "No correct answer")


def test_listed_options_are_read_not_evaluated():
    assert _listed("['4', \"it's\"]") == ("4", "it's")
    assert _listed("[__import__('os'), 'x']") == ("os", "x")
    assert _listed("4, 5") is None


def family(number, steps, whole):
    scores = [*enumerate(steps, 1), ("multi", whole)]
    return [{"cluster": f"we-math-2steps_{number}", "meta": {"part": f"2steps_{part}"}, "score": score} for part, score in scores]


def test_four_dimensional_metric():
    """One problem of each kind, and the figures that We-Math's own evaluation gives for them."""
    mastered, generalisation = family(1, (1, 1), 1), family(2, (1, 1), 0)
    knowledge, half, rote = family(3, (1, 0), 0), family(4, (0, 1), 1), family(5, (0, 0), 1)
    records = mastered + generalisation + knowledge + half + rote
    assert metric(records) == pytest.approx(
        {
            **{"composites": 5, "IK": 0.2, "IG": 0.2, "CM strict": 0.2, "RM strict": 2 / 3, "score strict": 1 - 0.2 - 0.1 - 0.4},
            **{"CM loose": 0.4, "RM loose": 1 / 3, "score loose": 1 - 0.2 - 0.1 - 0.2},
        }
    )
    assert metric(records + family(6, (1, None), 1))["composites"] == 5
    assert metric(mastered[:2]) == {}
