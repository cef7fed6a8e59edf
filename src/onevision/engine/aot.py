"""A part of a model as machine code: traced, compiled by PyTorch's AOTInductor and called as one function.

Weights are arguments of it, so one compilation serves an architecture, while it learns too. It needs a C++ compiler and some 20 s,
once: what was compiled is kept in the user's cache folder, under a name made of all that it depends on.
"""

import ctypes
import platform
import sys
import warnings
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from functools import cache
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, TypeVar
from zipfile import ZipFile

import platformdirs
import torch
from torch import Tensor, nn

from onevision.engine.matrix import Blocked, Matrix, Rounded, Transposed
from onevision.errors import MissingPartError
from onevision.models.products import made_by_amd, processor
from onevision.store import content_id

T = TypeVar("T")
Product = type[Blocked] | type[Transposed] | type[Rounded]

# Its loops, like the products that it calls, take as many threads as PyTorch has at the time. The tracer takes it that no size is 1 and
# no two are equal, to lay tensors out; the code is right without that, so it shall not refuse them.
_OPTIONS = {"cpp.threads": -1, "cpp.dynamic_threads": True, "scalar_asserts": False}

# A tensor's handle goes through Python in a capsule, and several to C in an array, a type for each size that is dear to make.
_allocated: Any = torch._C._aoti.unsafe_alloc_void_ptrs_from_tensors
_taken: Any = torch._C._aoti.alloc_tensors_by_stealing_from_void_ptrs
_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))
_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(("PyCapsule_New", ctypes.pythonapi))
_array = cache(lambda size: ctypes.c_void_p * size)

ANY = torch.export.Dim.AUTO
"""A dimension that may be of any size."""


