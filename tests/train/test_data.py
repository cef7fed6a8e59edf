"""The same samples in the same order, whoever draws them."""

import numpy as np
import pytest
import torch

from onevision.models.load import load_model
from onevision.models.prompts import fenced, parse
from onevision.train.data import Corpus, Draws, Share, Updates, blank_row, longest_row, pack, row_tokens
from onevision.train.encode import BLANK, IGNORE, Encoded
from onevision.train.recipe import SFTRecipe
from onevision.train.see import LabelledPictures
from onevision.train.trainer import stream


@pytest.fixture(scope="module")
def processor(tiny_model_dir):
    return load_model(tiny_model_dir, device="cpu")[1]


def make(**keys):
    drawn = {"tasks": {"scene": 1.0}, "sizes": [[56, 84]], "levels": [1]} | keys
    return SFTRecipe(stage="sft", output_dir="out", **drawn)


def numbers(update):
    return sorted(number for row in update.rows for number, _ in row["samples"])


def test_processes_share_out_every_update(processor):
    recipe = make()
    corpus = Corpus(recipe)
    shares = [Updates(Draws(recipe, corpus), processor, Share(3, process, 2), end=16) for process in (0, 1)]
    found = [[numbers(update) for update in updates] for updates in shares]
    assert found == [[[0, 1, 2], [6, 7, 8], [12, 13, 14]], [[3, 4, 5], [9, 10, 11], [15]]]


def test_processes_look_at_different_pictures():
    shares = [LabelledPictures(share, 0, 0.5, 0.5, first_batch=3) for share in (Share(4), Share(2, 0, 2), Share(2, 1, 2))]
    whole, first, second = (next(iter(pictures))["glyph"] for pictures in shares)
    assert torch.equal(whole, torch.cat([first, second]))


def test_workers_and_a_later_start_change_nothing(processor):
    recipe = make()
    draws = Draws(recipe, Corpus(recipe))
    plain = list(Updates(draws, processor, Share(2), end=8))
    workers = list(stream(Updates(draws, processor, Share(2), end=8), 2))
    later = list(Updates(draws, processor, Share(2), first=2, end=8))
    assert len(plain) == 4
    for mine, wanted in (*zip(workers, plain, strict=True), *zip(later, plain[2:], strict=True)):
        for a, b in zip(mine.rows, wanted.rows, strict=True):
            assert torch.equal(a["input_ids"], b["input_ids"]) and torch.equal(a["pixel_values"], b["pixel_values"])


def test_an_epoch_is_every_row_once_and_the_next_in_another_order(rows):
    recipe = make(tasks={}, dataset=[rows(10), rows(7, name="more")], val_size=3, max_samples=6)
    corpus = Corpus(recipe)
    epochs = [[corpus.row(place) for place in range(first, first + len(corpus))] for first in (0, len(corpus))]
    assert len(corpus) == 9, "6 of each, 3 held out"
    assert epochs[0] != epochs[1] and sorted(epochs[0]) == sorted(epochs[1])
    assert not set(corpus.held) & set(epochs[0])
    assert Corpus(recipe).held.tolist() == corpus.held.tolist()


def test_tasks_and_data_sets_mix_by_weight(rows):
    recipe = make(dataset=[rows(8)], dataset_weight=1.0, tasks={"scene": 2.0, "clock": 1.0}, max_steps=1)
    draws = Draws(recipe, Corpus(recipe))
    names = [draws(number, None)[0] for number in range(120)]
    assert names.count("") == 30
    assert names.count("scene") > names.count("clock") > 10


def test_held_out_tasks_are_of_another_split():
    recipe = make()
    corpus = Corpus(recipe)
    learnt, held = (Draws(recipe, corpus, held_out)(5, None)[1].problem for held_out in (False, True))
    assert (learnt.split, held.split) == ("train", "validation")


def test_a_share_of_the_tasks_comes_in_words(processor):
    recipe = make(tasks={"scene": 1.0, "clock": 1.0}, described=0.5)
    draws = Draws(recipe, Corpus(recipe))
    drawn = [draws(number, None) for number in range(60)]
    words = [sample for name, sample in drawn if not name]
    assert 18 < len(words) < 42
    assert {sample.problem.meta["level"] for sample in words} == {1, 2, 3, 4, 5}, "whatever the levels of the pictures"
    for sample in words:
        question, answer = sample.messages
        assert sample.problem.images == ()
        assert question["content"] == [{"type": "text", "text": f"{sample.problem.question}\n{fenced(sample.description)}"}]
        assert sample.description.text in answer["content"] and parse(answer["content"]).answer == sample.problem.answer
    assert all(sample.problem.images for name, sample in drawn if name)
    assert all(Draws(recipe, Corpus(recipe), held_out=True)(number, None)[0] for number in range(20)), "pictures are what is evaluated"
    row = next(iter(Updates(draws, processor, Share(4), end=4))).rows[0]
    assert sum(row["lengths"]) == len(row["input_ids"])


@pytest.mark.parametrize(("thought", "described", "steps"), [("described", True, True), ("steps", False, True), ("none", False, False)])
def test_the_thought_that_is_learnt_can_be_less(thought, described, steps):
    recipe = make(tasks={"chain": 1.0}, thought=thought)
    sample = Draws(recipe, Corpus(recipe))(3, None)[1]
    said = parse(sample.messages[-1]["content"])
    assert said.answer == sample.problem.answer and sample.problem.images
    assert (said.description is not None) == described and bool(said.steps) == steps


def of(length):
    return Encoded(torch.zeros(length, dtype=torch.long), *(None,) * 4)


def test_rows_hold_every_sample_once_and_no_more_than_they_may():
    lengths = np.random.default_rng(0).integers(5, 90, 40).tolist()
    samples = [of(length) for length in lengths]
    rows = pack(samples, 100)
    assert sorted(id(one) for row in rows for one in row) == sorted(map(id, samples))
    used = [sum(len(one.input_ids) for one in row) for row in rows]
    assert max(used) <= 100
    assert len(rows) < 1.25 * sum(lengths) / 100


def test_the_largest_row_comes_first_and_its_pictures_are_bytes(processor):
    recipe = make(tasks={"scene": 1.0, "chain": 1.0}, sizes=[(56, 224)], pack_tokens=300)
    rows = next(iter(Updates(Draws(recipe, Corpus(recipe)), processor, Share(8), end=8))).rows
    sizes = [(len(row["pixel_values"]), len(row["input_ids"])) for row in rows]
    assert len(sizes) > 3 and sizes == sorted(sizes, reverse=True)
    assert all(row["pixel_values"].dtype == torch.uint8 for row in rows)


def test_a_blank_row_teaches_nothing():
    row = blank_row()
    assert row["labels"].tolist() == [IGNORE] * 2
    assert len(row["pixel_values"]) == len(BLANK.pixel_values)


@pytest.mark.parametrize(
    "keys", [{"cutoff_len": 300, "pack_tokens": 1000}, {"cutoff_len": 100}, {"cutoff_len": 512, "image_resolution": 100}]
)
def test_the_rehearsal_is_as_long_as_rows_come(processor, keys):
    recipe = make(**keys)
    row = longest_row(recipe, processor)
    places = int((row["input_ids"] == processor.image_token_id).sum())
    assert row_tokens(recipe) - recipe.cutoff_len < len(row["input_ids"]) <= row_tokens(recipe)
    assert places == int(row["image_grid_thw"].prod(1).sum()) // 4 == len(row["pixel_values"]) // 4 > 0
