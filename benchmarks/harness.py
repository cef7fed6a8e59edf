"""What the benchmark harness itself costs: 1,000 samples with an engine that answers at once.

    python benchmarks/harness.py [SAMPLES]

Beside it inspect-ai's own loop on as many samples, with a model API that answers at once, its display and its interim
scores off, and its log written in one piece. CPU milliseconds a sample, so that a busy machine does not count.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from onevision.bench.measure import Subject, measure
from onevision.bench.run import Asking
from onevision.engine.base import SamplingParams
from onevision.types import Completion, Message, Problem

TEXT = "<think>\nThree and four are seven.\n</think>\n<answer>7</answer>"


class Instant:
    """Answers at once."""

    async def generate(self, messages: Sequence[Message], sampling: SamplingParams, n: int = 1) -> list[Completion]:
        await asyncio.sleep(0)
        return [Completion(TEXT, (1,) * 20, (0.0,) * 20, "stop")] * n


def problems(count: int) -> list[Problem]:
    """Every one with a picture of its own, 448 x 336 pixels."""
    pictures = [Image.effect_noise((448, 336), 40).convert("RGB") for _ in range(8)]
    shades = [Image.new("RGB", (448, 336), (i % 256, i // 256, 90)) for i in range(count)]
    mixed = [Image.blend(pictures[i % 8], shade, 0.7) for i, shade in enumerate(shades)]
    return [Problem(f"p{i}", (image,), f"How many, number {i}?", answer="7", meta={"level": i % 5}) for i, image in enumerate(mixed)]


def ours(count: int) -> tuple[float, float]:
    """CPU and wall milliseconds a sample, all files written; first with the inspect-ai log, a second run without it."""
    import onevision.bench.log  # noqa: F401  importing is not a cost of a sample
    from onevision.answers import grade

    subject, asking = Subject("instant", "test", problems(count), ("level",)), Asking("instant", SamplingParams())
    grade(TEXT, subject.problems[0])
    with tempfile.TemporaryDirectory() as folder:
        return timed(lambda: measure(Instant(), subject, asking, Path(folder)), count)  # type: ignore[arg-type]


def inspects(count: int) -> tuple[float, float]:
    """CPU and wall milliseconds a sample of inspect-ai's own eval, without pictures."""
    from inspect_ai import Task, eval
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import GenerateConfig, ModelAPI, ModelOutput, modelapi
    from inspect_ai.scorer import Score, mean, scorer
    from inspect_ai.solver import generate

    class API(ModelAPI):
        def __init__(self, model_name: str, config: GenerateConfig, **options: Any) -> None:
            super().__init__(model_name, config=config)

        async def generate(self, *args: Any, **options: Any) -> ModelOutput:
            return ModelOutput.from_content(self.model_name, TEXT)

        def max_connections(self) -> int:
            return 64

    modelapi(name="instant")(lambda: API)

    @scorer(metrics=[mean()])
    def right() -> Any:
        async def score(state: Any, target: Any) -> Score:
            return Score(value=1.0, answer="7", explanation="the same number")

        return score

    data = MemoryDataset([Sample(id=f"p{i}", input=f"How many, number {i}?", target="7") for i in range(count)])
    with tempfile.TemporaryDirectory() as folder:
        options: Any = {"display": "none", "log_realtime": False, "log_buffer": count, "score_display": False, "log_dir": folder}
        return timed(lambda: eval(Task(dataset=data, solver=generate(), scorer=right()), model="instant/m", **options), count)


def timed(run: Callable[[], Any], count: int) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return 1000 * (time.process_time() - cpu) / count, 1000 * (time.perf_counter() - wall) / count


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{count} samples, milliseconds a sample\n\n| | CPU | wall |\n| --- | ---: | ---: |")
    for name, side in (("onevision bench", ours), ("inspect-ai eval", inspects)):
        side(20)  # imports and caches
        cpu, wall = side(count)
        print(f"| {name} | {cpu:.2f} | {wall:.2f} |", flush=True)


if __name__ == "__main__":
    main()
