"""Our GRPO step, measured as the peers' are: same model, prompts, reward, lengths, optimiser and JSON.

python benchmarks/ours_grpo.py --model runs/peers/model --data runs/peers/train.jsonl --steps 6 --group 8 \
    --completion-tokens 64 --picture-size 336 --out runs/peers/ours_grpo.json
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).parent / "peers"))
from measure import Meter, arguments, read

from onevision.engine.lean import LeanDecoder
from onevision.train.data import Corpus, Share
from onevision.train.grpo import GRPOTrainer
from onevision.train.pack import use_packing
from onevision.train.prompts import Prompts
from onevision.train.recipe import GRPORecipe
from onevision.train.rewards import Rewards
from onevision.train.rollout import TorchRollouts
from onevision.train.trainer import starting_model


def share_of_digits(completions: list[Any], **_: Any) -> list[float]:
    """The peers' reward: cheap, deterministic, and different from completion to completion."""
    texts = [completion[0]["content"] for completion in completions]
    return [sum(character.isdigit() for character in text) / max(1, len(text)) for text in texts]


class OurMeter(Meter):
    """Counts what our forward is called with: a row of [prompt][completion]…, and decode steps that no module sees."""

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        super().on_train_begin(args, state, control, model=model)
        # A hook on the text tower would send the engine round its lean decoder: its forward is wrapped instead.
        text, step, meter = model.model.language_model, LeanDecoder._step, self
        text._forward_pre_hooks.clear()
        forward = text.forward

        def seen(*given: Any, **named: Any) -> Any:
            meter._saw_text(text, given, named)
            return forward(*given, **named)

        def counted(decoder: LeanDecoder, tokens: Any) -> Any:
            meter.counts["text_positions"] += len(tokens)
            meter.counts["lm_head_rows"] += len(tokens)
            return step(decoder, tokens)

        text.forward = seen
        LeanDecoder._step = counted  # type: ignore[method-assign]

    def _saw_text(self, module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        rows, length = named["inputs_embeds"].shape[:2]
        layout = named.get("packing")
        self.counts["text_positions"] += rows * length
        self.counts["prompt_positions"] += rows * length if layout is None else layout.first

    def _saw_batch(self, module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        if given:
            self.counts["positions"] += given[0]["input_ids"].numel()
            self.counts["tokens"] += given[0]["input_ids"].numel()


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--picture-size", type=int, default=336)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--completion-tokens", type=int, default=64)
    parser.add_argument("--rollout", choices=["torch", "compiled"], default="torch")
    args = parser.parse_args()
    settings = {key: str(value) if isinstance(value, Path) else value for key, value in vars(args).items()}
    with tempfile.TemporaryDirectory() as folder:
        recipe = _recipe(args, Path(folder))
        model, processor = starting_model(recipe)
        use_packing(model)
        model.model.visual.requires_grad_(not args.freeze_vision)
        rollouts = TorchRollouts(model, processor, compiled=args.rollout == "compiled")
        # Completions of one fixed length: the end of a turn is a token like any other.
        rollouts.engine.eos = frozenset()
        trainer = GRPOTrainer(recipe, model, Prompts(recipe, Corpus(recipe), processor, Share(1)), rollouts, Rewards(recipe.reward_funcs))
        trainer.add_callback(OurMeter("onevision grpo", args.out, settings, args.completion_tokens))
        trainer.run(0, None)


def _recipe(args: Any, folder: Path) -> GRPORecipe:
    rows = []
    for number, row in enumerate(read(args.data)[: args.steps]):
        Image.open(row["images"][0]).convert("RGB").resize((args.picture_size, args.picture_size)).save(folder / f"{number}.png")
        question = row["messages"][0]["content"].replace("<image>", "")
        rows.append({"id": number, "image": f"{number}.png", "problem": question, "solution": "0"})
    (folder / "prompts.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return GRPORecipe(
        stage="grpo",
        output_dir=str(folder / "run"),
        model_name_or_path=str(args.model),
        dataset=[str(folder / "prompts.jsonl")],
        max_steps=args.steps,
        num_generations=args.group,
        max_completion_length=args.completion_tokens,
        learning_rate=args.lr,
        lr_scheduler_type="constant",
        freeze_vision_tower=args.freeze_vision,
        freeze_multi_modal_projector=args.freeze_vision,
        reward_funcs=[f"{__file__}:share_of_digits"],
        bf16=args.bf16,
        save_steps=10**6,
        logging_steps=1,
        plot_loss=False,
        seed=args.seed,
    )


if __name__ == "__main__":
    main()
