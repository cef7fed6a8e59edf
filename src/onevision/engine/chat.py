"""What every engine that loads a model itself asks of a chat and of a checkpoint before it generates."""

from collections.abc import Mapping, Sequence
from typing import Any

from onevision.errors import InputError
from onevision.types import Message


def check_words(messages: Sequence[Message], tokenizer: Any) -> None:
    """Raises InputError for an empty question, or one that holds a control token."""
    last = next((message for message in reversed(messages) if message["role"] == "user"), None)
    if last is None or not text_of(last).strip():
        raise InputError("the question is empty; ask something about the picture")
    if used := control_token(messages, tokenizer):
        raise InputError(f"the question holds the control token '{used}'; leave it out")


def control_token(messages: Sequence[Message], tokenizer: Any) -> str | None:
    """A special token written out in a text, where it would become the end of a turn, or a picture that is not there."""
    special = (added.content for added in tokenizer.added_tokens_decoder.values() if added.special)
    return next((token for token in special for message in messages if token in text_of(message)), None)


def check_room(length: int, picture_tokens: int, context: int) -> None:
    """Raises InputError for a prompt that leaves no room for an answer. length: of the prompt, picture tokens included."""
    if length >= context:
        raise InputError(
            f"the prompt has {length} tokens ({picture_tokens} of them for pictures) but the model's context holds "
            f"{context}; ask a shorter question or give fewer or smaller pictures"
        )


def text_of(message: Message) -> str:
    """A message's words, without its pictures."""
    content = message["content"]
    if isinstance(content, str):
        return content
    return "".join(item["text"] for item in content if item["type"] == "text")


def images_of(messages: Sequence[Message]) -> list[Any]:
    """All pictures of a chat, in order."""
    contents = [message["content"] for message in messages if not isinstance(message["content"], str)]
    return [item["image"] for content in contents for item in content if item["type"] == "image"]


def eos_ids(listed: int | Sequence[int] | None, tokenizer: Any) -> frozenset[int]:
    """The tokens that end a turn. listed: the generation config's eos_token_id."""
    several = listed if isinstance(listed, Sequence) else [listed]
    return frozenset(token for token in (*several, tokenizer.eos_token_id) if token is not None)


def banned_ids(config: Mapping[str, Any], tokenizer: Any, eos: frozenset[int]) -> list[int]:
    """Special tokens but the ends of a turn, and rows of the vocabulary that stand for no token at all.

    config: the checkpoint's config.json.
    """
    vocab = config["text_config"]["vocab_size"]
    special = {token for token, added in tokenizer.added_tokens_decoder.items() if added.special}
    vision = {config[f"{kind}_token_id"] for kind in ("image", "video", "vision_start", "vision_end")}
    unused = set(range(len(tokenizer), vocab))
    return sorted(token for token in (special | vision | unused) - eos if token < vocab)
