import json

import pytest
from PIL import Image

from onevision import tasks
from onevision.bench import blindtest
from onevision.bench.held_out import held_out, majority
from onevision.bench.run import accuracy, evaluate
from onevision.engine.base import SamplingParams
from onevision.errors import InputError
from onevision.types import Completion, Problem


def oracle(problems):
    """A model that knows the answer by the picture: None for a picture it was not given."""
    known = {p.images[0].tobytes(): p.answer for p in problems}

    def generate(chats, sampling):
        answers = [known.get(chat[0]["content"][0]["image"].tobytes()) for chat in chats]
        return [Completion(f"<answer>{a}</answer>" if a else "I see nothing.", (), (), "stop") for a in answers]

    return generate


@pytest.fixture(scope="module")
def problems():
    task = tasks.make("scene", split="test", levels=(1,), size=(112, 112))
    return [task[i] for i in range(20)]


def test_evaluate_keeps_the_order(problems):
    graded = evaluate(oracle(problems), problems, SamplingParams(), batch=3)
    assert [g.problem.id for g in graded] == [p.id for p in problems]
    assert accuracy(graded) == 1.0


def test_what_cannot_be_judged_is_not_wrong(problems):
    unknown = [Problem("x", problems[0].images, "What?", answer=None)]
    graded = evaluate(oracle(problems), [*unknown, *problems], SamplingParams())
    assert graded[0].verdict.score is None
    assert accuracy(graded) == 1.0
    assert accuracy(graded[:1]) is None


def test_held_out_with_and_without_pictures(tmp_path):
    task = tasks.make("clock", split="test", seed=0, levels=(1, 2))
    rows = held_out(oracle([task[i] for i in range(12)]), ["clock"], 12, {"levels": (1, 2)}, tmp_path)
    assert (rows[0].score, rows[0].blank) == (1.0, 0.0)
    logged = [json.loads(line) for line in (tmp_path / "clock.jsonl").read_text().splitlines()]
    assert len(logged) == 12
    assert {"question", "gold", "answer", "score", "reason", "text"} <= set(logged[0])


def test_majority_is_taken_per_kind_of_answer():
    answers = ["Yes", "Yes", "No", "3", "3", "4"]
    assert majority([Problem(str(i), (), "?", answer=a) for i, a in enumerate(answers)]) == pytest.approx(4 / 6)


@pytest.mark.parametrize(
    ("task", "original", "gold"),
    [
        ("LineIntersection", "gpt-how_gt_2_image_242_thickness_2_resolution_1152.png", "2"),
        ("TouchingCircle", "gpt_touch_pixels_769_rotation_vertical_diameter_0.14_distance_-0.15.png", "Yes"),
        ("TouchingCircle", "gpt_touch_pixels_769_rotation_vertical_diameter_0.14_distance_0.05.png", "No"),
        ("TouchingCircle", "gpt_touch_pixels_769_rotation_vertical_diameter_0.14_distance_0.0.png", "Yes"),
        ("CountingCircles", "pentagons/gpt_how_pixels_384_linewidth_1_side_0.07_numCircles_7_black_2.png", "7"),
        ("CountingRowsAndColumns", "claude_3_5_grid_9x8_1250_10.png_blank.png", "9,8"),
        ("NestedSquares", "nested_squares_depth_5_image_4_thickness_4.png", "5"),
        ("SubwayMap", "gemini_A_D_dc723dc3.png", None),
        ("CircledWord", "text_image_4ef53827.png", None),
    ],
)
def test_blindtest_answers_come_from_the_published_names(tmp_path, task, original, gold):
    Image.new("RGB", (60, 60)).save(tmp_path / "a.png")
    (tmp_path / "samples.json").write_text(json.dumps([{"task": task, "file": "a.png", "original": original}]))
    (problem,) = blindtest.load(tmp_path)
    assert problem.answer == gold
    assert "{shapes}" not in problem.question
    assert "{0}" not in problem.question


def test_a_folder_without_a_list_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"samples\.json"):
        blindtest.load(tmp_path)
