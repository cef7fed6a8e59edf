"""Where the keys and values of growing answers lie, and attention over them.

Two kinds of memory, by how many rows go on from a prompt. `Singles`: one row a prompt, prompt and answer in one block with
room to grow; rows join and leave one by one. `Shared`: several rows a prompt, which is kept once for all of them, so that
a step reads it once (as in Hydragen, arXiv:2402.05099, with one softmax over both parts).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from onevision.engine.prefill import Prefill

# A `Shared` is packed anew when so much of it is left: it copies what all its rows have written.
_WORTH_PACKING = 0.75


class Memory(Protocol):
    """Keys and values of some rows. `rows`: how many; `begin` comes before a step's layers, `end` after them. A step brings each
    row a token, or a lone row `ran` of them, which stand in for rows below."""

    rows: int

    def begin(self, ran: int) -> None: ...

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Write k and v (rows, kv_heads, head_dim), attend with q (rows, heads, head_dim) -> (rows, heads * head_dim)."""
        ...

    def end(self) -> None: ...

    def grid(self, rows: Tensor) -> Tensor:
        """(rows, …) as the memory lays them out, which may be more of them: zeros where rows have left."""
        ...

    def rows_of(self, grid: Tensor) -> Tensor:
        """The inverse of `grid`."""
        ...

    def arrays(self) -> tuple[Tensor | list[Tensor], ...]:
        """After `begin`: what its function of attention takes beside queries, keys and values, lists by layer. All contiguous."""
        ...

    def drop(self, gone: set[int]) -> list[int]:
        """Forget rows; the old numbers of the others in their new order."""
        ...


class Singles:
    """Rows that have their prompt to themselves: (layers, row, kv_heads, place, head_dim), filled from place 0 on.

    Room for more rows and longer ones is made by doubling. A row that leaves gives its place to the last one.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.lengths: list[int] = []
        self.keys = self.values = torch.empty(0, 0, 0, 0, 0)
        self.bias = torch.empty(0, 0)

    def join(self, prefill: "Prefill", room: Sequence[int]) -> None:
        """One row for each prompt. room: how many places each needs beyond its prompt."""
        sizes = prefill.lengths
        self._make_room(prefill, self.rows + len(sizes), max(size + more for size, more in zip(sizes, room, strict=True)))
        for index, size in enumerate(sizes):
            for layer, (keys, values) in enumerate(prefill.layers):
                self.keys[layer, self.rows, :, :size] = keys[index, :, -size:]
                self.values[layer, self.rows, :, :size] = values[index, :, -size:]
            self.bias[self.rows, :size] = 0.0
            self.bias[self.rows, size:] = float("-inf")
            self.rows += 1
            self.lengths.append(size)

    def begin(self, ran: int) -> None:
        """Where this step writes, and how far it reads."""
        _, _, heads, places, _ = self.keys.shape
        device = self.keys.device
        ahead = torch.arange(ran, device=device)
        place = torch.tensor(self.lengths, device=device) + (ahead if ran > 1 else 0)
        row = torch.arange(self.rows, device=device).expand(len(place))
        self.written = ((row[:, None] * heads + torch.arange(heads, device=device)) * places + place[:, None]).flatten()
        self.ran, self.span = ran, max(self.lengths) + ran
        self.bias.view(-1).index_fill_(0, row * places + place, 0.0)
        self.seen = self.bias[: self.rows, None, : self.span]
        if ran > 1:
            later = ahead > ahead[:, None]
            own = torch.zeros(ran, ran, dtype=self.keys.dtype, device=device).masked_fill_(later, float("-inf"))
            self.seen = F.pad(own, (self.span - ran, 0))[None]

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """As `Memory`."""
        # Without a mask the kernel is faster.
        seen = None if self.ran == 1 and min(self.lengths) + 1 == self.span else self.seen
        keys, values = self.keys[layer, : self.rows], self.values[layer, : self.rows]
        return attend_alone(keys, values, self.written, seen, self.rows, self.span, q, k, v)

    def grid(self, rows: Tensor) -> Tensor:
        """As `Memory`: as they are."""
        return rows

    def rows_of(self, grid: Tensor) -> Tensor:
        """As `Memory`."""
        return grid

    def arrays(self) -> tuple[Tensor | list[Tensor], ...]:
        """As `Memory`, for `attend_alone`."""
        return self.written, self.seen.contiguous(), list(self.keys[:, : self.rows]), list(self.values[:, : self.rows])

    def end(self) -> None:
        """Every row is longer."""
        self.lengths = [length + self.ran for length in self.lengths]

    def forget(self, count: int) -> None:
        """The lone row's last so many places."""
        self.lengths[0] -= count
        self.bias[0, self.lengths[0] :] = float("-inf")

    def drop(self, gone: set[int]) -> list[int]:
        """As `Memory`."""
        order = [row for row in range(self.rows) if row not in gone]
        self.rows = len(order)
        holes = [hole for hole in sorted(gone) if hole < self.rows]
        moved = dict(zip(holes, order[self.rows - len(holes) :], strict=True))
        for hole, mover in moved.items():
            size = self.lengths[mover]
            for part in (self.keys, self.values):
                part[:, hole, :, :size] = part[:, mover, :, :size]
            self.bias[hole] = self.bias[mover]
        order = [moved.get(row, row) for row in range(self.rows)]
        self.lengths = [self.lengths[row] for row in order]
        return order

    def _make_room(self, prefill: "Prefill", rows: int, places: int) -> None:
        """The first rows get what they need; those that join later get twice of what was not enough."""
        (keys, _), old = prefill.layers[0], (self.keys, self.values, self.bias)
        has_rows, has_places = (self.keys.shape[1], self.keys.shape[3]) if self.rows else (0, 0)
        if has_rows >= rows and has_places >= places:
            return
        rows = has_rows if has_rows >= rows else max(rows, 2 * has_rows)
        places = has_places if has_places >= places else max(places, 2 * has_places)
        shape = (len(prefill.layers), rows, keys.shape[1], places, keys.shape[3])
        # Zeros, because a place that is masked is still multiplied by 0, and what lay in the memory may be no number.
        self.keys, self.values = keys.new_zeros(shape), keys.new_zeros(shape)
        self.bias = keys.new_full((rows, places), float("-inf"))
        if self.rows:
            self.keys[:, : self.rows, :, :has_places] = old[0][:, : self.rows]
            self.values[:, : self.rows, :, :has_places] = old[1][:, : self.rows]
            self.bias[: self.rows, :has_places] = old[2][: self.rows]


