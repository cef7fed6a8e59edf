"""The data and the model that every side of a training benchmark shares.

    python benchmarks/peers/make_data.py --out runs/peers

writes train.jsonl (one sharegpt sample a line: messages with <image> where the picture stands, images relative to the
file), images/*.png, LLaMA-Factory's dataset_info.json, and model/, the nano model with a wider picture budget, so that
pictures of 500 pixels are not shrunk. Same arguments, same bytes.

    python benchmarks/peers/make_data.py --out runs/peers-3b --shape Qwen/Qwen2.5-VL-3B-Instruct

gives model/ that model's shape and random weights, with nano's tokenizer, for speed and memory on a GPU.
"""

import argparse
import io
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import Qwen2_5_VLForConditionalGeneration

from onevision import tasks
from onevision.models.load import nano_folder
from onevision.store import write_atomic
from onevision.train.plan.architecture import find_config
from onevision.types import Sample

SIZES = (112, 500)
DATASET = {
    "train": {
        "file_name": "train.jsonl",
        "formatting": "sharegpt",
        "columns": {"messages": "messages", "images": "images"},
        "tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"},
    }
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--samples", type=int, default=512)
    parser.add_argument("--tasks", nargs="+", default=list(tasks.names()), help="mixed in turn; all of them without this")
    parser.add_argument("--sizes", type=int, nargs=2, default=SIZES, help="smallest and largest pictures, pixels")
    parser.add_argument("--picture-tokens", type=int, default=640, help="most picture tokens of 28×28 pixels in model/")
    parser.add_argument("--shape", help="a published size by its hub id, or a folder with a config.json; nano itself without this")
    args = parser.parse_args()
    drawn = [tasks.make(name, split="train", size=tuple(args.sizes)) for name in args.tasks]
    lines = [_write(drawn[index % len(drawn)].sample(index), index, args.out) for index in range(args.samples)]
    write_atomic(args.out / "train.jsonl", "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    write_atomic(args.out / "dataset_info.json", json.dumps(DATASET, indent=2) + "\n")
    _copy_model(args.out / "model", args.picture_tokens)
    if args.shape:
        _make_random(args.out / "model", args.shape)
    print(f"{len(lines)} samples of {len(drawn)} tasks and a model in {args.out}")


def _write(sample: Sample, index: int, out: Path) -> dict[str, Any]:
    """The sample's line; its pictures are written beside it."""
    images = []
    for number, picture in enumerate(sample.problem.images):
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        images.append(f"images/{index:04d}-{number}.png")
        write_atomic(out / images[-1], buffer.getvalue())
    return {"messages": [{"role": turn["role"], "content": _flat(turn["content"])} for turn in sample.messages], "images": images}


def _flat(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join("<image>" if item["type"] == "image" else item["text"] for item in content)


def _copy_model(folder: Path, picture_tokens: int) -> None:
    shutil.copytree(nano_folder(), folder, dirs_exist_ok=True)
    path = folder / "preprocessor_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["size"]["longest_edge"] = picture_tokens * 28 * 28
    write_atomic(path, json.dumps(settings, indent=2) + "\n")


def _make_random(folder: Path, shape: str) -> None:
    """Put untrained bfloat16 weights of another shape in place of nano's; its tokenizer, and so the ids of its marks, stay."""
    own, config = find_config(str(folder), folder), find_config(shape, folder)
    for name in ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id"):
        setattr(config, name, getattr(own, name))
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        setattr(config.text_config, name, getattr(own.text_config, name))
    (folder / "model.safetensors").unlink(missing_ok=True)
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = Qwen2_5_VLForConditionalGeneration(config)
    model.generation_config.eos_token_id = own.text_config.eos_token_id
    model.generation_config.pad_token_id = own.text_config.pad_token_id
    model.save_pretrained(folder)


if __name__ == "__main__":
    main()
