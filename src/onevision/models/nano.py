"""nano: a genuine Qwen2.5-VL, only small. The same classes, files, template and code path as the 7B.

`new_nano(folder, corpus)` writes an untrained one as a normal Hugging Face folder.
"""

from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Regex as TokenizerRegex
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2TokenizerFast
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from onevision.models.processor import PictureProcessor

SPECIAL_TOKENS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
"""Qwen2.5-VL's own, in its order."""

TAG_TOKENS = ("<think>", "</think>", "<answer>", "</answer>")
"""One token each, ordinary text otherwise: decoding keeps them."""

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n"
    "{% else %}{% for content in message['content'] %}"
    "{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif content['type'] == 'video' or 'video' in content %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""Qwen2.5-VL's chat template, without its optional picture numbers."""

PICTURE = {
    "patch_size": 14,
    "merge_size": 2,
    "temporal_patch_size": 2,
    # White pages must come out near zero: under CLIP's mean they are one large constant, which RMSNorm (it does not
    # centre) turns into the same feature for every patch, and the tower never learns.
    "image_mean": [0.92, 0.92, 0.92],
    "image_std": [0.25, 0.25, 0.25],
    "size": {"shortest_edge": 16 * 28 * 28, "longest_edge": 224 * 28 * 28},
    "trim_margins": True,
}
"""The image processor's settings: 16 to 224 picture tokens of 28×28 pixels, aspect kept; see `pictures.trimmed` for margins."""


def build_tokenizer(corpus: Iterable[str], vocab_size: int = 3072) -> Qwen2TokenizerFast:
    """A byte-level BPE with Qwen2's split into words and single digits, its special tokens and the four tags."""
    bpe = Tokenizer(models.BPE())
    bpe.normalizer = normalizers.NFC()
    bpe.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(TokenizerRegex(PRETOKENIZE_REGEX), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])  # fmt: skip
    bpe.decoder = decoders.ByteLevel()
    added = len(SPECIAL_TOKENS) + len(TAG_TOKENS)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - added,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(corpus, trainer)
    tokenizer = Qwen2TokenizerFast(
        tokenizer_object=bpe,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        unk_token=None,
        additional_special_tokens=list(SPECIAL_TOKENS),
        model_max_length=2048,
    )
    tokenizer.add_tokens(list(TAG_TOKENS))
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def build_config(tokenizer: Qwen2TokenizerFast) -> Qwen2_5_VLConfig:
    """About nine million parameters: vision 6 layers × 192, text 6 layers × 256, tied embeddings."""

    def token(text: str) -> int:
        return int(tokenizer.convert_tokens_to_ids(text))

    text = {
        "vocab_size": -(-len(tokenizer) // 64) * 64,
        "hidden_size": 256,
        "intermediate_size": 768,
        "num_hidden_layers": 6,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6,
        # Sections of M-RoPE take the frequencies in order: time, height, width. With a small theta the height and
        # width sections still turn visibly within a picture some ten tokens wide, so that place can be read off.
        "rope_parameters": {"rope_type": "default", "rope_theta": 100.0, "mrope_section": [8, 12, 12]},
        "bos_token_id": token("<|endoftext|>"),
        "eos_token_id": token("<|im_end|>"),
        "pad_token_id": token("<|endoftext|>"),
    }
    vision = {
        "depth": 6,
        "hidden_size": 192,
        "intermediate_size": 576,
        "num_heads": 4,
        "out_hidden_size": 256,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "window_size": 112,
        # A picture is 1–8 windows: all layers see all of it.
        "fullatt_block_indexes": [0, 1, 2, 3, 4, 5],
    }
    return Qwen2_5_VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=token("<|image_pad|>"),
        video_token_id=token("<|video_pad|>"),
        vision_start_token_id=token("<|vision_start|>"),
        vision_end_token_id=token("<|vision_end|>"),
        tie_word_embeddings=True,
        bos_token_id=token("<|endoftext|>"),
        eos_token_id=token("<|im_end|>"),
        pad_token_id=token("<|endoftext|>"),
    )


def new_nano(folder: Path, corpus: Iterable[str], seed: int = 0) -> None:
    """Write an untrained nano to `folder`: config, bf16 safetensors, tokenizer and processor files."""
    torch.manual_seed(seed)
    tokenizer = build_tokenizer(corpus)
    model = Qwen2_5_VLForConditionalGeneration(build_config(tokenizer))
    model.generation_config.eos_token_id = [
        tokenizer.convert_tokens_to_ids("<|im_end|>"),
        tokenizer.convert_tokens_to_ids("<|endoftext|>"),
    ]
    model.generation_config.pad_token_id = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    model.to(torch.bfloat16).save_pretrained(folder)
    save_processor(tokenizer, folder)


def save_processor(tokenizer: Qwen2TokenizerFast, folder: Path) -> None:
    """Write the processor's files as Qwen2.5-VL's own are laid out (preprocessor_config.json serves videos too)."""
    images = Qwen2VLImageProcessorPil(**PICTURE)
    PictureProcessor(images, tokenizer, chat_template=CHAT_TEMPLATE).save_pretrained(folder)