class Part(nn.Module, ABC):
    """What is traced. like: weights as `laid` gives them."""

    purpose: ClassVar[str]

    def __init__(self, like: Any) -> None:
        super().__init__()
        self.like = like

    @abstractmethod
    def forward(self, weights: list[Tensor], inputs: tuple[Any, ...]) -> Any:
        """weights: all that `tensors` has of such as `like`, in its order."""

    @abstractmethod
    def example(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Inputs, tensors of their own, and which dimensions of them may be others."""


class MachineCode:
    """A part, from the cache folder or compiled into it. Raises MissingPartError where there is no C++ compiler that works.

    Called through its C interface: PyTorch's loader would hold Python's lock all the while, and a server's other threads up.
    """

    def __init__(self, part: Part) -> None:
        library = Path(platformdirs.user_cache_dir("onevision")) / "compiled" / f"{_name(part)}.so"
        if not library.exists():
            print(f"onevision: compiling {part.purpose}, about 20 s, kept for the next time", file=sys.stderr, flush=True)
            library.parent.mkdir(parents=True, exist_ok=True)
            # Beside the library, so that it can be moved into its place whole.
            with TemporaryDirectory(dir=library.parent) as folder:
                _compile(part, Path(folder)).replace(library)
        self._library = ctypes.CDLL(str(library))
        self._container, results = ctypes.c_void_p(), ctypes.c_size_t()
        self._do("CreateWithDevice", ctypes.byref(self._container), ctypes.c_size_t(1), b"cpu", None)
        self._do("GetNumOutputs", self._container, ctypes.byref(results))
        self._results = results.value
        weakref.finalize(self, self._library.AOTInductorModelContainerDelete, self._container).atexit = False

    def __call__(self, weights: "Kept", *inputs: Tensor) -> list[Tensor]:
        """inputs: flat."""
        # The code takes over the handles that it is given, and leaves its results' to us. Inputs have a second owner, as in `Kept`.
        own, given = _allocated(inputs), [*weights.handles(), *_allocated(inputs)]
        pointers, found = _array(len(given))(*map(_pointer, given, repeat(None))), _array(self._results)()
        counts = ctypes.c_size_t(len(given)), ctypes.c_size_t(self._results)
        self._do("Run", self._container, pointers, counts[0], found, counts[1], None, None)
        _taken(own)
        results: list[Tensor] = _taken([_capsule(result, None, None) for result in found])
        return results

    def _do(self, name: str, *arguments: Any) -> None:
        if self._library[f"AOTInductorModelContainer{name}"](*arguments):
            raise RuntimeError(f"compiled code failed in {name}; what it says stands above")


class Kept:
    """Tensors that have an owner beside Python as long as this lives. A handle is then given up without Python's lock, for which the
    code would wait as often as it has tensors."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._tensors = list(tensors)
        weakref.finalize(self, _taken, self.handles()).atexit = False

    def handles(self) -> list[Any]:
        """One more for each, to be given away."""
        handles: list[Any] = _allocated(self._tensors)
        return handles


def product() -> type[Blocked] | type[Transposed]:
    """What multiplies in float32. PyTorch's own products are Intel's, fastest for few rows on Intel's processors and two to three
    times as slow as oneDNN's blocks on AMD's, from two rows on."""
    return Blocked if made_by_amd() and torch.backends.mkldnn.is_available() else Transposed


def laid(weights: T, kind: Product) -> T:
    """A dataclass of weights in float32, every `Matrix` in it as its product of that kind."""

    def of(matrix: Matrix) -> Any:
        if kind is Rounded:
            return Rounded.of(matrix.few.weight.t(), matrix.few.bias)
        return matrix.few if kind is Transposed else matrix.many

    return _mapped(weights, Matrix, of)


def tensors(weights: Any) -> list[Tensor]:
    """All that a dataclass of weights has, in its order."""
    found: list[Tensor] = []
    _mapped(weights, Tensor, found.append)
    return found


def filled(like: T, tensors: Sequence[Tensor]) -> T:
    """The inverse of `tensors`: as `like`, with these."""
    rest = iter(tensors)
    return _mapped(like, Tensor, lambda _: next(rest))


def _mapped(part: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """A tree of dataclasses and tuples, all that is of a kind in it changed."""
    if isinstance(part, kind):
        return change(part)
    if isinstance(part, tuple):
        return tuple(_mapped(one, kind, change) for one in part)
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{field.name: _mapped(getattr(part, field.name), kind, change) for field in fields(part)})
    return part


@cache
def _name(part: Part) -> str:
    """Of all that the machine code depends on."""
    here = Path(__file__).parent
    shapes = _mapped(part.like, Tensor, lambda tensor: (tensor.dtype, tuple(tensor.shape)))
    code = [(here / f"{name}.py").read_bytes() for name in ("aot", "cache", "compiled", "lean", "matrix", "tower")]
    machine = f"{platform.platform()} {torch.backends.cpu.get_cpu_capability()} {processor()}"
    return content_id(f"{type(part).__name__} {shapes}", torch.__version__, machine, *code)[:32]


def _compile(part: Part, folder: Path) -> Path:
    """The library's file, in that folder."""
    # The tracer cannot look into oneDNN's blocks; the code only hands them on.
    weights = [torch.zeros(tensor.shape, dtype=tensor.dtype) if tensor.is_mkldnn else tensor for tensor in tensors(part.like)]
    inputs, sizes = part.example()
    package = folder / "part.pt2"
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's own, of what its next version will call otherwise
        traced = torch.export.export(
            part,
            (weights, inputs),
            dynamic_shapes=([{}] * len(weights), sizes),
            prefer_deferred_runtime_asserts_over_guards=True,
        )
        try:
            with _products_of_arguments():
                torch._inductor.aoti_compile_and_package(traced, package_path=str(package), inductor_configs=_OPTIONS)
        except Exception as error:  # the compiler's own, of many kinds
            reason = " ".join(str(error).split())[:200]
            message = f"compile: {part.purpose} could not be compiled ({reason}); a C++ compiler is needed, e.g. apt-get install g++"
            raise MissingPartError(message) from error
    with ZipFile(package) as files:
        (library,) = (name for name in files.namelist() if name.endswith(".so"))
        return Path(files.extract(library, folder))


@contextmanager
def _products_of_arguments() -> Iterator[None]:
    """Let Inductor call oneDNN with weights that are arguments: by itself it takes constants only, to try several ways on them."""
    from torch._inductor import ir, lowering, mkldnn_ir
    from torch._inductor.fx_passes.mkldnn_fusion import _mkldnn_fusion_init
    from torch._inductor.virtualized import V

    _mkldnn_fusion_init()  # else it would register its own ways only later
    lowerings: Any = lowering.lowerings
    usual = dict(lowerings)

    def plain(kind: Any) -> Any:
        return lambda *args: ir.TensorBox.create(kind.create(*args))

    def rounded(rows: Any, scale: float, zero: int, *rest: Any) -> Any:
        product: Any = mkldnn_ir.QLinearPointwisePT2E
        of_rows = (torch.tensor(scale), torch.tensor(zero, dtype=torch.int32))
        for computed in (rows, *rest[:3]):
            computed.realize()
        return ir.TensorBox.create(product.create(rows, *map(V.graph.add_tensor_constant, of_rows), *rest))

    linear = torch.ops.mkldnn._linear_pointwise
    lowerings[linear.default] = plain(mkldnn_ir.LinearUnary)
    lowerings[linear.binary] = plain(mkldnn_ir.LinearBinary)
    lowerings[torch.ops.onednn.qlinear_pointwise.default] = rounded
    try:
        yield
    finally:
        lowerings.clear()
        lowerings.update(usual)
