"""Prediction files of this project and of others, recognised by what is in them.

Every reader turns one record into a `Prediction`; a format is one row of `FORMATS`.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onevision.answers.choices import letter_of
from onevision.errors import InputError, MissingPartError
from onevision.store import json_object

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Prediction:
    """One completion with what is known of its problem. label: the file's own verdict, None where it has none."""

    id: str
    text: str
    gold: str | None = None
    choices: tuple[str, ...] | None = None
    question: str = ""
    label: bool | None = None


@dataclass(frozen=True)
class Format:
    """A kind of prediction file. fits: whether a record is of this kind; read: the record as a prediction."""

    name: str
    fits: Callable[[Record], bool]
    read: Callable[[Record], Prediction]


def _text(value: Any) -> str:
    """As text that can be written again: half a surrogate pair is a question mark."""
    return "" if value is None else str(value).encode(errors="replace").decode()


def _gold(value: Any) -> str | None:
    if isinstance(value, list | tuple):
        value = value[0] if len(value) == 1 else ", ".join(map(str, value))
    return None if _text(value).strip() in ("", "nan") else _text(value)


def _choices(value: Any) -> tuple[str, ...] | None:
    return tuple(map(_text, value)) if isinstance(value, list | tuple) and value else None


def _label(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}.get(value.strip().lower())
    return bool(value) if isinstance(value, bool | int | float) and value in (0, 1) else None


def _onevision(row: Record) -> Prediction:
    return Prediction(
        _text(row.get("id")),
        _text(row["text"]),
        _gold(row["gold"]),
        _choices(row.get("choices")),
        _text(row.get("question")),
        _label(row.get("score")),
    )


def _benchmark(row: Record) -> Prediction:
    """A benchmark's record: the first of its completions, an object with its text or the text itself."""
    first: Any = next(iter(row["completions"]), {})
    first = first if isinstance(first, dict) else {"text": first}
    return _onevision({**row, "text": first.get("text"), "score": first.get("score")})


def _mathvision(row: Record) -> Prediction:
    label = _label(row.get("correct"))
    return Prediction(
        _text(row["id"]), _text(row["response"]), _gold(row.get("answer")), _choices(row.get("options")), _text(row.get("question")), label
    )


def _mathvista(row: Record) -> Prediction:
    """Its golds are option texts, so that "B" among B, C and A is the first of them."""
    label, gold, choices = _label(row.get("true_false")), _gold(row.get("answer")), _choices(row.get("choices"))
    if gold and choices and gold in choices and re.fullmatch("[A-Z]", gold):
        gold = letter_of(choices.index(gold))
    return Prediction(_text(row["pid"]), _text(row["response"]), gold, choices, _text(row.get("question")), label)


def _vlmevalkit(row: Record) -> Prediction:
    letters = [chr(code) for code in range(ord("A"), ord("Z") + 1)]
    options = [_text(row.get(letter)) for letter in letters if _gold(row.get(letter)) is not None]
    choices = tuple(options) if len(options) > 1 else None
    return Prediction(
        _text(row["index"]), _text(row["prediction"]), _gold(row.get("answer")), choices, _text(row.get("question")), _label(row.get("hit"))
    )


def _lmms_eval(row: Record) -> Prediction:
    said: Any = row.get("resps") or row.get("filtered_resps")
    while isinstance(said, list):
        said = said[0] if said else ""
    doc = row.get("doc") if isinstance(row.get("doc"), dict) else {}
    assert isinstance(doc, dict)
    choices = _choices(doc.get("choices") or doc.get("options"))
    score = next((row[key] for key in ("exact_match", "acc", "accuracy", "score") if isinstance(row.get(key), bool | int | float)), None)
    gold = _gold(row.get("target")) or _gold(doc.get("answer"))
    question = _text(doc.get("question") or doc.get("query") or row.get("input"))
    return Prediction(_text(row["doc_id"]), _text(said), gold, choices, question, _label(score))


def _has(*keys: str) -> Callable[[Record], bool]:
    return lambda row: all(key in row for key in keys)


