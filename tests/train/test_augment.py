"""Pictures as people meet them: what they show stays."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from onevision import tasks
from onevision.train import augment as augmenting
from onevision.train.augment import augment
from onevision.train.data import augmented


@settings(max_examples=60, deadline=None)
@given(st.integers(28, 400), st.integers(28, 400), st.integers(0, 2**32))
def test_any_picture_keeps_its_kind_and_about_its_size(width, height, seed):
    after = augment(Image.new("RGB", (width, height), (250, 250, 240)), random.Random(seed))
    assert after.mode == "RGB"
    # Turned, then given margins, then stretched, each as far as it goes; a pixel or two for rounding.
    slope = math.sin(math.radians(augmenting.TURN))
    wide, high = width + slope * height + 2, height + slope * width + 2
    margins = 2 * augmenting.MARGIN * math.sqrt(wide * high) + 2
    assert 0.8 * width * height <= after.width * after.height <= 1.08**2 * (wide + margins + 1) * (high + margins + 1)


@pytest.mark.parametrize("change", ["_turn", "_margin", "_scale", "_blur", "_light", "_jpeg"])
def test_every_change_alters_the_picture_and_keeps_what_is_drawn(change):
    image = tasks.make("circled_letter", levels=(1,), size=(160, 168)).problem(3).images[0]
    rng = random.Random(1)
    after = getattr(augmenting, change)(image, rng)
    assert after.size != image.size or np.asarray(after).tobytes() != np.asarray(image).tobytes()
    # Ink: what is well below the page's brightness.
    ink = [np.asarray(one.convert("L"), float) for one in (image, after)]
    dark = [int((grey < np.percentile(grey, 95) - 90).sum()) for grey in ink]
    assert 0.6 < dark[1] / dark[0] < 1.6


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_things_stay_where_they_are_on_the_page_when_they_must(seed):
    image = Image.new("RGB", (160, 120), "white")
    image.paste((0, 0, 0), (120, 20, 140, 40))
    after = augment(image, random.Random(seed), places=True)
    rows, columns = np.nonzero(np.asarray(after.convert("L")) < 128)
    assert columns.mean() / after.width == pytest.approx(130 / 160, abs=0.02)
    assert rows.mean() / after.height == pytest.approx(30 / 120, abs=0.02)


def test_the_same_draw_gives_the_same_picture():
    image = Image.effect_noise((120, 90), 60).convert("RGB")
    assert augment(image, random.Random(5)).tobytes() == augment(image, random.Random(5)).tobytes()


def test_a_sample_shows_the_model_the_changed_picture():
    sample = tasks.make("chain", levels=(1,), size=(112, 168)).sample(0)
    after = augmented(sample, random.Random(2), places=False)
    shown = after.messages[0]["content"][0]["image"]
    assert shown.tobytes() == after.problem.images[0].tobytes() != sample.problem.images[0].tobytes()
    assert after.messages[-1] == sample.messages[-1]
    assert after.problem.question == sample.problem.question
