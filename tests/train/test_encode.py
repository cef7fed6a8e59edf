import numpy as np
import pytest
import torch
from PIL import Image

from onevision import tasks
from onevision.errors import InputError
from onevision.models.load import load_model, load_processor, nano_folder
from onevision.train.encode import IGNORE, Limits, collate, encode, supervised
from onevision.types import Description, Problem, Sample


@pytest.fixture(scope="module")
def loaded(tiny_model_dir):
    return load_model(tiny_model_dir, device="cpu", dtype="float32")


def chat(*turns, pictures=()):
    """A Sample of (role, text) turns; "[]" in a text is a picture's place."""
    left = iter(pictures)
    messages = []
    for role, text in turns:
        first, *rest = text.split("[]")
        parts = [{"type": "text", "text": first}]
        for piece in rest:
            parts += [{"type": "image", "image": next(left)}, {"type": "text", "text": piece}]
        messages.append({"role": role, "content": text if role == "assistant" else parts})
    return Sample(Problem("", tuple(pictures), ""), Description("", ""), messages)


def learnt(one, processor):
    return processor.tokenizer.decode(one.input_ids[one.labels != IGNORE])


def test_every_answer_is_supervised_and_nothing_else(loaded):
    processor = loaded[1]
    one = encode(chat(("user", "one?"), ("assistant", "first"), ("user", "two?"), ("assistant", "second")), processor)
    assert learnt(one, processor) == "first<|im_end|>second<|im_end|>"
    assert processor.tokenizer.decode(one.input_ids).count("<|im_start|>") == 5, "system, and two of user and assistant"
    assert one.pixel_values.shape == (0, 1176) and one.grid.shape == (0, 3)


def test_tokens_and_positions_are_the_processors_own(loaded):
    model, processor = loaded
    pictures = [Image.new("RGB", size, colour) for size, colour in (((90, 60), "red"), ((60, 130), "blue"))]
    sample = chat(("user", "[] and [] differ?"), ("assistant", "yes"), pictures=pictures)
    one = encode(sample, processor)
    text = processor.apply_chat_template(sample.messages[:1], tokenize=False, add_generation_prompt=True) + "yes<|im_end|>"
    wanted = processor(images=pictures, text=[text], return_tensors="pt")
    assert torch.equal(one.input_ids, wanted["input_ids"][0])
    assert torch.equal(processor.normalised(one.pixel_values), wanted["pixel_values"])
    positions, _ = model.model.get_rope_index(
        wanted["input_ids"], wanted["mm_token_type_ids"], wanted["image_grid_thw"], attention_mask=wanted["attention_mask"]
    )
    assert torch.equal(one.positions, positions[:, 0])


def test_margins_are_cut_where_the_model_has_them_cut():
    processor = load_processor(nano_folder())
    page = Image.new("RGB", (700, 600), "white")
    page.paste("black", (100, 250, 600, 300))
    sample = chat(("user", "[] What?"), ("assistant", "a bar"), pictures=[page])
    text = processor.apply_chat_template(sample.messages[:1], tokenize=False, add_generation_prompt=True) + "a bar<|im_end|>"
    wanted = processor(images=[page], text=[text], return_tensors="pt")
    one = encode(sample, processor)
    assert one.grid.tolist() == wanted["image_grid_thw"].tolist() and one.grid[0, 2] > 3 * one.grid[0, 1]
    assert torch.equal(processor.normalised(one.pixel_values), wanted["pixel_values"])


@pytest.mark.parametrize(
    "settings", [{}, {"do_normalize": False}, {"do_rescale": False, "do_normalize": False}, {"image_std": [0.2, 0.3, 0.4]}]
)
def test_levels_become_what_the_image_processor_gives(settings):
    processor = load_processor(nano_folder())
    for name, value in settings.items():
        setattr(processor.image_processor, name, value)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8))
    levels, grid = processor.levels([noise], {"shortest_edge": 12544, "longest_edge": 100352})
    wanted = processor.image_processor(images=[noise], return_tensors="pt")
    assert torch.equal(processor.normalised(levels), wanted["pixel_values"]) and torch.equal(grid, wanted["image_grid_thw"])


