"""A small model in float32 on a CPU as machine code (`engine.aot`): its picture tower, its prompts, its decode steps.

Half of a small model's time goes by between one small operation and the next; compiled, that is next to nothing. The code that is
compiled is the code that runs otherwise (`engine.tower`, `engine.lean`). Steps serve any number of rows, pictures and prompts any size.
"""

from abc import abstractmethod
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from onevision.engine.aot import ANY, Kept, MachineCode, Part, filled, laid, product, tensors
from onevision.engine.cache import Memory, Shared, Singles, attend_alone, attend_shared
from onevision.engine.lean import LeanDecoder, LeanWeights, after_prompt, next_logits
from onevision.engine.matrix import Matrix, Rounded
from onevision.engine.tower import Tower
from onevision.errors import InputError

Held = tuple[Tensor | list[Tensor], ...]


class CompiledSteps:
    """`next_logits` of one architecture, compiled for each kind of memory.

    Raises InputError for weights that are not float32 on a CPU, MissingPartError where there is no C++ compiler that works.
    """

    def __init__(self, weights: LeanWeights) -> None:
        if not (isinstance(weights.head, Matrix) and weights.embed.dtype == torch.float32 and weights.embed.device.type == "cpu"):
            raise InputError("compile: only float32 and int8 on a CPU are compiled; take one of them as dtype, or leave it out")
        kinds: tuple[type[_Step], ...] = (_Alone, _Together)
        like = laid(weights, product())
        self._steps = {step.memory: MachineCode(step(like)) for step in kinds}

    def decoder(self, weights: LeanWeights) -> "CompiledDecoder":
        """An empty decoder on weights of this architecture."""
        return CompiledDecoder(weights, self)

    def __call__(self, weights: Kept, memory: Memory, tokens: Tensor, positions: Tensor) -> Tensor:
        """As `next_logits`, with a memory whose step has begun. weights: all that `tensors` has, in its order."""
        held = memory.arrays()
        grids = [memory.grid(ids).view(len(held[-1][0]), -1) for ids in (tokens, positions)]
        flat = [tensor for part in held for tensor in (part if isinstance(part, list) else [part])]
        (logits,) = self._steps[type(memory)](weights, *grids, *flat)
        return memory.rows_of(logits)


class CompiledDecoder(LeanDecoder):
    """Its steps are compiled, but for those with several kinds of memory at once."""

    # With so little between its products a second thread is of use: 0.8 ms in place of 1.1 for a row of nano. More were not to be had.
    few_threads = 2

    def __init__(self, weights: LeanWeights, steps: CompiledSteps) -> None:
        super().__init__(weights)
        self._steps, self._kept = steps, Kept(tensors(laid(weights, product())))

    def _logits(self, tokens: Tensor, positions: Tensor) -> Tensor:
        if len(self.memories) == 1:
            return self._steps(self._kept, self.memories[0], tokens, positions)
        return super()._logits(tokens, positions)


