"""Serving side by side: tokens a second, time to the first token and latency at 1 and at 16 clients, one Markdown table.

    python benchmarks/serving.py --vllm ENV --transformers ENV

Every request has a picture of its own of 224 x 224 pixels and is answered with exactly 64 tokens, greedily, streamed. The sides,
each with all cores, one after the other, repeated: our server, again compiled, again with its matrices in eight bits, and with both;
a loop of transformers.generate as in R1-Onevision's README (16 clients wait in line for it); vLLM's server on the CPU (ENV:
benchmarks/vllm_env.sh); transformers' own server (ENV: benchmarks/peers/transformers_serve.py; its continuous batching takes no
pictures, so it answers one request after the other).
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import torch
from client import Seen, body, load, problems
from transformers import Qwen2_5_VLForConditionalGeneration

from onevision.models.load import load_model, load_processor, nano_folder

HERE = Path(__file__).parent
PORT = 8123


def main() -> None:
    args = _arguments()
    results: dict[tuple[str, int], list[Result]] = {}
    for repeat in range(args.repeats):
        for side, measure in _sides(args).items():
            for clients, result in measure(args, repeat).items():
                results.setdefault((side, clients), []).append(result)
                print(f"{side}, {clients} clients: {result.tokens_per_second:.0f} tokens/s", file=sys.stderr, flush=True)
    print(_table(args, results))


class Result:
    """What the clients saw of one side. seconds: from the first request to the last token."""

    def __init__(self, seen: list[Seen], seconds: float, tokens: int) -> None:
        wrong = [one for one in seen if one.status != 200 or one.tokens != tokens]
        if wrong:
            raise SystemExit(f"{len(wrong)} of {len(seen)} requests went wrong, the first: {wrong[0]}")
        self.tokens_per_second = tokens * len(seen) / seconds
        self.first = sorted(one.first for one in seen)
        self.whole = sorted(one.whole for one in seen)


def _sides(args: Any) -> dict[str, Callable[[Any, int], dict[int, Result]]]:
    sides: dict[str, Callable[[Any, int], dict[int, Result]]] = {
        "OneVision": _ours,
        "OneVision, compiled": _machine_code,
        "OneVision, int8": _eight,
        "OneVision, int8, compiled": _eight_compiled,
        "transformers.generate, a loop": _loop,
    }
    if args.vllm:
        sides["vLLM (CPU)"] = _vllm
    if args.transformers:
        sides["transformers serve"] = _transformers
    return sides


def _ours(args: Any, repeat: int, dtype: str = "", *more: str) -> dict[int, Result]:
    command = [sys.executable, str(HERE / "ours_serve.py"), "--model", args.model, "--dtype", dtype or args.dtype, "--port", str(PORT)]
    with _server([*command, *more]):
        return _measured(args, repeat)


def _machine_code(args: Any, repeat: int) -> dict[int, Result]:
    return _ours(args, repeat, "", "--compile")


def _eight(args: Any, repeat: int) -> dict[int, Result]:
    return _ours(args, repeat, "int8")


def _eight_compiled(args: Any, repeat: int) -> dict[int, Result]:
    return _ours(args, repeat, "int8", "--compile")


def _vllm(args: Any, repeat: int) -> dict[int, Result]:
    """Compiled or not, whichever is asked for."""
    folder = nano_folder() if args.model == "nano" else args.model
    options = ["--dtype", args.dtype, "--max-model-len", "2048", "--port", str(PORT), "--served-model-name", "nano", "--max-num-seqs", "16"]
    options += ["--limit-mm-per-prompt", '{"image": 1, "video": 0}', *(["--enforce-eager"] if args.eager else [])]
    environment = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_LOGGING_LEVEL": "WARNING", "HF_HUB_OFFLINE": "1"}
    # Its command `vllm` asks for the version of a package "vllm", which vllm-cpu is not.
    server = ["-m", "vllm.entrypoints.openai.api_server", "--model", str(folder)]
    with _server([str(args.vllm / "bin/python"), *server, *options], environment):
        return _measured(args, repeat, ignore_eos=True)


def _transformers(args: Any, repeat: int) -> dict[int, Result]:
    folder = nano_folder() if args.model == "nano" else args.model
    server = [str(args.transformers / "bin/python"), str(HERE / "peers/transformers_serve.py")]
    command = [*server, str(folder), "--port", str(PORT), "--dtype", args.dtype]
    length = json.dumps({"min_new_tokens": args.tokens, "max_new_tokens": args.tokens, "do_sample": False})
    with _server(command, {"HF_HUB_OFFLINE": "1"}):
        return _measured(args, repeat, model=str(folder), generation_config=length)


def _measured(args: Any, repeat: int, **more: Any) -> dict[int, Result]:
    """Each number of clients with requests that no side has seen, after a few to warm up."""
    many = iter(problems(sum(_count(args, clients) + 4 for clients in args.clients) * (repeat + 1), args.pixels)[::-1])
    results = {}
    for clients in args.clients:
        warm, measured = ([body(next(many), args.tokens, **more) for _ in range(count)] for count in (4, _count(args, clients)))
        asyncio.run(load(PORT, warm, min(clients, 4)))
        results[clients] = Result(*asyncio.run(load(PORT, measured, clients)), args.tokens)
    return results


def _count(args: Any, clients: int) -> int:
    return int(args.requests) * (4 if clients > 1 else 1)


def _loop(args: Any, repeat: int) -> dict[int, Result]:
    """R1-Onevision's README: a processor call and a generate for each request, one after the other."""
    folder = nano_folder() if args.model == "nano" else args.model
    # Not through our own load_model, which mends the picture tower.
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=args.dtype).eval()
    processor = load_processor(folder)
    many = problems(args.requests + 2, args.pixels)
    seen = []
    for number, (image, question) in enumerate(many):
        begun = time.perf_counter()
        messages = [{"role": "user", "content": [{"type": "image", "image": image}, {"type": "text", "text": question}]}]
        text = processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        inputs = processor(text=[text], images=[image], return_tensors="pt")
        tokens = {"max_new_tokens": args.tokens, "min_new_tokens": args.tokens, "do_sample": False}
        out = model.generate(**inputs, **tokens)  # type: ignore[misc]
        processor.batch_decode(out[:, inputs["input_ids"].shape[1] :])
        if number >= 2:
            seconds = time.perf_counter() - begun
            seen.append(Seen(200, seconds, seconds, args.tokens))
    total = sum(one.whole for one in seen)
    line = {clients: [Seen(200, clients * one.first, clients * one.whole, args.tokens) for one in seen] for clients in args.clients}
    return {clients: Result(waited, total, args.tokens) for clients, waited in line.items()}


