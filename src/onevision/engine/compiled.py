"""The decode step as machine code, for small models in float32 on a CPU.

Half of a small model's step goes by between one small operation and the next. So `lean.next_logits` is traced, compiled by PyTorch's
AOTInductor and called as one function, which takes half of the time. Weights and memories are its arguments: one compilation serves an
architecture with any number of rows, and while it learns. It needs a C++ compiler and about 20 s for each kind of memory, once: what
was compiled is kept in the user's cache folder, under a name made of all that it depends on.
"""

import platform
import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import platformdirs
import torch
from torch import Tensor, nn

from onevision.engine.cache import Memory, Shared, Singles, attend_alone, attend_shared
from onevision.engine.lean import Layer, LeanDecoder, LeanWeights, next_logits
from onevision.engine.matrix import Blocked, Linear, Matrix, Transposed
from onevision.errors import InputError, MissingPartError
from onevision.store import content_id

Held = tuple[Tensor | list[Tensor], ...]
Product = Blocked | Transposed

# Its loops, like the products that it calls, take as many threads as PyTorch has at the time. The tracer takes it that no size is 1 and
# no two are equal, to lay tensors out; the code is right without that, so it shall not refuse them.
_OPTIONS = {"cpp.threads": -1, "cpp.dynamic_threads": True, "scalar_asserts": False}


class CompiledSteps:
    """`next_logits` of one architecture, compiled for each kind of memory.

    Raises InputError for weights that are not float32 on a CPU, MissingPartError where there is no C++ compiler that works.
    """

    def __init__(self, weights: LeanWeights) -> None:
        if not (isinstance(weights.head, Matrix) and weights.embed.dtype == torch.float32 and weights.embed.device.type == "cpu"):
            raise InputError("compile: only steps in float32 on a CPU are compiled; take dtype float32, or leave it out")
        kinds: tuple[type[_Step], ...] = (_Alone, _Together)
        self._steps = {step.memory: _compiled(step(weights)) for step in kinds}

    def decoder(self, weights: LeanWeights) -> "CompiledDecoder":
        """An empty decoder on weights of this architecture."""
        return CompiledDecoder(weights, self)

    def __call__(self, weights: Sequence[Tensor], memory: Memory, tokens: Tensor, positions: Tensor) -> Tensor:
        """As `next_logits`, with a memory whose step has begun. weights: all that `tensors` has, in its order."""
        held = memory.arrays()
        laid = [memory.grid(ids).view(len(held[-1][0]), -1) for ids in (tokens, positions)]
        flat = [tensor for part in held for tensor in (part if isinstance(part, list) else [part])]
        # The package called as a function would sort its arguments out first, for a tenth of a step.
        (logits,) = self._steps[type(memory)].loader.boxed_run([*weights, *laid, *flat])
        return memory.rows_of(logits)


class CompiledDecoder(LeanDecoder):
    """Its steps are compiled, but for those with several kinds of memory at once."""

    # With so little between its products a second thread is of use: 0.8 ms in place of 1.1 for a row of nano. More were not to be had.
    few_threads = 2

    def __init__(self, weights: LeanWeights, steps: CompiledSteps) -> None:
        super().__init__(weights)
        self._steps, self._tensors = steps, [tensor for part in tensors(weights) for tensor in part]

    def _logits(self, tokens: Tensor, positions: Tensor) -> Tensor:
        if len(self.memories) == 1:
            return self._steps(self._tensors, self.memories[0], tokens, positions)
        return super()._logits(tokens, positions)


@cache
def _cpu() -> str:
    """The processor's maker and the instructions that it has, which the compiler uses all of."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return " ".join(next((line for line in lines if line.startswith(names)), "") for names in ("vendor_id", ("flags", "Features")))


def _product() -> type[Blocked] | type[Transposed]:
    """What multiplies in a compiled step. PyTorch's own products are Intel's, fastest for few rows on Intel's processors and two to
    three times as slow as oneDNN's blocks on AMD's, from two rows on."""
    return Blocked if "AuthenticAMD" in _cpu() and torch.backends.mkldnn.is_available() else Transposed


def tensors(w: LeanWeights) -> list[list[Tensor]]:
    """What a compiled step takes for weights: first what all layers share, then each layer's. Every matrix as `_product` reads it."""
    layers = [_of_layer(one, *map(_laid, (one.qkv, one.out, one.gate_up, one.down))) for one in w.layers]
    return [[w.embed, w.norm, w.rope, _laid(w.head).weight], *layers]


