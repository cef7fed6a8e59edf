"""Chess boards: name a piece, count pieces, count a piece's moves or targets, find what gives check."""

import random
from dataclasses import dataclass
from typing import Any

from onevision.tasks.base import Config, Item, Task
from onevision.tasks.canvas import RGB, Canvas, Style, picture_size
from onevision.types import Description

WORDINGS = {
    "piece": (
        "Which piece stands on {square}?",
        "What is on the square {square}? Name colour and piece.",
        "Name the piece on {square} with its colour.",
        "Which man occupies {square}?",
        "Say which piece, and of which colour, is on {square}.",
    ),
    "count": (
        "How many {what} are on the board?",
        "Count the {what}.",
        "What is the number of {what}?",
        "How many {what} does the position have?",
        "How many {what} can you see?",
    ),
    "moves": (
        "Checks aside, to how many squares can the {piece} on {square} move?",
        "How many moves, captures included, has the {piece} on {square}? Leave checks out of account.",
        "Count the squares that the {piece} on {square} can go to, captures included, ignoring checks.",
        "The {piece} on {square} moves next. How many squares can it reach, if checks do not matter?",
        "Not minding checks, how many moves does the {piece} on {square} have?",
    ),
    "targets": (
        "How many pieces of the other colour does the {piece} on {square} attack?",
        "How many pieces could the {piece} on {square} capture?",
        "Count the enemy pieces that the {piece} on {square} attacks.",
        "How many enemy men are within reach of the {piece} on {square}?",
        "Of how many enemy pieces is the {piece} on {square} an attacker?",
    ),
    "check": (
        "Which square holds the piece that gives check to the {colour} king?",
        "The {colour} king is in check. On which square is the checking piece?",
        "Name the square of the piece that attacks the {colour} king.",
        "From which square is the {colour} king attacked?",
        "Where does the piece stand that checks the king of {colour}? Answer with the square.",
    ),
    "points": (
        "With queen 9, rook 5, bishop and knight 3 and pawn 1, what are the {colour} pieces worth?",
        "How many points has {colour}, if pawns count 1, knights and bishops 3, rooks 5 and queens 9?",
        "Add the values of the {colour} pieces: pawn 1, knight 3, bishop 3, rook 5, queen 9, king none.",
        "What is {colour}'s material worth (queen 9, rook 5, bishop 3, knight 3, pawn 1)?",
        "Pawn 1, knight 3, bishop 3, rook 5, queen 9: how much does {colour} have?",
    ),
}
"""Query -> how it is asked."""
NAMES = {"p": "pawn", "n": "knight", "b": "bishop", "r": "rook", "q": "queen", "k": "king"}
WORTH = {"p": 1, "n": 3, "b": 3, "r": 5, "q": 9, "k": 0}
SOLID = {"k": "♚", "q": "♛", "r": "♜", "b": "♝", "n": "♞", "p": "♟"}
HOLLOW = {"k": "♔", "q": "♕", "r": "♖", "b": "♗", "n": "♘", "p": "♙"}
STRAIGHT, SKEW = ((0, 1), (1, 0), (0, -1), (-1, 0)), ((1, 1), (1, -1), (-1, -1), (-1, 1))
LEAPS = ((1, 2), (2, 1), (2, -1), (1, -2), (-1, -2), (-2, -1), (-2, 1), (-1, 2))
WAYS = {"r": STRAIGHT, "b": SKEW, "q": STRAIGHT + SKEW, "k": STRAIGHT + SKEW, "n": LEAPS}
BOARDS: tuple[tuple[RGB, RGB], ...] = (
    ((240, 217, 181), (181, 136, 99)), ((238, 238, 210), (118, 150, 86)), ((222, 227, 230), (140, 162, 173)),
    ((255, 255, 255), (190, 190, 190)), ((234, 240, 206), (187, 190, 100)), ((245, 235, 235), (170, 120, 120)),
)  # fmt: skip
"""Light and dark squares."""


@dataclass(frozen=True)
class ChessConfig(Config):
    """pieces: fewest and most beside the kings; turned: how often Black sits below; queries: repeated to weigh."""

    pieces: tuple[int, int] = (4, 12)
    turned: float = 0.0
    queries: tuple[str, ...] = ("piece", "piece", "piece", "check", "check", "points", "moves")