FORMATS = (
    Format("OneVision JSONL (id, text, gold)", _has("text", "gold"), _onevision),
    Format(
        "records of `onevision bench` (id, gold, completions)",
        lambda row: "gold" in row and isinstance(row.get("completions"), list),
        _benchmark,
    ),
    Format(
        "lmms-eval samples JSONL (doc_id, target, resps)",
        lambda row: "doc_id" in row and ("resps" in row or "filtered_resps" in row),
        _lmms_eval,
    ),
    Format("MathVista JSON (pid, response, answer)", _has("pid", "response"), _mathvista),
    Format("MATH-V JSONL (id, response, answer, options)", _has("id", "response"), _mathvision),
    Format("VLMEvalKit xlsx or tsv (index, prediction, answer)", _has("index", "prediction"), _vlmevalkit),
)


def read_predictions(path: Path, gold: Path | None = None) -> tuple[str, list[Prediction]]:
    """A prediction file's format by name, and its predictions in the file's order.

    gold: a file of problems (JSONL or JSON with id or pid, answer, options or choices) for predictions without their
    golds. Raises InputError for a file that is missing, empty, broken, of no known format, or without golds, and
    MissingPartError where an xlsx file needs openpyxl.
    """
    records = _records(path)
    known = next((kind for kind in FORMATS if kind.fits(records[0])), None)
    if known is None:
        keys = ", ".join(list(map(str, records[0]))[:8])
        raise InputError(
            f"{path} is no prediction file known here (first record: {keys}); known are {'; '.join(kind.name for kind in FORMATS)}"
        )
    predictions = [_read(path, i, known, record) for i, record in enumerate(records, 1)]
    if gold:
        predictions = _with_golds(predictions, gold)
    if all(prediction.gold is None for prediction in predictions):
        raise InputError(f"{path} holds no gold answers; give a file of the problems with --gold FILE")
    return known.name, predictions


def _read(path: Path, number: int, known: Format, record: Record) -> Prediction:
    if not known.fits(record):
        raise InputError(f"{path}, record {number}: not of the file's format, {known.name}")
    return known.read(record)


def _with_golds(predictions: Sequence[Prediction], path: Path) -> list[Prediction]:
    problems = {_text(row.get("id", row.get("pid", row.get("index")))): row for row in _records(path)}
    missing = [prediction.id for prediction in predictions if prediction.id not in problems]
    if missing:
        raise InputError(f"{path} has no problem {missing[0]!r} ({len(missing)} of the predictions have none)")
    return [_joined(prediction, problems[prediction.id]) for prediction in predictions]


def _joined(prediction: Prediction, row: Record) -> Prediction:
    choices = _choices(row.get("options") or row.get("choices"))
    question = _text(row.get("question")) or prediction.question
    return Prediction(prediction.id, prediction.text, _gold(row.get("answer", row.get("gold"))), choices, question, prediction.label)


def _records(path: Path) -> list[Record]:
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    if path.suffix == ".xlsx":
        records = list(_sheet(path))
    else:
        text = _decoded(path)
        records = _table(text) if path.suffix in (".tsv", ".csv") else _json(path, text)
    if not records:
        raise InputError(f"{path} is empty; predictions were expected")
    return records


def _decoded(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is no text in UTF-8; JSONL, JSON, tsv or xlsx was expected") from None


def _table(text: str) -> list[Record]:
    csv.field_size_limit(1 << 27)
    separator = "\t" if "\t" in text.partition("\n")[0] else ","
    return list(csv.DictReader(io.StringIO(text), delimiter=separator))


def _json(path: Path, text: str) -> list[Record]:
    try:
        whole = json.loads(text)
    except ValueError:
        return [json_object(line, f"{path}, line {i}") for i, line in enumerate(text.split("\n"), 1) if line.strip()]
    if isinstance(whole, dict):
        inner = list(whole.values())
        keyed = [{"pid": key, **value} for key, value in whole.items() if isinstance(value, dict)]
        whole = keyed if inner and len(keyed) == len(inner) else [whole]
    if not isinstance(whole, list) or not all(isinstance(row, dict) for row in whole):
        raise InputError(f"{path} holds no list of records; JSONL, or JSON with one object a prediction, was expected")
    return whole


def _sheet(path: Path) -> Iterator[Record]:
    try:
        import openpyxl
    except ImportError:
        raise MissingPartError("reading .xlsx needs openpyxl: pip install 'onevision[bench]'") from None
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl lets zipfile's, XML's and its own errors through
        raise InputError(f"{path} is no readable xlsx file ({error})") from None
    rows = book.worksheets[0].iter_rows(values_only=True)
    header = [_text(cell) for cell in next(rows, ())]
    for row in rows:
        if any(cell is not None for cell in row):
            yield dict(zip(header, row, strict=False))
