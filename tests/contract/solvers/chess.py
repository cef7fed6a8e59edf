"""Answers chess questions from a FEN, by walking lines over a board of 64 characters with a border."""

from typing import Any

NAMES = dict(zip("pnbrqk", ("pawn", "knight", "bishop", "rook", "queen", "king"), strict=True))
WORTH = dict(zip("pnbrqk", (1, 3, 3, 5, 9, 0), strict=True))
# Steps on a board of rows of ten.
LINES = {"r": (-10, 10, -1, 1), "b": (-11, -9, 9, 11), "n": (-21, -19, -12, -8, 8, 12, 19, 21)}
LINES["q"] = LINES["k"] = LINES["r"] + LINES["b"]


def solve(description_text: str, ask: dict[str, Any]) -> str:
    rows = []
    for rank in description_text.split()[0].split("/"):
        rows.append("".join("." * int(c) if c.isdigit() else c for c in rank))
    board = "#" * 20 + "".join(f"#{row}#" for row in rows) + "#" * 20
    query = ask["query"]
    if query == "piece":
        piece = board[_place(ask["square"])]
        return f"{'white' if piece.isupper() else 'black'} {NAMES[piece.lower()]}"
    if query == "count":
        return str(sum(_is(ask["kind"], piece) for piece in board if piece.isalpha()))
    if query == "points":
        return str(sum(WORTH[p.lower()] for p in board if p.isalpha() and p.isupper() == (ask["colour"] == "white")))
    if query == "check":
        king = "K" if ask["colour"] == "white" else "k"
        enemies = [k for k, p in enumerate(board) if p.isalpha() and p.isupper() != king.isupper()]
        (checking,) = [k for k in enemies if board.index(king) in _reach(board, k)]
        return "abcdefgh"[checking % 10 - 1] + str(10 - checking // 10)
    reached = _reach(board, _place(ask["square"]))
    return str(len(reached) if query == "moves" else sum(board[k] != "." for k in reached))


def _place(square: str) -> int:
    return 20 + 10 * (8 - int(square[1])) + "abcdefgh".index(square[0]) + 1


def _is(kind: str, piece: str) -> bool:
    if kind in ("W", "w"):
        return piece.isupper() == (kind == "W")
    return piece.lower() == kind[0] if kind.endswith("*") else piece == kind


def _reach(board: str, start: int) -> list[int]:
    piece = board[start]
    if piece in "Pp":
        return [start + step for step in ((-11, -9) if piece == "P" else (9, 11))]
    reached = []
    for step in LINES[piece.lower()]:
        at = start + step
        while board[at] == ".":
            reached.append(at)
            if piece.lower() in "nk":
                break
            at += step
        else:
            if board[at].isalpha() and board[at].isupper() != piece.isupper():
                reached.append(at)
    return reached
