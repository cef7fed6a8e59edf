"""Our SFT step, measured as the peers' are.

python benchmarks/ours_sft.py --model runs/peers/model --data runs/peers/train.jsonl --steps 32 --out runs/peers/ours_sft.json
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "peers"))
from measure import Meter, arguments

from onevision.train.data import Corpus, Draws, Share, Updates
from onevision.train.pack import use_packing
from onevision.train.recipe import SFTRecipe
from onevision.train.sft import SFTTrainer
from onevision.train.trainer import starting_model


class OurMeter(Meter):
    """Our forward is called with a packed row, which has no padding."""

    def _saw_batch(self, module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        self.counts["positions"] += given[0]["input_ids"].numel()
        self.counts["tokens"] += given[0]["input_ids"].numel()


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--samples-per-step", type=int, default=16)
    args = parser.parse_args()
    settings = {key: str(value) if isinstance(value, Path) else value for key, value in vars(args).items()}
    with tempfile.TemporaryDirectory() as folder:
        recipe = SFTRecipe(
            stage="sft",
            output_dir=folder,
            model_name_or_path=str(args.model),
            dataset=[str(args.data)],
            per_device_train_batch_size=1,
            gradient_accumulation_steps=args.samples_per_step,
            cutoff_len=4096,
            max_steps=args.steps,
            learning_rate=args.lr,
            lr_scheduler_type="constant",
            freeze_vision_tower=args.freeze_vision,
            freeze_multi_modal_projector=args.freeze_vision,
            dataloader_num_workers=0,
            save_steps=10**6,
            logging_steps=1,
            plot_loss=False,
            seed=0,
        )
        model, processor = starting_model(recipe)
        use_packing(model)
        model.model.visual.requires_grad_(not args.freeze_vision)
        corpus = Corpus(recipe)
        updates = Updates(Draws(recipe, corpus), processor, Share(args.samples_per_step), end=args.steps * args.samples_per_step)
        trainer = SFTTrainer(recipe, model, updates)
        trainer.add_callback(OurMeter("onevision sft", args.out, settings))
        trainer.run(0, None)


if __name__ == "__main__":
    main()
