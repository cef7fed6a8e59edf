"""Where the tokens of a prompt stand on M-RoPE's three axes (Qwen2-VL, arXiv:2409.12191)."""

from collections.abc import Sequence

import torch
from torch import Tensor


def mrope_positions(input_ids: Sequence[int], grids: Sequence[Sequence[int]], image_token: int, merge: int = 2) -> Tensor:
    """Qwen2.5-VL's M-RoPE positions (3, length) of one sample: text counts on, a picture's tokens take (start,
    start + row, start + column), and the text after it goes on from the largest. grids: (t, h, w) in patches."""
    ids = torch.as_tensor(input_ids)
    positions, place, following, pictures = [], 0, 0, iter(grids)
    while place < len(ids):
        if ids[place] == image_token:
            _, height, width = next(pictures)
            rows, columns = height // merge, width // merge
            grid = torch.stack([torch.zeros(rows * columns, dtype=torch.long),
                                torch.arange(rows).repeat_interleave(columns), torch.arange(columns).repeat(rows)])  # fmt: skip
            positions.append(grid + following)
            place, following = place + rows * columns, following + max(rows, columns)
        else:
            rest = (ids[place:] == image_token).nonzero()
            run = int(rest[0]) if len(rest) else len(ids) - place
            positions.append(torch.arange(following, following + run).expand(3, -1))
            place, following = place + run, following + run
    return torch.cat(positions, dim=1)