@contextmanager
def _server(command: list[str], environment: dict[str, str] | None = None) -> Iterator[None]:
    threads = str(os.cpu_count())
    process = subprocess.Popen(
        command, env=os.environ | {"OMP_NUM_THREADS": threads} | (environment or {}), stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        _wait(process)
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def _wait(process: "subprocess.Popen[bytes]") -> None:
    for _ in range(900):
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")
        try:
            with urlopen(f"http://127.0.0.1:{PORT}/health", timeout=1):
                return
        except OSError:
            time.sleep(1)
    raise SystemExit("the server did not start")


def bandwidth() -> float:
    """Bytes a second that this machine reads from memory with all cores: the best of several sums over half a GiB."""
    block = torch.ones(2**27)
    seconds = []
    for _ in range(8):
        begun = time.perf_counter()
        block.sum()
        seconds.append(time.perf_counter() - begun)
    return block.nbytes / min(seconds)


def _limit(args: Any, clients: int) -> float:
    """Tokens a second if a step did nothing but read the text tower's weights and each row's keys and values once."""
    model, _ = load_model(args.model, device="cpu", dtype=args.dtype)
    text = model.config.get_text_config()
    weights = sum(param.nbytes for param in model.model.language_model.layers.parameters()) + model.lm_head.weight.nbytes
    heads = text.num_key_value_heads * text.hidden_size // text.num_attention_heads
    row = 2 * text.num_hidden_layers * heads * model.lm_head.weight.element_size() * ((args.pixels // 28) ** 2 + 47 + args.tokens // 2)
    return clients * bandwidth() / (weights + clients * row)


def _table(args: Any, results: dict[tuple[str, int], list[Result]]) -> str:
    """Medians over the repeats."""
    heads = ["", "clients", "tokens/s", "× the loop", "of the bandwidth limit", "first token p50 / p99, ms", "whole p50 / p99, ms"]
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)]]
    limits = {clients: _limit(args, clients) for clients in args.clients}
    speeds = {key: statistics.median(one.tokens_per_second for one in several) for key, several in results.items()}
    for (side, clients), several in sorted(results.items(), key=lambda item: item[0][1]):
        speed, loop = speeds[side, clients], speeds["transformers.generate, a loop", clients]
        times = [" / ".join(f"{1000 * _quantile(several, kind, q):.0f}" for q in (0.5, 0.99)) for kind in ("first", "whole")]
        lines.append([side, str(clients), f"{speed:.0f}", f"{speed / loop:.2f}", f"{speed / limits[clients]:.0%}", *times])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _quantile(results: list[Result], kind: str, share: float) -> float:
    values = sorted(value for one in results for value in getattr(one, kind))
    return float(values[min(len(values) - 1, int(share * len(values)))])


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano", help="nano or a folder")
    parser.add_argument("--vllm", type=Path, help="an environment with vLLM")
    parser.add_argument("--dtype", default="float32", help="of all sides but ours in eight bits: float32 or bfloat16")
    parser.add_argument("--eager", action="store_true", help="vLLM without torch.compile")
    parser.add_argument("--transformers", type=Path, help="an environment with transformers' server")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--requests", type=int, default=32, help="at 1 client; four times as many at more")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--pixels", type=int, default=224)
    parser.add_argument("--tokens", type=int, default=64)
    return parser.parse_args()


if __name__ == "__main__":
    main()