def _of_layer(layer: Layer, qkv: Product, out: Product, gate_up: Product, down: Product) -> list[Tensor]:
    assert qkv.bias is not None
    return [layer.norm_attn, qkv.weight, qkv.bias, out.weight, layer.norm_mlp, gate_up.weight, down.weight]


def _laid(linear: Linear) -> Product:
    assert isinstance(linear, Matrix)
    laid = linear.few if _product() is Transposed else linear.many
    assert isinstance(laid, Blocked | Transposed)
    return laid


def _with(w: LeanWeights, arrays: list[list[Tensor]]) -> LeanWeights:
    """The inverse of `tensors`, for the architecture of w."""
    product = _product()
    (embed, norm, rope, head), *rest = arrays
    layers = tuple(
        Layer(norm_attn, product(qkv, bias), product(out), norm_mlp, product(gate_up), product(down))
        for norm_attn, qkv, bias, out, norm_mlp, gate_up, down in rest
    )
    return replace(w, layers=layers, embed=embed, norm=norm, rope=rope, head=product(head))


_ANY = torch.export.Dim.AUTO


class _Step(nn.Module, ABC):
    """What is traced, for one kind of memory."""

    memory: ClassVar[type[Memory]]
    purpose: ClassVar[str]

    def __init__(self, like: LeanWeights) -> None:
        super().__init__()
        self.like = like

    def forward(self, weights: list[list[Tensor]], tokens: Tensor, positions: Tensor, held: Held) -> Tensor:
        """tokens, positions: (rows, tokens a row) int64; held: `Memory.arrays` -> logits (rows * tokens a row, vocab)."""
        rows, ran = tokens.shape
        attend = partial(self.attend, rows, ran, held)
        return next_logits(_with(self.like, weights), tokens.flatten(), positions.flatten(), attend)

    @abstractmethod
    def attend(self, rows: int, ran: int, held: Any, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """As `next_logits` has it, for so many rows of so many tokens."""

    @abstractmethod
    def example(self, rows: int, ran: int) -> tuple[Held, tuple[Any, ...]]:
        """What a memory may hold, and which dimensions of that may be others."""

    def _kept(self, *shape: int) -> list[Tensor]:
        """(rows, kv_heads, …, head_dim) for each layer."""
        rows, *rest = shape
        return [torch.zeros(rows, self.like.kv_heads, *rest, self.like.head_dim) for _ in self.like.layers]


class _Alone(_Step):
    memory = Singles
    purpose = "one answer to a prompt"

    def attend(self, rows: int, ran: int, held: Any, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        written, seen, keys, values = held
        return attend_alone(keys[layer], values[layer], written, seen, rows, seen.shape[-1], q, k, v)

    def example(self, rows: int, ran: int) -> tuple[Held, tuple[Any, ...]]:
        span, places = 11, 13
        held = torch.arange(rows * ran * self.like.kv_heads), torch.zeros(rows, ran, span)
        kept = [{0: _ANY, 2: _ANY}] * len(self.like.layers)
        return (*held, self._kept(rows, places), self._kept(rows, places)), ({0: _ANY}, {0: _ANY, 1: _ANY, 2: _ANY}, kept, kept)


class _Together(_Step):
    memory = Shared
    purpose = "several answers to a prompt"

    def attend(self, rows: int, ran: int, held: Any, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        read, bias, keys, values, own_keys, own_values = held
        return attend_shared(keys[layer], values[layer], own_keys[layer], own_values[layer], read, bias, rows, ran, q, k, v)

    def example(self, rows: int, ran: int) -> tuple[Held, tuple[Any, ...]]:
        read, places, prompt = 11, 13, 17
        held = torch.arange(read), torch.zeros(rows, 1, 1, prompt)
        parts = [self._kept(*shape) for shape in ((rows, prompt), (rows, prompt), (rows, ran, places), (rows, ran, places))]
        kept, own = ([dims] * len(self.like.layers) for dims in ({0: _ANY, 2: _ANY}, {0: _ANY, 2: _ANY, 3: _ANY}))
        return (*held, *parts), ({0: _ANY}, {0: _ANY, 3: _ANY}, kept, kept, own, own)


def _compiled(step: _Step) -> Any:
    """From the cache folder, or compiled into it."""
    package = Path(platformdirs.user_cache_dir("onevision")) / "steps" / f"{_name(step)}.pt2"
    if not package.exists():
        print(f"onevision: compiling steps for {step.purpose}, about 20 s, kept for the next time", file=sys.stderr, flush=True)
        package.parent.mkdir(parents=True, exist_ok=True)
        # Beside the package, so that it can be moved into its place whole.
        with TemporaryDirectory(dir=package.parent) as folder:
            _compile(step, Path(folder) / package.name).replace(package)
    return torch._inductor.aoti_load_package(str(package))


def _name(step: _Step) -> str:
    """Of all that the machine code depends on."""
    w, here = step.like, Path(__file__).parent
    shape = [[list(tensor.shape) for tensor in part] for part in tensors(w)]
    code = [(here / f"{name}.py").read_bytes() for name in ("cache", "compiled", "lean", "matrix")]
    machine = f"{platform.platform()} {torch.backends.cpu.get_cpu_capability()} {_cpu()}"
    made_of = f"{type(step).__name__} {_product().__name__} {shape} {w.heads} {w.kv_heads} {w.eps}"
    return content_id(made_of, torch.__version__, machine, *code)[:32]


def _compile(step: _Step, package: Path) -> Path:
    rows, ran = 5, 3
    # The tracer cannot look into oneDNN's blocks; the code only hands them on.
    weights = [[torch.zeros(tensor.shape) if tensor.is_mkldnn else tensor for tensor in part] for part in tensors(step.like)]
    held, dims_held = step.example(rows, ran)
    # Tensors of their own: the tracer takes the same one twice for always the same.
    tokens, positions = (torch.zeros(rows, ran, dtype=torch.int64) for _ in range(2))
    dims_weights: Any = [[{} for _ in part] for part in weights]
    dims_ids = {0: _ANY, 1: _ANY}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own, of what its next version will call otherwise
        traced = torch.export.export(
            step,
            (weights, tokens, positions, held),
            dynamic_shapes=(dims_weights, dims_ids, dims_ids, dims_held),
            prefer_deferred_runtime_asserts_over_guards=True,
        )
        try:
            with _products_of_arguments():
                torch._inductor.aoti_compile_and_package(traced, package_path=str(package), inductor_configs=_OPTIONS)
        except Exception as error:  # the compiler's own, of many kinds
            reason = " ".join(str(error).split())[:200]
            message = f"compile: the decode step could not be compiled ({reason}); a C++ compiler is needed, e.g. apt-get install g++"
            raise MissingPartError(message) from error
    return package


@contextmanager
def _products_of_arguments() -> Iterator[None]:
    """Let Inductor call oneDNN with weights that are arguments: by itself it takes constants only, to try several ways on them."""
    from torch._inductor import ir, lowering, mkldnn_ir
    from torch._inductor.fx_passes.mkldnn_fusion import _mkldnn_fusion_init

    _mkldnn_fusion_init()  # else it would register its own ways only later
    lowerings: Any = lowering.lowerings
    op = torch.ops.mkldnn._linear_pointwise
    plain = {op.default: mkldnn_ir.LinearUnary, op.binary: mkldnn_ir.LinearBinary}
    usual = {one: lowerings[one] for one in plain}

    def lowered(kind: Any) -> Any:
        return lambda *args: ir.TensorBox.create(kind.create(*args))

    lowerings.update({one: lowered(kind) for one, kind in plain.items()})
    try:
        yield
    finally:
        lowerings.update(usual)
