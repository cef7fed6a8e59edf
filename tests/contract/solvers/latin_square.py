"""Solves Latin squares and small sudokus by trying every filling, and demands that all agree on the marked cell."""

from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    grid = [line.split(",") for line in description_text.split("\n")]
    side = len(grid)
    shown = {sign for row in grid for sign in row} - {".", "?"}
    signs = list("ABCDEF" if shown & set("ABCDEF") else "123456")[:side]
    assert shown <= set(signs)
    (marked,) = [(r, c) for r in range(side) for c in range(side) if grid[r][c] == "?"]
    board = {(r, c): grid[r][c] for r in range(side) for c in range(side) if grid[r][c] in signs}
    fitting = [s for s in signs if _fits(board, marked, s, ask["block"]) and _fillable(board | {marked: s}, side, signs, ask["block"])]
    (answer,) = fitting
    return answer


def _fits(board: dict[tuple[int, int], str], cell: tuple[int, int], sign: str, block: list[int]) -> bool:
    r, c = cell
    for (a, b), other in board.items():
        same = a == r or b == c or (block and (b // block[0], a // block[1]) == (c // block[0], r // block[1]))
        if same and other == sign:
            return False
    return True


def _fillable(board: dict[tuple[int, int], str], side: int, signs: list[str], block: list[int]) -> bool:
    empty = [(r, c) for r in range(side) for c in range(side) if (r, c) not in board]
    if not empty:
        return True
    options = {cell: [s for s in signs if _fits(board, cell, s, block)] for cell in empty}
    cell = min(empty, key=lambda one: len(options[one]))
    return any(_fillable(board | {cell: s}, side, signs, block) for s in options[cell])
