"""`--model` as a user types it -> an engine."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onevision.errors import InputError, OneVisionError
from onevision.store import content_id

if TYPE_CHECKING:
    from onevision.engine.base import Engine
    from onevision.engine.torch import LocalEngine


def load_engine(spec: str, dtype: str = "auto", compiled: bool = False, **endpoint: Any) -> "Engine":
    """nano, a local folder or a hub id on PyTorch; vllm:ID the same on vLLM; openai:NAME@URL an OpenAI-compatible endpoint.

    dtype, compiled: as for `load_local`; endpoint: options of OpenAIEngine. Raises InputError for what is none of these, MissingPartError
    where the engine's package is not installed.
    """
    kind, _, rest = spec.partition(":")
    if compiled and rest and kind in ("vllm", "openai"):
        raise InputError(f"compile: {kind} sees to its own speed; leave it out")
    if kind == "vllm" and rest:
        from onevision.engine.vllm import VLLMEngine

        return VLLMEngine(rest, dtype)
    if kind == "openai":
        from onevision.engine.openai import OpenAIEngine

        name, at, url = rest.rpartition("@")
        if not (at and name and re.match(r"https?://", url)):
            raise InputError(f"model {spec!r}: openai:NAME@URL was expected, e.g. openai:qwen2.5-vl-7b@http://localhost:8000/v1")
        if dtype != "auto":
            raise InputError(f"dtype '{dtype}': an endpoint computes in what it was started with; leave it out")
        return OpenAIEngine(name, url, **endpoint)
    return load_local(spec, dtype=dtype, compiled=compiled)


def load_local(name_or_path: str | Path, device: str = "auto", dtype: str = "auto", compiled: bool = False) -> "LocalEngine":
    """nano, a local folder or a hub id on PyTorch; device and dtype as in `models.load.load_model`, which knows every
    checkpoint, while a small plain one on a CPU is ready sooner and may also be had in "int8" (see `engine.plain`); compiled: as machine
    code, for small plain ones (see `engine.compiled`). Raises InputError as those do."""
    from onevision.engine.torch import TorchEngine
    from onevision.models.load import load_model

    return _plain(name_or_path, device, dtype, compiled) or TorchEngine(*load_model(name_or_path, device, dtype), compiled)


def _plain(name_or_path: str | Path, device: str, dtype: str, compiled: bool) -> "LocalEngine | None":
    import torch

    from onevision.engine.plain import PlainEngine, can_run_plain
    from onevision.models.load import choose_device, choose_dtype, resolve

    if (Path(name_or_path).expanduser() / "adapter_config.json").is_file():
        return None
    folder = resolve(name_or_path)
    kind = choose_dtype(dtype, choose_device(device), folder)
    if choose_device(device) != "cpu" or not isinstance(kind, torch.dtype) or not can_run_plain(folder):
        return None
    try:
        return PlainEngine(folder, kind, compiled)
    except OneVisionError:
        raise
    except Exception:  # a damaged file may raise anything, and `load_model` says what is wrong with it
        return None


def identity(spec: str, dtype: str = "auto", compiled: bool = False) -> str:
    """Names what answers: the spec, the type it computes in where that is not its own, whether its steps are compiled, and for a
    local folder also its weights as they are now, so that answers of a model that went on learning are not taken for the new one's."""
    folder = Path(spec.removeprefix("vllm:")).expanduser()
    spec += "" if dtype == "auto" else f" in {dtype}"
    spec += ", compiled" if compiled else ""
    weights = sorted(folder.glob("*.safetensors")) if folder.is_dir() else []
    if not weights:
        return spec
    stamps = [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in weights]
    return f"{spec}#{content_id(*stamps)[:12]}"
