"""Load a Qwen2.5-VL model with its processor: nano, a local folder or a hub id."""

import json
import re
from importlib.resources import files
from pathlib import Path
from types import MethodType
from typing import TYPE_CHECKING, Any

from onevision.errors import InputError, MissingPartError

if TYPE_CHECKING:
    import torch
    from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")

# A CPU computes small models faster in float32; beyond this the doubled memory costs more than that gains.
SMALL_BYTES = 2**30


def nano_folder() -> Path:
    """Where the nano model lies inside the installed package."""
    return Path(str(files("onevision.models"))) / "nano_weights"


def load_model(
    name_or_path: str | Path, device: str = "auto", dtype: str = "auto"
) -> "tuple[Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor]":
    """A Qwen2.5-VL model in evaluation mode, and its processor (picture processing by Pillow, no video).

    name_or_path: "nano", a Hugging Face folder, or a hub id "Org/Name" (downloaded if it is not in the cache). A folder
    with a LoRA adapter (as peft saves it) is loaded as its base model with the adapter merged into it.
    device: "auto" (CUDA when there is one, spread over several when there are several), "cpu", "cuda", "cuda:1", …
    dtype: "auto", "float32", "bfloat16" or "float16". "auto" is the checkpoint's own; a small model on a CPU runs in
    float32. Only safetensors are read and no code of the checkpoint is ever run.
    Raises InputError when there is no such model, or when it is no Qwen2.5-VL.
    """
    import torch
    from transformers import Qwen2_5_VLForConditionalGeneration
    from transformers.utils import logging

    if (Path(name_or_path).expanduser() / "adapter_config.json").is_file():
        return _adapted(Path(name_or_path).expanduser(), device, dtype)
    folder = resolve(name_or_path)
    device = choose_device(device)
    kind = choose_dtype(dtype, device, folder)
    if kind is torch.int8:
        raise InputError(f"dtype 'int8' is for a small plain Qwen2.5-VL on a CPU, such as nano; give '{name_or_path}' another one")
    options: dict[str, Any] = {"device_map": "auto"} if device == "cuda" and torch.cuda.device_count() > 1 else {}
    if _is_small(folder):
        logging.disable_progress_bar()  # it would flash for a moment above the answer
    try:
        model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=kind, use_safetensors=True, **options)
        processor = load_processor(folder)
    except Exception as error:  # a damaged file may raise anything: tokenizers knows no error of its own
        raise InputError(f"cannot load model '{name_or_path}': {_first_line(error)}") from error
    use_matrix_patches(model)
    return (model if options else model.to(device)).eval(), processor


def use_matrix_patches(model: "Qwen2_5_VLForConditionalGeneration") -> None:
    """Embed a picture's patches by one matrix product. Qwen2.5-VL has a convolution whose stride is its kernel, which is the
    same and on a CPU four times slower."""
    embed = model.model.visual.patch_embed
    embed.forward = MethodType(_embed_patches, embed)


def _embed_patches(self: Any, patches: "torch.Tensor") -> "torch.Tensor":
    from onevision.models.products import linear

    return linear(patches.to(self.proj.weight.dtype), self.proj.weight.view(self.embed_dim, -1))


def _adapted(folder: Path, device: str, dtype: str) -> "tuple[Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor]":
    try:
        from peft import PeftModel
    except ImportError:
        raise MissingPartError(f"'{folder}' is a LoRA adapter; loading it needs peft: pip install 'onevision[train]'") from None
    if not (folder / "adapter_model.safetensors").is_file():
        raise InputError(f"'{folder}' is no adapter: it has no adapter_model.safetensors, and other files of weights are not read")
    try:
        seen, base = [folder.resolve()], Path(_base(folder)).expanduser()
        while (base / "adapter_config.json").is_file():  # an adapter may have been taught on top of another one
            if base.resolve() in seen:
                raise InputError(f"its bases go round in a circle, by way of {base}")
            seen, base = [*seen, base.resolve()], Path(_base(base)).expanduser()
        model, processor = load_model(_base(folder), device, dtype)
        merged = PeftModel.from_pretrained(model, str(folder)).merge_and_unload().eval()
    except Exception as error:  # as in load_model
        raise InputError(f"cannot load adapter '{folder}': {' '.join(str(error).split())[:300]}") from error
    return merged, processor


