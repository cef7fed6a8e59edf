"""The plain tokenizer and picture processor say what transformers' own say, bit for bit."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from onevision.models.load import load_processor, nano_folder
from onevision.models.plain import PlainProcessor
from onevision.models.prompts import messages_for


@pytest.fixture(scope="module")
def both() -> tuple[PlainProcessor, Any]:
    theirs = load_processor(nano_folder())
    return PlainProcessor(nano_folder(), theirs.chat_template, theirs.image_token_id), theirs


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    levels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(levels)


@settings(max_examples=40, deadline=None)
@given(width=st.integers(4, 800), height=st.integers(4, 800), seed=st.integers(0, 9))
def test_any_picture_becomes_the_same_patches(both, width, height, seed):
    plain, theirs = both
    image = picture(width, height, seed)
    patches, grid = plain.pictures(image)
    wanted = theirs.image_processor(images=[image], return_tensors="pt")
    assert grid == wanted["image_grid_thw"][0].tolist()
    assert torch.equal(torch.from_numpy(patches), wanted["pixel_values"])


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_text_becomes_the_same_tokens_and_back(both, text):
    plain, theirs = both[0].tokenizer, both[1].tokenizer
    ids = plain(text)["input_ids"]
    assert ids == theirs(text)["input_ids"]
    assert plain.decode(ids) == theirs.decode(ids, clean_up_tokenization_spaces=False)
    assert plain.decode(ids, skip_special_tokens=True) == theirs.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def test_the_tokenizers_facts(both):
    plain, theirs = both[0].tokenizer, both[1].tokenizer
    assert (len(plain), plain.eos_token_id, plain.pad_token_id) == (len(theirs), theirs.eos_token_id, theirs.pad_token_id)
    assert plain.get_vocab() == theirs.get_vocab()
    assert {n: (t.content, t.special) for n, t in plain.added_tokens_decoder.items()} == {
        n: (t.content, t.special) for n, t in theirs.added_tokens_decoder.items()
    }


def margined(width: int, height: int) -> Image.Image:
    """Something in the middle of a white page."""
    page = Image.new("RGB", (width, height), "white")
    page.paste(picture(width // 2, height // 9), (width // 4, height // 3))
    return page


def test_a_batch_of_chats_becomes_the_same_tensors(both):
    plain, theirs = both
    chats = [
        messages_for([picture(150, 90)], "How many?"),
        messages_for([picture(60, 200, 1), picture(90, 90, 2)], "Which is larger?", ("the first", "the second")),
        [*messages_for([], "No picture?"), {"role": "assistant", "content": "None."}, {"role": "user", "content": "Sure?"}],
        messages_for([margined(700, 600), margined(200, 200)], "What is in the middle?"),
        [{"role": "system", "content": "Be brief."}, *messages_for([picture(30, 30)], "é “½” 漢字 <b>?")],
    ]
    texts = [plain.apply_chat_template(chat) for chat in chats]
    assert texts == [theirs.apply_chat_template(chat, tokenize=False, add_generation_prompt=True) for chat in chats]
    images = [item["image"] for chat in chats for m in chat if isinstance(m["content"], list) for item in m["content"] if "image" in item]
    wanted = theirs(images=images, text=texts, padding=True, padding_side="left", return_tensors="pt")
    found = plain(images=images, text=texts)
    assert set(found) == set(wanted)
    for name, tensor in wanted.items():
        assert torch.equal(found[name], tensor), name
    # 350 x 66 are drawn of the one: with 14 about it 378 x 94, enlarged twice, the most. The other is small.
    assert found["image_grid_thw"][3:5].tolist() == [[1, 196 // 14, 756 // 14], [1, 14, 14]]
