"""Stage "see": the picture tower learns glyphs, shapes and colours, every patch supervised, before any language.

A number read through the language model is one lesson a picture; here each character is one, at the patch it stands
on, and only the tower runs. The large models' towers come with such schooling; nano's gets it here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import IterableDataset, get_worker_info

from onevision.tasks.canvas import COLOURS
from onevision.train.data import Share
from onevision.train.glyphs import GLYPHS, SHAPES, Labelled, labelled_picture
from onevision.train.pack import picture_features, use_packing
from onevision.train.recipe import SeeRecipe
from onevision.train.trainer import StreamTrainer, finish, starting_model, steps_done, training_arguments

CLASSES = (1 + len(GLYPHS), 1 + len(SHAPES), len(COLOURS))


class LabelledPictures(IterableDataset):  # type: ignore[type-arg]
    """A process's share of labelled pictures without end, from batch `first_batch` on; workers take turns."""

    def __init__(self, share: Share, seed: int, mean: float, std: float, first_batch: int = 0) -> None:
        self.share, self.seed, self.mean, self.std, self.first_batch = share, seed, mean, std, first_batch

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        worker = get_worker_info()
        batch, stride = self.first_batch + (worker.id if worker else 0), worker.num_workers if worker else 1
        while True:
            first = (batch * self.share.processes + self.share.process) * self.share.size
            yield self._collate([labelled_picture(i, self.seed) for i in range(first, first + self.share.size)])
            batch += stride

    def _collate(self, pictures: list[Labelled]) -> dict[str, Tensor]:
        patches = [patchify((p.image / 255.0 - self.mean) / self.std) for p in pictures]
        return {
            "pixel_values": torch.from_numpy(np.concatenate(patches)),
            "image_grid_thw": torch.tensor([[1, *p.glyph.shape] for p in pictures]),
            "glyph": torch.from_numpy(np.concatenate([by_token(p.glyph) for p in pictures])),
            "shape": torch.from_numpy(np.concatenate([by_token(p.shape) for p in pictures])),
            "colour": torch.from_numpy(np.concatenate([by_token(p.colour) for p in pictures])),
        }


def by_token(plane: np.ndarray, merge: int = 2) -> np.ndarray:
    """(high, wide, ...) per patch -> (tokens, merge², ...), in the order the tower emits picture tokens."""
    high, wide, *more = plane.shape
    blocks = plane.reshape(high // merge, merge, wide // merge, merge, *more)
    return np.moveaxis(blocks, 2, 1).reshape(-1, merge * merge, *more)


def patchify(image: np.ndarray, patch: int = 14, merge: int = 2) -> np.ndarray:
    """(height, width, 3) normalised pixels -> (patches, 1176) float32, as Qwen2.5-VL's image processor lays them out."""
    high, wide = image.shape[0] // patch, image.shape[1] // patch
    blocks = image.astype(np.float32).transpose(2, 0, 1).reshape(3, high // merge, merge, patch, wide // merge, merge, patch)
    blocks = blocks.transpose(1, 4, 2, 5, 0, 3, 6)[:, :, :, :, :, None]
    return np.repeat(blocks, 2, axis=5).reshape(high * wide, -1)


class Seeing(nn.Module):
    """A picture tower with one linear head on its tokens: for each of a token's four patches, glyph, shape, colours."""

    def __init__(self, tower: nn.Module, width: int) -> None:
        super().__init__()
        self.tower = tower
        self.head = nn.Linear(width, 4 * sum(CLASSES))

    def forward(self, pixel_values: Tensor, image_grid_thw: Tensor, glyph: Tensor, shape: Tensor, colour: Tensor) -> dict[str, Any]:
        features = picture_features(self.tower, pixel_values, image_grid_thw)
        logits = self.head(features).float().unflatten(-1, (4, sum(CLASSES)))
        glyphs, shapes, colours = logits.split(CLASSES, dim=-1)
        loss = _balanced(glyphs, glyph) + 0.5 * _balanced(shapes, shape)
        loss = loss + 2.0 * F.binary_cross_entropy_with_logits(colours, colour.float())
        found = glyph > 0
        return {
            "loss": loss,
            "glyphs_right": (glyphs.argmax(-1)[found] == glyph[found]).float().mean().detach(),
            "shapes_right": (shapes.argmax(-1)[shape > 0] == shape[shape > 0]).float().mean().detach(),
        }


def _balanced(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy with the few patches that hold something weighing as much as the many that hold nothing."""
    losses = F.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="none")
    found = target.flatten() > 0
    return losses[found].sum() / found.sum().clamp(min=1) + losses[~found].mean()


class SeeTrainer(StreamTrainer):
    """Logs the share of glyphs and shapes named right, on pictures never seen before."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shares: list[tuple[float, float]] = []

    def compute_loss(self, model: Any, inputs: dict[str, Tensor], return_outputs: bool = False, **_: Any) -> Any:
        outputs = model(**inputs)
        self.shares.append((float(outputs["glyphs_right"]), float(outputs["shapes_right"])))
        return (outputs["loss"], outputs) if return_outputs else outputs["loss"]

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        if self.shares:
            glyphs, shapes = np.nanmean(np.array(self.shares), axis=0)
            logs |= {"glyphs_right": round(float(glyphs), 4), "shapes_right": round(float(shapes), 4)}
            self.shares.clear()
        super().log(logs, *args, **kwargs)


def train_to_see(recipe: SeeRecipe) -> Path:
    """Run a "see" recipe, going on from its last checkpoint; returns the folder of the model with the taught tower."""
    arguments = training_arguments(recipe)
    model, processor = starting_model(recipe)
    use_packing(model)
    done, checkpoint = steps_done(recipe.output_dir)
    images = processor.image_processor
    mean, std = float(images.image_mean[0]), float(images.image_std[0])
    share = Share(recipe.per_device_train_batch_size * recipe.gradient_accumulation_steps, arguments.process_index, arguments.world_size)
    data = LabelledPictures(share, recipe.seed, mean, std, first_batch=done)
    trainer = SeeTrainer(recipe, Seeing(model.model.visual, model.config.vision_config.out_hidden_size), train_dataset=data)
    trainer.run(done, checkpoint)
    return finish(trainer, model, processor, recipe)