class Chess(Task):
    """One random position with both kings; its Description is its FEN."""

    name = "chess"
    Config = ChessConfig

    @classmethod
    def level(cls, level: int) -> dict[str, Any]:
        presets: dict[int, dict[str, Any]] = {
            1: {"pieces": (1, 4), "variety": 0, "size": (224, 448), "queries": ("piece",)},
            2: {"pieces": (2, 6), "variety": 0, "size": (224, 448), "queries": ("piece", "piece", "check")},
            3: {"pieces": (3, 8), "variety": 1, "size": (300, 700)},
            4: {"size": (300, 1200)},
            5: {
                "pieces": (8, 20),
                "turned": 0.3,
                "size": (300, 1200),
                "queries": (*["piece", "check", "points"] * 3, "moves", "moves", "targets", "count"),
            },
        }
        return presets[level]

    def draw(self, rng: random.Random, config: ChessConfig) -> Item:
        query, wanted, asked = rng.choice(config.queries), rng.randint(0, 3), None
        while asked is None:
            board = _position(rng, config)
            asked = _ask(rng, board, query, wanted)
            wanted = max(0, wanted - (rng.random() < 0.05))  # not every configuration can have as many
        fields, answer, ask, steps = asked
        question = rng.choice(WORDINGS[query]).format(**fields)
        description = Description("fen", _fen(board))
        self.claim(description, question)
        canvas, probes = _draw(rng, config, board)
        return Item(canvas.image(rng), question, answer, description, steps, {"query": query} | ask, probes=probes)


Square = tuple[int, int]
"""File and rank, from 0: (4, 0) is e1."""
Board = dict[Square, str]
"""Square -> piece as in FEN: white ones in upper case."""
Asked = tuple[dict[str, Any], str, dict[str, Any], str]
"""fields of the wording, answer, ask, steps"""


def _name(square: Square) -> str:
    return "abcdefgh"[square[0]] + str(square[1] + 1)


def _colour(piece: str) -> str:
    return "white" if piece.isupper() else "black"


def _position(rng: random.Random, config: ChessConfig) -> Board:
    """Random pieces, of a set with four pawns, none of them at the edges, the kings not side by side."""
    squares = [(f, r) for r in range(8) for f in range(8)]
    while True:
        white, black = rng.sample(squares, 2)
        if max(abs(white[0] - black[0]), abs(white[1] - black[1])) > 1:
            break
    board = {white: "K", black: "k"}
    bag = rng.sample([*"QRRBBNNPPPP", *"qrrbbnnpppp"], rng.randint(*config.pieces))
    free = [s for s in rng.sample(squares, 64) if s not in board]
    for piece in bag:
        place = next(s for s in free if piece not in "Pp" or 0 < s[1] < 7)
        free.remove(place)
        board[place] = piece
    return board


def _fen(board: Board) -> str:
    """The six fields, White to move, no castling."""
    ranks = ["".join(board.get((f, r), "1") for f in range(8)) for r in reversed(range(8))]
    for n in range(8, 1, -1):
        ranks = [rank.replace("1" * n, str(n)) for rank in ranks]
    return "/".join(ranks) + " w - - 0 1"


def _lines(board: Board, square: Square) -> list[list[Square]]:
    """Where a piece that is no pawn can go, way by way, its own pieces left out and the captured last."""
    piece = board[square]
    lines = []
    for df, dr in WAYS[piece.lower()]:
        line: list[Square] = []
        at = (square[0] + df, square[1] + dr)
        while 0 <= at[0] < 8 and 0 <= at[1] < 8 and _colour(board.get(at, piece.swapcase())) != _colour(piece):
            line.append(at)
            if at in board or piece.lower() in "nk":
                break
            at = (at[0] + df, at[1] + dr)
        lines.append(line)
    return [line for line in lines if line]


def _attacked(board: Board, square: Square) -> list[Square]:
    """The squares on which a piece could capture."""
    piece = board[square]
    if piece in "Pp":
        step = 1 if piece == "P" else -1
        return [(square[0] + df, square[1] + step) for df in (-1, 1) if 0 <= square[0] + df < 8]
    return [at for line in _lines(board, square) for at in line]


def _ask(rng: random.Random, board: Board, query: str, wanted: int) -> Asked | None:
    """What a query asks of a position; None where it does not fit. wanted: how many pieces are to be attacked."""
    if query == "piece":
        kind = rng.choice(sorted({piece for piece in board.values() if piece not in "Kk"}))
        square = rng.choice(sorted(at for at, piece in board.items() if piece == kind))
        rank = "".join(board.get((f, square[1]), ".") for f in range(8))
        name = f"{_colour(board[square])} {NAMES[board[square].lower()]}"
        return (
            {"square": _name(square)},
            name,
            {"square": _name(square)},
            f"rank {square[1] + 1}: {rank}\n{_name(square)}: {board[square]}: {name}",
        )
    if query == "count":
        return _count(rng, board)
    if query == "points":
        colour = rng.choice(("white", "black"))
        own = [piece.lower() for piece in _read(board) if _colour(piece) == colour and piece not in "Kk"]
        total, walk = 0, []
        for piece in own:
            total += WORTH[piece]
            walk.append(f"{piece} {WORTH[piece]}: {total}")
        return {"colour": colour}, str(total), {"colour": colour}, "\n".join([*walk, str(total)])
    return _check(rng, board) if query == "check" else _moves(rng, board, query, wanted)


def _read(board: Board) -> list[str]:
    """The pieces in FEN's order."""
    return [board[f, r] for r in reversed(range(8)) for f in range(8) if (f, r) in board]


