"""LLaMA-Factory's SFT on mixed-length picture samples.

    FOLDER/bin/python benchmarks/peers/llamafactory_sft.py --model runs/peers/model --data runs/peers/train.jsonl \
        --steps 6 --batch 1 --accumulate 16 --out runs/peers/llamafactory_sft.json

--pack gives rows of --cutoff tokens made of whole samples that do not see each other (`neat_packing`); otherwise a
batch is padded to its longest sample. The loss is on the answer alone.
"""

import json
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from llamafactory.train.tuner import run_exp
from measure import ALIKE, Meter, arguments


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--batch", type=int, default=1, help="samples, or packed rows, a forward pass")
    parser.add_argument("--accumulate", type=int, default=16, help="passes an optimiser step")
    parser.add_argument("--pack", action="store_true", help="neat_packing")
    parser.add_argument("--cutoff", type=int, default=2048, help="most tokens of a sample or a packed row")
    args = parser.parse_args()
    settings = {key: str(value) if isinstance(value, Path) else value for key, value in vars(args).items()}
    meter = Meter(f"llamafactory {version('llamafactory')} sft", args.out, settings)
    with tempfile.TemporaryDirectory() as folder:
        run_exp(_config(args, folder), callbacks=[meter])


def _config(args: Any, folder: str) -> dict[str, Any]:
    return {
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "full",
        "model_name_or_path": str(args.model),
        "template": "qwen2_vl",
        "dataset_dir": str(args.data.parent),
        "media_dir": str(args.data.parent),
        "dataset": args.data.stem,
        "cutoff_len": args.cutoff,
        "neat_packing": args.pack,
        # By default it shrinks pictures before the processor sees them.
        "image_max_pixels": _most_pixels(args.model),
        "freeze_vision_tower": args.freeze_vision,
        "freeze_multi_modal_projector": args.freeze_vision,
        "output_dir": folder,
        "overwrite_output_dir": True,
        "overwrite_cache": True,
        "max_steps": args.steps,
        "learning_rate": args.lr,
        "per_device_train_batch_size": args.batch,
        "gradient_accumulation_steps": args.accumulate,
        "disable_gradient_checkpointing": True,
        "seed": args.seed,
        "bf16": args.bf16,
        **ALIKE,
    }


def _most_pixels(model: Path) -> int:
    """What the model's own processor admits."""
    return int(json.loads((model / "preprocessor_config.json").read_text(encoding="utf-8"))["size"]["longest_edge"])


if __name__ == "__main__":
    main()