def _base(folder: Path) -> str:
    """The model that an adapter was taught on."""
    try:
        return str(json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))["base_model_name_or_path"])
    except (ValueError, KeyError, TypeError):
        raise InputError(f"'{folder}' is no adapter: its adapter_config.json names no base_model_name_or_path") from None


def resolve(name_or_path: str | Path) -> Path:
    """The local folder of a model; a hub id is downloaded. Raises InputError for anything that is no Qwen2.5-VL."""
    name = str(name_or_path)
    folder = nano_folder() if name == "nano" else Path(name).expanduser()
    if not folder.exists() and _HUB_ID.fullmatch(name):
        folder = _download(name)
    if not folder.is_dir():
        raise _unknown(name)
    _check_folder(folder, name)
    return folder


def load_processor(folder: str | Path) -> "Qwen2_5_VLProcessor":
    """The processor of a Qwen2.5-VL folder, on Pillow and without its video half, so that torchvision is not needed."""
    from transformers import AutoTokenizer
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    from onevision.models.processor import PictureProcessor

    images = Qwen2VLImageProcessorPil.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return PictureProcessor(images, tokenizer, chat_template=_chat_template(Path(folder)) or tokenizer.chat_template)


def _chat_template(folder: Path) -> str | None:
    """A processor's own template: chat_template.jinja, or the older chat_template.json of Qwen's own checkpoints."""
    if (jinja := folder / "chat_template.jinja").is_file():
        return jinja.read_text(encoding="utf-8")
    if (older := folder / "chat_template.json").is_file():
        return str(json.loads(older.read_text(encoding="utf-8"))["chat_template"])
    return None


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    wanted = ["*.json", "*.safetensors", "*.jinja", "merges.txt"]
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except (OSError, HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise _unknown(name, _first_line(error)) from error


def _unknown(name: str, reason: str = "") -> InputError:
    because = f" ({reason})" if reason else ""
    wanted = "nano, a local folder or a hub id such as Fancy-MLLM/R1-Onevision-7B"
    return InputError(f"unknown model '{name}': give {wanted}{because}")


def _check_folder(folder: Path, name: str) -> None:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"'{name}' is no model: {folder} has no readable config.json") from None
    kind = config.get("model_type") if isinstance(config, dict) else None
    if kind != "qwen2_5_vl":
        raise InputError(f"'{name}' is a model of type {kind}; OneVision runs qwen2_5_vl")
    if not any(folder.glob("*.safetensors")):
        raise InputError(f"'{name}' is no model: {folder} has no *.safetensors file")


def choose_device(device: str) -> str:
    """A name as PyTorch takes it; "auto" for CUDA where there is one. Raises InputError for another, and for a device that is not there."""
    import torch

    available = torch.cuda.is_available()
    if device == "auto":
        return "cuda" if available else "cpu"
    if device != "cpu" and not device.startswith("cuda"):
        raise InputError(f"unknown device '{device}': give auto, cpu, cuda or cuda:N")
    if device != "cpu" and not available:
        raise InputError(f"device '{device}' is not there: this PyTorch sees no CUDA device; give cpu or auto")
    return device


def choose_dtype(dtype: str, device: str, folder: Path) -> "str | torch.dtype":
    """What to compute in; "auto" for the checkpoint's own type. Raises InputError for an unknown one."""
    import torch

    if dtype != "auto":
        if dtype not in ("float32", "bfloat16", "float16", "int8"):
            raise InputError(f"unknown dtype '{dtype}': give auto, float32, bfloat16, float16 or int8")
        return getattr(torch, dtype)  # type: ignore[no-any-return]
    return torch.float32 if device == "cpu" and _is_small(folder) else "auto"


def _is_small(folder: Path) -> bool:
    return sum(part.stat().st_size for part in folder.glob("*.safetensors")) <= SMALL_BYTES


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
