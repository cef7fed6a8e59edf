import json

import pytest
from PIL import Image

from onevision.bench import blindtest
from onevision.errors import InputError


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
def test_answers_come_from_the_published_names(tmp_path, task, original, gold):
    Image.new("RGB", (60, 60)).save(tmp_path / "a.png")
    (tmp_path / "samples.json").write_text(json.dumps([{"task": task, "file": "a.png", "original": original}]))
    (problem,) = blindtest.load(tmp_path)
    assert problem.answer == gold
    assert "{shapes}" not in problem.question
    assert "{0}" not in problem.question


def test_the_repository_gives_each_picture_once(tmp_path):
    images = tmp_path / "src" / "NestedSquares" / "images"
    for folder in ("count-prompt/gpt-4o/correct", "count-prompt/sonnet-3/incorrect"):
        (images / folder).mkdir(parents=True)
        Image.new("RGB", (60, 60)).save(images / folder / "nested_squares_depth_4_image_1_thickness_2.png")
    Image.new("RGB", (60, 60), "red").save(images / "3c9e2635.png")  # an example of its README
    (problem,) = blindtest.load(tmp_path)
    assert (problem.answer, problem.meta["task"]) == ("4", "NestedSquares")


def test_other_folders_and_names_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"samples\.json.*hf download XAI/vlmsareblind"):
        blindtest.load(tmp_path)
    (tmp_path / "samples.json").write_text(json.dumps([{"task": "NestedSquares", "file": "a.png", "original": "squares.png"}]))
    with pytest.raises(InputError, match=r"'squares\.png' does not have the published form"):
        blindtest.load(tmp_path)
