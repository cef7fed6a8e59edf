"""Our SFT step, measured as the peers' are. With --freeze-vision the pictures' features come from the cache, which is filled
before the first step, as in every epoch but the first; how long that took is printed.

python benchmarks/ours_sft.py --model runs/peers/model --data runs/peers/train.jsonl --steps 32 --out runs/peers/ours_sft.json
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "peers"))
from measure import Meter, arguments

from onevision.train.data import Corpus, Draws, Share, Updates
from onevision.train.pack import use_packing
from onevision.train.recipe import SFTRecipe
from onevision.train.sft import SFTTrainer, _features
from onevision.train.trainer import starting_model, training_arguments


class OurMeter(Meter):
    """Our forward is called with a packed row, which has no padding, in one or two lanes."""

    def watch(self, twin: Any) -> "OurMeter":
        """Count what the second lane's model does, too; by itself, since two threads cannot add to one number."""
        self.other = OurMeter(self.peer, self.out, self.settings)
        if twin is not None:
            self.other.on_train_begin(None, None, None, model=twin)
        return self

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        for name, count in self.other.counts.items():
            self.counts[name] += count
            self.other.counts[name] = 0
        super().on_step_end(args, state, control, **more)

    def _saw_batch(self, module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        self.counts["positions"] += given[0]["input_ids"].numel()
        self.counts["tokens"] += given[0]["input_ids"].numel()


def sft_recipe(model: Path, data: Path, folder: str, samples: int = 16, **more: Any) -> SFTRecipe:
    """What all figures of our SFT step are of. samples: of an update; more: keys that differ."""
    common: dict[str, Any] = {
        "stage": "sft",
        "output_dir": folder,
        "model_name_or_path": str(model),
        "dataset": [str(data)],
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": samples,
        "cutoff_len": 4096,
        "pack_tokens": 600,
        "lr_scheduler_type": "constant",
        "freeze_vision_tower": False,
        "freeze_multi_modal_projector": False,
        "dataloader_num_workers": 0,
        "save_steps": 10**6,
        "logging_steps": 1,
        "plot_loss": False,
        "seed": 0,
    }
    return SFTRecipe(**common | more)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--samples-per-step", type=int, default=16)
    args = parser.parse_args()
    settings = {key: str(value) if isinstance(value, Path) else value for key, value in vars(args).items()}
    with tempfile.TemporaryDirectory() as folder:
        frozen = {"freeze_vision_tower": True, "freeze_multi_modal_projector": True, "feature_cache": f"{folder}/features"}
        chosen = {"max_steps": args.steps, "learning_rate": args.lr, "seed": args.seed, "bf16": args.bf16} | (
            frozen if args.freeze_vision else {}
        )
        recipe = sft_recipe(args.model, args.data, folder, args.samples_per_step, **chosen)
        model, processor = starting_model(recipe)
        use_packing(model)
        model.model.visual.requires_grad_(not args.freeze_vision)
        corpus = Corpus(recipe)
        start = time.perf_counter()
        kept = _features(recipe, model, processor, corpus, training_arguments(recipe))
        if kept:
            print(f"features of {len(corpus)} samples: {time.perf_counter() - start:.1f} s", file=sys.stderr)
        share, end = Share(args.samples_per_step), args.steps * args.samples_per_step
        updates = Updates(Draws(recipe, corpus), processor, share, end=end, kept=kept)
        trainer = SFTTrainer(recipe, model, updates)
        trainer.add_callback(OurMeter("onevision sft", args.out, settings).watch(trainer.lanes.twin))
        trainer.run(0, None)


if __name__ == "__main__":
    main()
