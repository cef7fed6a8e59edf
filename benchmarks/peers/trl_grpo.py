"""TRL's GRPOTrainer on one picture prompt a step.

    FOLDER/bin/python benchmarks/peers/trl_grpo.py --model runs/peers/model --data runs/peers/train.jsonl \
        --steps 6 --group 8 --completion-tokens 64 --picture-size 336 --out runs/peers/trl_grpo.json

float32, AdamW, beta 0, one update a group, completions of one fixed length; the reward is the share of digits in a text.
"""

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, Image, Value
from measure import ALIKE, Meter, arguments, read
from PIL import Image as Pillow
from trl import GRPOConfig, GRPOTrainer
from trl_common import count_fused_head, load


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--picture-size", type=int, default=336, help="every picture is resized to a square of so many pixels")
    parser.add_argument("--group", type=int, default=8, help="completions of a prompt")
    parser.add_argument("--completion-tokens", type=int, default=64, help="length of every completion")
    args = parser.parse_args()
    model, processor = load(args.model, args.freeze_vision)
    settings = {key: str(value) if isinstance(value, Path) else value for key, value in vars(args).items()}
    meter = Meter(f"trl {version('trl')} grpo", args.out, settings, args.completion_tokens)
    count_fused_head(meter)
    with tempfile.TemporaryDirectory() as folder:
        trainer = GRPOTrainer(
            model=model,
            processing_class=processor,
            reward_funcs=share_of_digits,
            args=_config(args, folder),
            train_dataset=_prompts(args.data, args.steps, args.picture_size),
            callbacks=[meter],
        )
        trainer.train()


def share_of_digits(completions: list[Any], **_: Any) -> list[float]:
    """Cheap, deterministic, and different from completion to completion."""
    texts = [completion[0]["content"] for completion in completions]
    return [sum(character.isdigit() for character in text) / max(1, len(text)) for text in texts]


def _config(args: Any, folder: str) -> GRPOConfig:
    return GRPOConfig(
        output_dir=folder,
        max_steps=args.steps,
        learning_rate=args.lr,
        per_device_train_batch_size=args.group,
        gradient_accumulation_steps=1,
        num_generations=args.group,
        max_completion_length=args.completion_tokens,
        generation_kwargs={"min_new_tokens": args.completion_tokens},
        beta=0.0,
        temperature=1.0,
        gradient_checkpointing=False,
        seed=args.seed,
        bf16=args.bf16,
        **ALIKE,
    )


def _prompts(data: Path, count: int, size: int) -> Dataset:
    """The first `count` samples' questions, each with its first picture as a square."""
    rows = read(data)[:count]
    pictures = [Pillow.open(row["images"][0]).convert("RGB").resize((size, size)) for row in rows]
    questions = [row["messages"][0]["content"].replace("<image>", "") for row in rows]
    turns = [[{"role": "user", "content": question}] for question in questions]
    features = Features({"prompt": [{"role": Value("string"), "content": Value("string")}], "image": Image()})
    return Dataset.from_dict({"prompt": turns, "image": pictures}, features=features)


if __name__ == "__main__":
    main()