class CompiledTower:
    """`Tower`, compiled. int8: with `Rounded` products. Raises as `CompiledSteps`."""

    def __init__(self, tower: Tower, int8: bool = False) -> None:
        like = laid(tower, Rounded if int8 else product())
        self._code, self._kept = MachineCode(_Picture(like)), Kept(tensors(like))

    def __call__(self, pixels: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """As `Tower`."""
        (features,) = self._code(self._kept, pixels, cos, sin)
        return features


class CompiledPrompt:
    """`after_prompt` with these weights, compiled. int8: with `Rounded` products. Raises as `CompiledSteps`."""

    def __init__(self, weights: LeanWeights, int8: bool = False) -> None:
        like = laid(weights, Rounded if int8 else product())
        self._code, self._kept = MachineCode(_Prompt(like)), Kept(tensors(like))

    def __call__(self, hidden: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """As `after_prompt`."""
        logits, *kept = self._code(self._kept, hidden, cos, sin)
        layers = len(kept) // 2
        return logits, kept[:layers], kept[layers:]


class _Picture(Part):
    like: Tower
    purpose = "the picture tower"

    def forward(self, weights: list[Tensor], inputs: tuple[Any, ...]) -> Tensor:
        """As `Tower`."""
        return filled(self.like, weights)(*inputs)

    def example(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """As `Part`."""
        patches = 13 * self.like.merge**2
        turns = (torch.zeros(patches, 1, len(self.like.norm) // self.like.heads) for _ in range(2))
        # That they come as many as are merged at a time makes for faster code where it is known.
        some = self.like.merge**2 * torch.export.Dim("merged")
        return (torch.zeros(patches, self.like.patch), *turns), ({0: some},) * 3


class _Prompt(Part):
    like: LeanWeights
    purpose = "prompts"

    def forward(self, weights: list[Tensor], inputs: tuple[Any, ...]) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """As `after_prompt`."""
        return after_prompt(filled(self.like, weights), *inputs)

    def example(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """As `Part`."""
        length, hidden = 13, len(self.like.norm)
        turns = (torch.zeros(length, 1, self.like.head_dim) for _ in range(2))
        return (torch.zeros(length, hidden), *turns), ({0: ANY},) * 3


class _Step(Part):
    """For one kind of memory."""

    like: LeanWeights
    memory: ClassVar[type[Memory]]

    def forward(self, weights: list[Tensor], inputs: tuple[Any, ...]) -> Tensor:
        """inputs: tokens and positions (rows, tokens a row) int64, `Memory.arrays` -> logits (rows * tokens a row, vocab)."""
        tokens, positions, held = inputs
        rows, ran = tokens.shape
        attend = partial(self.attend, rows, ran, held)
        return next_logits(filled(self.like, weights), tokens.flatten(), positions.flatten(), attend)

    def example(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """As `Part`."""
        rows, ran = 5, 3
        held, sizes = self.held(rows, ran)
        ids = (torch.zeros(rows, ran, dtype=torch.int64) for _ in range(2))
        return (*ids, held), ({0: ANY, 1: ANY}, {0: ANY, 1: ANY}, sizes)

    @abstractmethod
    def attend(self, rows: int, ran: int, held: Any, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """As `next_logits` has it, for so many rows of so many tokens."""

    @abstractmethod
    def held(self, rows: int, ran: int) -> tuple[Held, tuple[Any, ...]]:
        """What a memory may hold, and which dimensions of that may be others."""

    def _kept(self, *shape: int) -> list[Tensor]:
        """(rows, kv_heads, …, head_dim) for each layer."""
        rows, *rest = shape
        return [torch.zeros(rows, self.like.kv_heads, *rest, self.like.head_dim) for _ in self.like.layers]


class _Alone(_Step):
    memory = Singles
    purpose = "steps for one answer to a prompt"

    def attend(self, rows: int, ran: int, held: Any, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        written, seen, keys, values = held
        return attend_alone(keys[layer], values[layer], written, seen, rows, seen.shape[-1], q, k, v)

    def held(self, rows: int, ran: int) -> tuple[Held, tuple[Any, ...]]:
        span, places = 11, 13
        held = torch.arange(rows * ran * self.like.kv_heads), torch.zeros(rows, ran, span)
        kept = [{0: ANY, 2: ANY}] * len(self.like.layers)
        return (*held, self._kept(rows, places), self._kept(rows, places)), ({0: ANY}, {0: ANY, 1: ANY, 2: ANY}, kept, kept)


class _Together(_Step):
    memory = Shared
    purpose = "steps for several answers to a prompt"

    def attend(self, rows: int, ran: int, held: Any, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        read, bias, keys, values, own_keys, own_values = held
        return attend_shared(keys[layer], values[layer], own_keys[layer], own_values[layer], read, bias, rows, ran, q, k, v)

    def held(self, rows: int, ran: int) -> tuple[Held, tuple[Any, ...]]:
        read, places, prompt = 11, 13, 17
        held = torch.arange(read), torch.zeros(rows, 1, 1, prompt)
        parts = [self._kept(*shape) for shape in ((rows, prompt), (rows, prompt), (rows, ran, places), (rows, ran, places))]
        kept, own = ([dims] * len(self.like.layers) for dims in ({0: ANY, 2: ANY}, {0: ANY, 2: ANY, 3: ANY}))
        return (*held, *parts), ({0: ANY}, {0: ANY, 3: ANY}, kept, kept, own, own)
