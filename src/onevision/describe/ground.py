"""Objects with their boxes by Grounding DINO (Liu et al., 2023) through transformers; its weights come from a folder, the hub's cache
or, where one asks for boxes, the hub."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL.Image import Image

from onevision.errors import InputError, MissingPartError
from onevision.formal import boxes
from onevision.formal.boxes import Thing
from onevision.types import Description, Region

MODEL = "IDEA-Research/grounding-dino-tiny"
LABELS = (
    *("person", "animal", "vehicle", "building", "tree", "plant", "food", "table", "chair", "screen", "sign", "book", "bottle", "cup"),
    *("clothes", "ball", "box", "lamp", "door", "window"),
)
"""What to look for where nobody says."""


def describe(
    image: Image, labels: Sequence[str] = LABELS, model: str = MODEL, threshold: float = 0.3, offline: bool = False
) -> Description:
    """The objects found, best first. labels: what to look for, in words; threshold: least score of a box, 0 to 1; offline: whether
    only weights that are on this machine may be used.

    Raises InputError where nothing is found or the model cannot be loaded, MissingPartError without transformers' detector.
    """
    processor, network = load(model, offline)
    found = read(network, processor, image, labels, threshold)
    if not found:
        raise InputError(f"none of {', '.join(labels)} was found in the picture")
    text = boxes.write(tuple(thing for thing, _ in found))
    return Description("boxes", text, tuple(Region(thing.label, thing.box) for thing, _ in found), f"grounding-dino {model}")


@lru_cache(maxsize=1)
def load(model: str, offline: bool = False) -> tuple[Any, Any]:
    """The processor and the network of a folder or a hub id; offline: one that was fetched before."""
    try:
        from huggingface_hub import snapshot_download
        from transformers import AutoProcessor, GroundingDinoForObjectDetection
    except ImportError as error:
        raise MissingPartError(f"boxes need transformers with Grounding DINO: {error}") from None
    try:
        # From the cache as a folder: with a hub id the processor asks the hub even where local_files_only forbids it.
        folder = snapshot_download(model, local_files_only=True) if offline and not Path(model).is_dir() else model
        return AutoProcessor.from_pretrained(folder), GroundingDinoForObjectDetection.from_pretrained(folder).eval()
    except (OSError, ValueError) as error:
        if offline:
            raise InputError(f"objects are found by {model}, which is not here; --formalism boxes fetches it, or give a --model") from None
        raise InputError(f"model {model!r}: no Grounding DINO could be loaded ({' '.join(str(error).split())[:160]})") from None


def read(network: Any, processor: Any, image: Image, labels: Sequence[str], threshold: float) -> list[tuple[Thing, float]]:
    """The network's boxes above the threshold with their labels and scores, best first, inside the picture."""
    import torch

    inputs = processor(images=image, text=prompt(labels), return_tensors="pt").to(network.device)
    with torch.inference_mode():
        outputs = network(**inputs)
    size = [(image.height, image.width)]
    result = processor.post_process_grounded_object_detection(
        outputs, inputs["input_ids"], threshold=threshold, text_threshold=threshold, target_sizes=size
    )[0]
    names = result.get("text_labels") or result["labels"]
    found = [
        (Thing(name or "object", box), float(score))
        for name, score, edges in zip(names, result["scores"], result["boxes"].tolist(), strict=True)
        if (box := clipped(edges, image.size))
    ]
    return sorted(found, key=lambda pair: -pair[1])


def prompt(labels: Sequence[str]) -> str:
    """Labels as the model was taught them: lower case, each ended by a full stop. Raises InputError for none or one with a stop."""
    if not labels or any(not label.strip() or "." in label for label in labels):
        raise InputError(f"labels {list(labels)!r}: one or more words without full stops were expected")
    return " ".join(f"{label.strip().lower()}." for label in labels)


def clipped(edges: Sequence[float], size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """A box in whole pixels inside the picture; None where nothing of it is left."""
    left, top, right, bottom = (round(edge) for edge in edges)
    left, top, right, bottom = max(0, left), max(0, top), min(size[0], right), min(size[1], bottom)
    return (left, top, right, bottom) if left < right and top < bottom else None
