"""Picture features on disk: where the tower is frozen, what it says of a picture never changes.

Filled before training, every picture of the data sets once, each process its share; a killed filling goes on. Then
`encode` finds the features, and the tower is not run at all.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL.Image import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from tqdm import tqdm

from onevision.errors import InputError
from onevision.store import content_id, write_atomic
from onevision.train.data import Corpus, limits
from onevision.train.encode import encode
from onevision.train.pack import picture_features
from onevision.train.recipe import SFTRecipe

SHARD = 64
"""About how many pictures' features go into one file."""

FILL_PATCHES = 2**11
"""About how many patches the tower looks at in one run."""


class FeatureCache:
    """Features by picture. A picture's key is made of its pixels and the size it is shown in; the folder's name of the
    tower's weights and the processor's settings, so that neither can change unnoticed."""

    def __init__(self, root: Path, tower: Any, processor: Any, dtype: torch.dtype) -> None:
        self.folder = root / _fingerprint(tower, processor, dtype)
        self.hidden, self.dtype = int(tower.config.out_hidden_size), dtype
        self.shards: dict[str, Path] = {}
        self.find()

    def find(self) -> None:
        """Learn which pictures the folder holds."""
        for path in sorted(self.folder.glob("*.safetensors")):
            try:
                with safe_open(path, "pt") as shard:
                    self.shards |= dict.fromkeys(shard.keys(), path)
            except SafetensorError:
                raise InputError(f"{path} is damaged; remove it, and the next run makes it again") from None

    def get(self, images: Sequence[Image], grid: Tensor) -> Tensor | None:
        """(picture tokens, hidden) of pictures shown at (t, h, w) patches each; None where one of them is not there."""
        keys = [key(image, one) for image, one in zip(images, grid.tolist(), strict=True)]
        if any(name not in self.shards for name in keys):
            return None
        return torch.cat([torch.zeros(0, self.hidden, dtype=self.dtype), *(self._read(name) for name in keys)])

    def _read(self, name: str) -> Tensor:
        # Opened anew each time: what was read of an open file stays in the process's memory.
        with safe_open(self.shards[name], "pt") as shard:
            return shard.get_tensor(name)  # type: ignore[no-any-return]

    def write(self, features: dict[str, Tensor]) -> None:
        """Keep some pictures' features as one more shard, whole or not at all."""
        name = content_id(*features)[:24]
        write_atomic(self.folder / f"{name}.safetensors", save({k: v.contiguous() for k, v in features.items()}))


def key(image: Image, grid: Sequence[int]) -> str:
    """The name of a picture's features, when it is shown at (t, h, w) patches."""
    return content_id(image.tobytes(), str(image.size), str(list(grid)))[:32]


def _fingerprint(tower: Any, processor: Any, dtype: torch.dtype) -> str:
    weights = [f"{name} {weight.double().sum():.12e} {weight.double().square().sum():.12e}" for name, weight in tower.state_dict().items()]
    return content_id(str(dtype), str(processor.image_processor.to_dict()), *weights)[:16]


def fill(cache: FeatureCache, recipe: SFTRecipe, corpus: Corpus, tower: Any, processor: Any, process: int = 0, processes: int = 1) -> None:
    """Run the tower over every picture of the data sets that the cache does not hold; shows how far it is."""
    device = next(tower.parameters()).device
    rows = range(process, corpus.ends[-1], processes)
    bar = tqdm(rows, desc="picture features", unit="row", disable=process > 0, mininterval=1.0)
    found: dict[str, Tensor] = {}
    for batch in _batches(cache, recipe, corpus, processor, bar):
        pixels, grid = torch.cat([one for one, _ in batch.values()]), torch.stack([shown for _, shown in batch.values()])
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=cache.dtype == torch.bfloat16):
            features = picture_features(tower, processor.normalised(pixels.to(device)), grid.to(device)).to("cpu", cache.dtype)
        found |= dict(zip(batch, features.split((grid.prod(1) // 4).tolist()), strict=True))
        if len(found) >= SHARD:
            cache.write(found)
            found = {}
    if found:
        cache.write(found)


def _batches(
    cache: FeatureCache, recipe: SFTRecipe, corpus: Corpus, processor: Any, rows: Iterable[int]
) -> Iterator[dict[str, tuple[Tensor, Tensor]]]:
    """Key -> (levels, grid) of pictures that are not kept yet, about FILL_PATCHES at a time."""
    batch: dict[str, tuple[Tensor, Tensor]] = {}
    done: set[str] = set()
    for row in rows:
        asked = _Asked(cache)
        try:
            one = encode(corpus.sample(row), processor, limits(recipe), asked)
        except InputError:
            continue  # training will name it
        parts = one.pixel_values.split(one.grid.prod(1).tolist())
        new = dict(zip(asked.keys, zip(parts, one.grid, strict=True), strict=False))
        batch |= {name: picture for name, picture in new.items() if name not in done}
        done |= new.keys()
        if sum(len(pixels) for pixels, _ in batch.values()) >= FILL_PATCHES:
            yield batch
            batch = {}
    if batch:
        yield batch


class _Asked:
    """Notes what `encode` asks the cache for."""

    def __init__(self, cache: FeatureCache) -> None:
        self.cache = cache
        self.keys: list[str] = []

    def get(self, images: Sequence[Image], grid: Tensor) -> Tensor | None:
        """As the cache does."""
        self.keys = [key(image, one) for image, one in zip(images, grid.tolist(), strict=True)]
        return self.cache.get(images, grid)
