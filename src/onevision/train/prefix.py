"""Groups of completions over one prompt in one row, the prompt once: everything that GRPO scores runs on this.

A row is [prompt 1][prompt 2]…[completion 1.1]…[completion 1.G][completion 2.1]…: each picture is encoded once and each
prompt runs once, whatever the number of completions. A completion sees its prompt and itself, so the row is a tree laid
flat; log-probabilities and gradients are those of separate rows (tested). Attention over the shared part is one matrix
product for all completions of a group, and no mask of row × row is ever built.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from onevision.train.encode import BLANK, Encoded
from onevision.train.pack import Packing, Unfolding


@dataclass(frozen=True)
class Group:
    """A prompt (an `Encoded` without an answer) and its completions' token ids, the end of the turn included."""

    prompt: Encoded
    completions: Sequence[Sequence[int]]

    @property
    def tokens(self) -> int:
        """The row's length in tokens."""
        return len(self.prompt.input_ids) + sum(len(completion) for completion in self.completions)


class SharedPrefix:
    """Tree attention for a row of groups; stands where a `Packing` stands.

    prompts: tokens of each prompt. completions: tokens of each completion, group by group.
    """

    def __init__(self, prompts: Sequence[int], completions: Sequence[Sequence[int]], device: torch.device | str = "cpu") -> None:
        self.prompts, self.unfolding = Packing(prompts, causal=True, device=device), Unfolding(prompts, causal=True, device=device)
        self.first = sum(prompts)
        most, longest = max(len(group) for group in completions), max(max(group) for group in completions)
        # Groups with fewer completions than the largest get empty ones.
        size = torch.tensor([[*group, *[0] * (most - len(group))] for group in completions], device=device)
        place = torch.arange(longest, device=device)
        real = place < size[..., None]
        start = (size.flatten().cumsum(0) - size.flatten()).view(size.shape)
        self.shape = real.shape
        self.unfold = (start[..., None] + place).where(real, torch.zeros_like(place)).flatten()
        self.kept = real.flatten().nonzero().squeeze(1)
        seen = torch.arange(max(prompts), device=device) < torch.tensor(prompts, device=device)[:, None]
        self.prompt_bias = _bias(seen)[:, None, None, None, None, :]
        # Own tokens: causal; a padded token sees the first so that its softmax is finite.
        self.own_bias = _bias(place[:, None] >= place)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """query: (row, heads, dim); key, value: (row, kv heads, dim) -> (row, heads * dim)."""
        n = self.first
        before = self.prompts.attend(query[:n], key[:n], value[:n], scaling)
        return torch.cat((before, self._branches(query[n:] * scaling, key, value)))

    def _branches(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        groups, most, longest = self.shape
        _, heads, dim = query.shape
        kv_heads = key.shape[1]
        n = self.first
        # g: group, k: key head, h: query heads of a key head, c: completion, l: its tokens.
        q = query.index_select(0, self.unfold).view(groups, most, longest, kv_heads, heads // kv_heads, dim).permute(0, 3, 4, 1, 2, 5)
        own_k, own_v = (
            x[n:].index_select(0, self.unfold).view(groups, most, longest, kv_heads, dim).permute(0, 3, 1, 2, 4) for x in (key, value)
        )
        shared_k, shared_v = (self.unfolding.unfolded(x[:n]).transpose(1, 2) for x in (key, value))
        to_prompt = torch.matmul(q.flatten(2, 4), shared_k.transpose(2, 3)).view(*q.shape[:-1], -1)
        # (g, k, c, h·l, dim) against (g, k, c, dim, l)
        by_completion = q.transpose(2, 3).flatten(3, 4)
        to_own = torch.matmul(by_completion, own_k.transpose(3, 4)).unflatten(3, (-1, longest)).transpose(2, 3)
        scores = torch.cat((to_prompt + self.prompt_bias.to(q.dtype), to_own + self.own_bias.to(q.dtype)), dim=-1)
        weights = torch.softmax(scores, dim=-1).to(value.dtype)
        on_prompt, on_own = weights.split((to_prompt.shape[-1], longest), dim=-1)
        mixed = torch.matmul(on_prompt.flatten(2, 4), shared_v).view(q.shape)
        own = torch.matmul(on_own.transpose(2, 3).flatten(3, 4), own_v).unflatten(3, (-1, longest)).transpose(2, 3)
        # back to (g, c, l, k, h, dim), then to the row
        return (mixed + own).permute(0, 3, 4, 1, 2, 5).reshape(-1, heads * dim).index_select(0, self.kept)


def _bias(allowed: Tensor) -> Tensor:
    return torch.zeros(allowed.shape, device=allowed.device).masked_fill(~allowed, float("-inf"))


class FlexPrefix:
    """`SharedPrefix` for GPUs: the same tree as a block mask of flex attention, whose kernel skips what nobody sees."""

    def __init__(self, prompts: Sequence[int], completions: Sequence[Sequence[int]], device: torch.device | str) -> None:
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention

        lengths = [*prompts, *(length for group in completions for length in group)]
        numbers = [*range(len(prompts)), *(number for number, group in enumerate(completions) for _ in group)]
        sizes = torch.tensor(lengths, device=device)
        segment = torch.repeat_interleave(torch.arange(len(lengths), device=device), sizes)
        group_of = torch.repeat_interleave(torch.tensor(numbers, device=device), sizes)
        shared = sum(prompts)

        def sees(_batch: Tensor, _head: Tensor, query: Tensor, key: Tensor) -> Tensor:
            mine = (segment[query] == segment[key]) & (key <= query)
            prompt = (key < shared) & (query >= shared) & (group_of[query] == group_of[key])
            return mine | prompt

        row = len(segment)
        self.mask = create_block_mask(sees, None, None, row, row, device=str(device))
        self.kernel: Any = torch.compile(flex_attention, dynamic=True) if torch.device(device).type == "cuda" else flex_attention

    def attend(self, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """As `SharedPrefix.attend`."""
        q, k, v = (x.transpose(0, 1)[None].contiguous() for x in (query, key, value))
        mixed: Tensor = self.kernel(q, k, v, block_mask=self.mask, scale=scaling, enable_gqa=True)
        return mixed[0].transpose(0, 1).flatten(1)


def tree(prompts: Sequence[int], completions: Sequence[Sequence[int]], device: torch.device | str) -> SharedPrefix | FlexPrefix:
    """The tree attention that suits the device."""
    kind = FlexPrefix if torch.device(device).type == "cuda" else SharedPrefix
    return kind(prompts, completions, device)


def collate_groups(groups: Sequence[Group]) -> dict[str, Any]:
    """One row of groups, as the model's packed forward takes it.

    input_ids: (row,) int64; position_ids: (3, row); pixel_values, image_grid_thw: the prompts' pictures in order.
    prompts, completions: the lengths that `tree` takes. score: (scored,) int64 places whose state predicts the next
    token; targets: (scored,) the tokens they should predict; owner: (scored,) number of the completion they are in.
    """
    prompts = [len(group.prompt.input_ids) for group in groups]
    pictures = [group.prompt for group in groups if len(group.prompt.grid)] or [BLANK]
    completions = [[len(completion) for completion in group.completions] for group in groups]
    ids, positions = [g.prompt.input_ids for g in groups], [g.prompt.positions for g in groups]
    score, place, ends = [], sum(prompts), torch.tensor(prompts).cumsum(0) - 1
    for group, end in zip(groups, ends, strict=True):
        following = int(group.prompt.positions.max()) + 1
        for completion in group.completions:
            length = len(completion)
            ids.append(torch.tensor(completion))
            positions.append(torch.arange(following, following + length).expand(3, -1))
            # The prompt's last token predicts the first of every completion.
            score.append(torch.cat((end[None], torch.arange(place, place + length - 1))))
            place += length
    lengths = [length for group in completions for length in group]
    return {
        "input_ids": torch.cat(ids),
        "position_ids": torch.cat(positions, dim=1),
        "pixel_values": torch.cat([p.pixel_values for p in pictures]),
        "image_grid_thw": torch.cat([p.grid for p in pictures]),
        "prompts": prompts,
        "completions": completions,
        "score": torch.cat(score),
        "targets": torch.cat([torch.tensor(c) for group in groups for c in group.completions]),
        "owner": torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths)),
    }


def rows_of_groups(groups: Sequence[Group], most: int) -> list[list[int]]:
    """Numbers of the groups that go into each row of at most `most` tokens, in order; a group is never split."""
    rows: list[list[int]] = []
    used = most
    for number, group in enumerate(groups):
        if rows and used + group.tokens <= most:
            rows[-1].append(number)
            used += group.tokens
        else:
            rows.append([number])
            used = group.tokens
    return rows