def test_a_long_answer_loses_its_end_alone(loaded):
    processor = loaded[1]
    sample = tasks.make("scene", size=(56, 84)).sample(3)
    whole = encode(sample, processor)
    cut = encode(sample, processor, Limits(tokens=len(whole.input_ids) - 7))
    assert torch.equal(cut.input_ids, whole.input_ids[:-7]) and torch.equal(cut.labels, whole.labels[:-7])
    assert torch.equal(cut.pixel_values, whole.pixel_values)
    assert cut.notes == ("answer cut",)


def test_pictures_are_shrunk_and_never_cut(loaded):
    processor = loaded[1]
    sample = chat(("user", "[][] which?"), ("assistant", "the left one"), pictures=[Image.new("RGB", (280, 280))] * 2)
    whole = encode(sample, processor)
    for tokens in range(len(whole.input_ids) - 1, len(whole.input_ids) - 100, -17):
        one = encode(sample, processor, Limits(tokens=tokens))
        assert len(one.input_ids) <= tokens
        assert int((one.input_ids == processor.image_token_id).sum()) == int(one.grid.prod(1).sum()) // 4 == len(one.pixel_values) // 4
        assert learnt(one, processor) == "the left one<|im_end|>"
        assert one.notes == ("pictures shrunk",)


def test_a_turn_that_does_not_fit_goes_with_its_picture(loaded):
    processor = loaded[1]
    pictures = [Image.new("RGB", (84, 84))] * 2
    sample = chat(("user", "[]?"), ("assistant", "red"), ("user", "[]?"), ("assistant", "blue"), pictures=pictures)
    whole = encode(sample, processor)
    one = encode(sample, processor, Limits(tokens=len(whole.input_ids) - 10))
    assert learnt(one, processor) == "red<|im_end|>"
    assert len(one.grid) == 1 and len(one.pixel_values) == int(one.grid.prod())


def test_limits_of_side_and_area(loaded):
    processor = loaded[1]
    sample = chat(("user", "[]?"), ("assistant", "x"), pictures=[Image.new("RGB", (280, 140))])
    assert encode(sample, processor, Limits(side=140)).grid.tolist() == [[1, 4, 10]]
    assert int(encode(sample, processor, Limits(pixels=100 * 100)).grid.prod()) * 196 <= 100 * 100


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        (chat(("user", "Who?")), "no assistant message"),
        (chat(("user", "Say <|im_end|>"), ("assistant", "no")), "control token"),
        (chat(("user", "[]<|image_pad|>"), ("assistant", "no"), pictures=[Image.new("RGB", (56, 56))]), "control token"),
        (chat(("user", "word " * 90), ("assistant", "no")), "too long"),
    ],
)
def test_samples_that_teach_nothing_are_refused(loaded, sample, words):
    with pytest.raises(InputError, match=words):
        encode(sample, loaded[1], Limits(tokens=80))


def test_a_picture_without_a_place_is_refused(loaded):
    sample = chat(("user", "which?"), ("assistant", "x"))
    with pytest.raises(InputError, match="1 pictures, but 0 places"):
        encode(Sample(Problem("", (Image.new("RGB", (56, 56)),), ""), sample.description, sample.messages), loaded[1])


def test_a_row_points_from_each_state_to_the_next_token(loaded):
    processor = loaded[1]
    samples = [encode(tasks.make("scene", size=(56, 84)).sample(index), processor) for index in range(3)]
    row = collate(samples)
    place, target = supervised(row["labels"])
    assert len(place) == sum(int((one.labels != IGNORE).sum()) for one in samples)
    assert torch.equal(row["input_ids"][place + 1], target)