class Shared:
    """Several rows a prompt: prompts (prompt, kv_heads, place, head_dim) once each, and what the rows have written,
    (prompt, kv_heads, row of it, place, head_dim). All rows joined together, so all have written equally much."""

    def __init__(self, prefill: "Prefill", n: int, room: int) -> None:
        self.prompts = prefill.layers
        keys = self.prompts[0][0]
        count, heads, _, dim = keys.shape
        self.own = [tuple(keys.new_empty(count, heads, n, room, dim) for _ in "kv") for _ in self.prompts]
        self.bias = prefill.bias(keys.dtype)
        self.groups, self.n, self.length = count, n, 0
        self.rows = count * n
        self.places: Tensor | None = None  # of the rows in the (prompt, n) grid; None where it is full

    def begin(self, ran: int) -> None:
        """Where this step writes. These rows take one token a step."""
        self.read = torch.arange(self.length + 1, device=self.own[0][0].device)

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """As `Memory`."""
        (keys, values), (own_keys, own_values) = self.prompts[layer], self.own[layer]
        q, k, v = (self.grid(rows) for rows in (q, k, v))
        mixed = attend_shared(keys, values, own_keys, own_values, self.read, self.bias, self.groups, self.n, q, k, v)
        return self.rows_of(mixed)

    def arrays(self) -> tuple[Tensor | list[Tensor], ...]:
        """As `Memory`, for `attend_shared`."""
        keys = self.prompts[0][0]
        bias = keys.new_zeros(len(keys), 1, 1, keys.shape[2]) if self.bias is None else self.bias
        parts = [list(part) for pairs in (self.prompts, self.own) for part in zip(*pairs, strict=True)]
        return self.read, bias, *([tensor.contiguous() for tensor in part] for part in parts)

    def end(self) -> None:
        """Every row is one longer."""
        self.length += 1

    def drop(self, gone: set[int]) -> list[int]:
        """As `Memory`. Rows leave the step at once, and the memory once a quarter of it is left behind."""
        order = [row for row in range(self.rows) if row not in gone]
        places = list(range(self.rows)) if self.places is None else self.places.tolist()
        kept = [places[row] for row in order]
        self.rows = len(kept)
        self.places = torch.tensor(kept, device=self.own[0][0].device)
        if kept and self.rows <= _WORTH_PACKING * self.groups * self.n:
            self._pack(kept)
        return order

    def grid(self, rows: Tensor) -> Tensor:
        """As `Memory`: (prompts * n, …)."""
        if self.places is None:
            return rows
        return rows.new_zeros(self.groups * self.n, *rows.shape[1:]).index_copy_(0, self.places, rows)

    def rows_of(self, grid: Tensor) -> Tensor:
        """As `Memory`."""
        return grid if self.places is None else grid.index_select(0, self.places)

    def _pack(self, kept: list[int]) -> None:
        """Leave prompts without rows behind, and as many rows a prompt as none has."""
        rows_of = {group: [place % self.n for place in kept if place // self.n == group] for group in sorted({p // self.n for p in kept})}
        n = max(map(len, rows_of.values()))
        groups = torch.tensor(list(rows_of), device=self.own[0][0].device)
        # A prompt with fewer rows than others repeats one of its own.
        chosen = torch.tensor([(rows * n)[:n] if len(rows) < n else rows for rows in rows_of.values()], device=groups.device)
        self.prompts = [(keys[groups], values[groups]) for keys, values in self.prompts]
        self.own = [tuple(part[groups[:, None], :, chosen].transpose(1, 2).contiguous() for part in pair) for pair in self.own]
        self.bias = None if self.bias is None else self.bias[groups]
        places = [index * n + position for index, rows in enumerate(rows_of.values()) for position in range(len(rows))]
        self.groups, self.n, self.places = len(groups), n, torch.tensor(places, device=groups.device)


def attend_alone(
    keys: Tensor, values: Tensor, written: Tensor, seen: Tensor | None, rows: int, span: int, q: Tensor, k: Tensor, v: Tensor
) -> Tensor:
    """A step's attention of rows with a memory each, which k and v are written to.

    keys, values: (rows, kv_heads, place, head_dim), read up to `span`; written: (tokens * kv_heads,), where k's and v's lines go among
    theirs; seen: (rows, tokens a row, span), -inf where a token does not look; q: (tokens, heads, head_dim); k, v: (tokens, kv_heads,
    head_dim) -> (tokens, heads * head_dim). Queries of one key-value head go through attention as tokens, unexpanded.
    """
    tokens, heads, dim = k.shape
    keys.view(-1, dim).index_copy_(0, written, k.reshape(-1, dim))
    values.view(-1, dim).index_copy_(0, written, v.reshape(-1, dim))
    ran, per_head = tokens // rows, q.shape[1] // heads
    asked = q.reshape(rows, ran, heads, per_head, dim).transpose(1, 2).reshape(rows, heads, ran * per_head, dim)
    if seen is not None and ran == 1:
        seen = seen[:, None]
    elif seen is not None:
        seen = seen[:, :, None].expand(rows, ran, per_head, span).reshape(rows, 1, ran * per_head, span)
    mixed = F.scaled_dot_product_attention(asked, keys[:, :, :span], values[:, :, :span], attn_mask=seen)
    return mixed.reshape(rows, heads, ran, per_head * dim).transpose(1, 2).reshape(tokens, -1)


def attend_shared(
    keys: Tensor,
    values: Tensor,
    own_keys: Tensor,
    own_values: Tensor,
    read: Tensor,
    bias: Tensor | None,
    groups: int,
    n: int,
    q: Tensor,
    k: Tensor,
    v: Tensor,
) -> Tensor:
    """A step's attention of n rows for each of `groups` prompts: two products, with the prompt's keys and the own ones, and one softmax
    over both.

    keys, values: (prompts, kv_heads, place, head_dim); own_keys, own_values: (prompts, kv_heads, n, place, head_dim), read at the
    places `read`, of which k and v are written to the last; bias: (prompts, 1, 1, place), -inf on padding; q: (prompts * n, heads,
    head_dim); k, v: (prompts * n, kv_heads, head_dim) -> (prompts * n, heads * head_dim).
    """
    (_, heads, dim), end = k.shape, read.shape[0]
    per_head = q.shape[1] // heads
    own_keys.index_copy_(3, read[-1:], k.view(groups, n, heads, 1, dim).transpose(1, 2))
    own_values.index_copy_(3, read[-1:], v.view(groups, n, heads, 1, dim).transpose(1, 2))
    # (prompt, kv_head, row, query of that head, dim)
    asked = q.reshape(groups, n, heads, per_head, dim).transpose(1, 2) * dim**-0.5
    with_prompt = asked.reshape(groups, heads, n * per_head, dim) @ keys.transpose(2, 3)
    if bias is not None:
        with_prompt = with_prompt + bias
    with_own = asked @ own_keys[:, :, :, :end].transpose(3, 4)
    both = torch.cat((with_prompt.view(groups, heads, n, per_head, -1), with_own), -1).softmax(-1)
    on_prompt, on_own = both[..., :-end], both[..., -end:]
    mixed = (on_prompt.reshape(groups, heads, n * per_head, -1) @ values).view(groups, heads, n, per_head, dim)
    mixed = mixed + on_own @ own_values[:, :, :, :end]
    return mixed.transpose(1, 2).reshape(groups * n, heads * per_head * dim)