def _is(kind: str, piece: str) -> bool:
    """Whether a piece is of a kind: `N` a white knight, `n*` any knight, `W` and `w` any white or black piece."""
    return _colour(piece) == _colour(kind) if kind in "Ww" else piece.lower() == kind[0] if kind.endswith("*") else piece == kind


def _count(rng: random.Random, board: Board) -> Asked:
    """Of a colour, a kind or both, so that no number is much more common than others; the steps number each that counts."""
    pieces = _read(board)
    kinds = sorted({*pieces, *(piece.lower() + "*" for piece in pieces), "W", "w"})
    numbers = {kind: sum(_is(kind, piece) for piece in pieces) for kind in kinds}
    number = rng.choice(sorted(set(numbers.values())))
    kind = rng.choice([kind for kind in kinds if numbers[kind] == number])
    colour = "" if kind.endswith("*") else f"{_colour(kind)} "
    what = f"{colour}{'pieces' if kind in 'Ww' else NAMES[kind[0].lower()] + 's'}{'' if colour else ' of both colours'}"
    walk = " ".join(f"{piece}{k}" for k, piece in enumerate((p for p in pieces if _is(kind, p)), start=1))
    return {"what": what}, str(number), {"kind": kind}, f"{walk}\n{number}"


def _moves(rng: random.Random, board: Board, query: str, wanted: int) -> Asked | None:
    # A king's or a pawn's moves are nearly always as many.
    able = [square for square, piece in sorted(board.items()) if piece not in "PpKk"]
    if not able:
        return None
    square = rng.choice(able)
    fields = {"piece": f"{_colour(board[square])} {NAMES[board[square].lower()]}", "square": _name(square)}
    count, walk = 0, []
    for line in _lines(board, square):
        met = [at for at in line if query == "moves" or at in board]
        count += len(met)
        walk.append(" ".join(_name(at) + (f"x{board[at]}" if at in board else "") for at in line) + f": {count}")
    if query == "targets" and count != wanted:
        return None
    return fields, str(count), {"square": _name(square)}, "\n".join([*walk, str(count)])


def _check(rng: random.Random, board: Board) -> Asked | None:
    """The one piece that attacks a king, found piece by piece; None where there is none or more than one."""
    colour = rng.choice(("white", "black"))
    king = next(square for square, piece in board.items() if piece == ("K" if colour == "white" else "k"))
    enemies = [s for s in sorted(board, key=lambda s: (-s[1], s[0])) if _colour(board[s]) != colour and board[s] not in "Kk"]
    checking = [s for s in enemies if king in _attacked(board, s)]
    if len(checking) != 1:
        return None
    walk = [f"{board[s]}{_name(s)}: {'yes' if s in checking else 'no'}" for s in enemies[: enemies.index(checking[0]) + 1]]
    return {"colour": colour}, _name(checking[0]), {"colour": colour}, "\n".join([f"king {_name(king)}", *walk, _name(checking[0])])


def _draw(rng: random.Random, config: ChessConfig, board: Board) -> tuple[Canvas, tuple[tuple[int, int, RGB], ...]]:
    style = Style.sample(rng, config.variety, config.renderer)
    canvas = Canvas(*picture_size(rng, config.size, (0.95, 1.05)), style)
    light, dark = BOARDS[0] if config.variety == 0 else rng.choice(BOARDS)
    side = min(canvas.width, canvas.height) / 8.9
    left, top = (canvas.width - 8 * side) / 2 + 0.3 * side, (canvas.height - 8 * side) / 2 - 0.3 * side
    turned, font = (
        rng.random() < config.turned,
        rng.choice(("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")) if config.variety else "DejaVuSans.ttf",
    )
    probes = []
    for f, r in ((f, r) for r in range(8) for f in range(8)):
        a, b = left + (7 - f if turned else f) * side, top + (r if turned else 7 - r) * side
        fill = light if (f + r) % 2 else dark
        canvas.polygon([(a, b), (a + side, b), (a + side, b + side), (a, b + side)], fill)
        if (f, r) in board:
            _piece(canvas, board[f, r], (a + side / 2, b + side / 2), side, font)
        probes.append((int(a + 0.08 * side + 0.5), int(b + 0.08 * side + 0.5), fill))
    for k in range(8):
        canvas.text((left + (k + 0.5) * side, top + 8.35 * side), "abcdefgh"[7 - k if turned else k], 0.5 * side)
        canvas.text((left - 0.35 * side, top + (k + 0.5) * side), str(k + 1 if turned else 8 - k), 0.5 * side)
    return canvas, tuple(probes)


def _piece(canvas: Canvas, piece: str, centre: tuple[float, float], side: float, font: str) -> None:
    """A white piece is a solid sign in white under a hollow one in black."""
    kind = piece.lower()
    canvas.text(centre, SOLID[kind], 0.95 * side, (255, 255, 255) if piece.isupper() else (15, 15, 15), font)
    if piece.isupper():
        canvas.text(centre, HOLLOW[kind], 0.95 * side, (15, 15, 15), font)
