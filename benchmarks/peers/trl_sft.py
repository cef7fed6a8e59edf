"""TRL's SFTTrainer on mixed-length picture samples.

    FOLDER/bin/python benchmarks/peers/trl_sft.py --model runs/peers/model --data runs/peers/train.jsonl \
        --steps 6 --batch 1 --accumulate 16 --out runs/peers/trl_sft.json

TRL refuses both packing and padding-free batches for data with pictures, so a batch is padded to its longest sample;
--batch 1 pads nothing. The loss is on the answer alone.
"""

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, Image, Value
from measure import ALIKE, Meter, arguments, read
from trl import SFTConfig, SFTTrainer
from trl_common import count_fused_head, load


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--batch", type=int, default=1, help="samples a forward pass")
    parser.add_argument("--accumulate", type=int, default=16, help="passes an optimiser step")
    args = parser.parse_args()
    model, processor = load(args.model, args.freeze_vision)
    settings = {key: str(value) if isinstance(value, Path) else value for key, value in vars(args).items()}
    meter = Meter(f"trl {version('trl')} sft", args.out, settings)
    count_fused_head(meter)
    with tempfile.TemporaryDirectory() as folder:
        config = SFTConfig(
            output_dir=folder,
            max_steps=args.steps,
            learning_rate=args.lr,
            per_device_train_batch_size=args.batch,
            gradient_accumulation_steps=args.accumulate,
            max_length=None,
            gradient_checkpointing=False,
            seed=args.seed,
            bf16=args.bf16,
            **ALIKE,
        )
        SFTTrainer(model=model, processing_class=processor, args=config, train_dataset=_samples(args.data), callbacks=[meter]).train()


def _samples(data: Path) -> Dataset:
    rows = read(data)
    turn = [{"role": Value("string"), "content": Value("string")}]
    columns: dict[str, list[Any]] = {
        "prompt": [[row["messages"][0] | {"content": row["messages"][0]["content"].replace("<image>", "")}] for row in rows],
        "completion": [row["messages"][1:] for row in rows],
        "images": [row["images"] for row in rows],
    }
    return Dataset.from_dict(columns, features=Features({"prompt": turn, "completion": turn, "images": [Image()]}))


if __name__ == "__main__":
    main()
