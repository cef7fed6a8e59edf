"""A chess position in Forsyth-Edwards Notation (PGN standard, section 16.1): six fields on one line."""

import re
from dataclasses import dataclass

from onevision.errors import InputError

_CASTLING = {"K": ("K", "e1", "R", "h1"), "Q": ("K", "e1", "R", "a1"), "k": ("k", "e8", "r", "h8"), "q": ("k", "e8", "r", "a8")}


@dataclass(frozen=True)
class Position:
    """board: square ("e4") -> piece letter, white upper case; turn "w" or "b"; castling "KQkq" or less; en_passant a square or "";
    halfmoves since a pawn moved or a piece was taken; the move's number, from 1."""

    board: dict[str, str]
    turn: str
    castling: str
    en_passant: str
    halfmoves: int
    move: int


def parse(text: str) -> Position:
    """The position; raises InputError for a wrong field or a position that no game of chess reaches (kings, pawns, castling)."""
    fields = text.split()
    if len(fields) != 6 or "\n" in text.strip():
        raise InputError(f"fen: six fields on one line were expected, not {len(fields)}")
    placement, turn, castling, en_passant, halfmoves, move = fields
    board = _board(placement)
    if turn not in ("w", "b"):
        raise InputError(f"fen: 'w' or 'b' was expected as the side to move, not {turn!r}")
    _check_castling(castling, board)
    _check_en_passant(en_passant, turn, board)
    if not (re.fullmatch(r"[0-9]{1,4}", halfmoves) and re.fullmatch(r"[1-9][0-9]{0,3}", move)):
        raise InputError(f"fen: a half-move clock and a move number from 1 were expected, not {halfmoves!r} {move!r}")
    dash = {"-": ""}
    return Position(board, turn, dash.get(castling, castling), dash.get(en_passant, en_passant), int(halfmoves), int(move))


def summary(position: Position) -> str:
    """What is in it, in a few words."""
    return f"{len(position.board)} pieces, {'white' if position.turn == 'w' else 'black'} to move"


def _board(placement: str) -> dict[str, str]:
    ranks = placement.split("/")
    if len(ranks) != 8:
        raise InputError(f"fen: eight ranks were expected, not {len(ranks)}")
    board: dict[str, str] = {}
    for number, rank in zip(range(8, 0, -1), ranks, strict=True):
        squares = _rank(rank)
        board |= {f"{'abcdefgh'[k]}{number}": piece for k, piece in enumerate(squares) if piece != " "}
    pieces = list(board.values())
    if pieces.count("K") != 1 or pieces.count("k") != 1:
        raise InputError("fen: each side has one king")
    if any(piece in "Pp" and square[1] in "18" for square, piece in board.items()):
        raise InputError("fen: no pawn stands on the first or the last rank")
    if pieces.count("P") > 8 or pieces.count("p") > 8 or sum(p.isupper() for p in pieces) > 16 or sum(p.islower() for p in pieces) > 16:
        raise InputError("fen: a side has at most eight pawns and sixteen pieces")
    return board


def _rank(rank: str) -> str:
    if not re.fullmatch(r"[pnbrqkPNBRQK1-8]+", rank) or re.search(r"\d\d", rank):
        raise InputError(f"fen: {rank!r} is no rank: pieces PNBRQK, pnbrqk and single counts of empty squares")
    squares = "".join(" " * int(c) if c.isdigit() else c for c in rank)
    if len(squares) != 8:
        raise InputError(f"fen: rank {rank!r} has {len(squares)} squares, not 8")
    return squares


def _check_castling(castling: str, board: dict[str, str]) -> None:
    if castling != "-" and not (castling and re.fullmatch("K?Q?k?q?", castling)):
        raise InputError(f"fen: castling rights are '-' or some of KQkq in this order, not {castling!r}")
    for right in castling.strip("-"):
        king, at, rook, corner = _CASTLING[right]
        if board.get(at) != king or board.get(corner) != rook:
            raise InputError(f"fen: castling right {right!r} needs a king on {at} and a rook on {corner}")


def _check_en_passant(square: str, turn: str, board: dict[str, str]) -> None:
    if square == "-":
        return
    rank, pawn, step = ("6", "p", "5") if turn == "w" else ("3", "P", "4")
    if not re.fullmatch(f"[a-h]{rank}", square) or board.get(square[0] + step) != pawn or square in board:
        raise InputError(f"fen: en passant is '-' or the square behind a pawn that just moved two, not {square!r}")
