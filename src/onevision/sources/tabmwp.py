"""TabMWP (Lu et al. 2023, arXiv:2209.14610): pictures of tables with the exact table, a question and its worked solution.

Its own layout, problems_SPLIT.json beside tables/ID.png: {"question", "choices", "answer", "table", "solution", …} by id.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from onevision.formal import csv
from onevision.models.prompts import compose, messages_for
from onevision.sources.chat import pictures
from onevision.types import Description, Problem, Sample

COLUMNS = "id, table, question, answer, solution"
ABOUT = ("grade", "ques_type", "ans_type", "unit", "table_title")


def reads(columns: Collection[str]) -> bool:
    """Whether rows with these columns are of this form."""
    return {"id", "table", "question", "answer", "solution"} <= set(columns)


def sample(row: Mapping[str, Any], folder: Path) -> Sample:
    """A row as a Sample whose Description is the exact table and whose steps are the worked solution. Raises InputError
    naming a picture that is missing."""
    images = pictures(row.get("image") or f"tables/{row['id']}.png", folder)
    choices = tuple(map(str, row.get("choices") or ())) or None
    answer = str(row["answer"])
    if choices and answer in choices:
        answer = chr(ord("A") + choices.index(answer))
    description = Description("csv", csv.write(_table(str(row["table"]))), made_by="tabmwp")
    problem = Problem(
        id=f"tabmwp-{row['id']}",
        images=images,
        question=row["question"],
        choices=choices,
        answer=answer,
        source="tabmwp",
        split=row.get("split") or "",
        meta={key: row[key] for key in ABOUT if row.get(key) is not None},
    )
    said = compose(description, str(row["solution"]), answer)
    return Sample(problem, description, [*messages_for(images, problem.question, choices), {"role": "assistant", "content": said}])


def _table(text: str) -> csv.Rows:
    """ "a | b" lines as rows, short ones filled up with empty cells."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.split("\n")]
    widest = max(map(len, rows))
    return tuple((*row, *[""] * (widest - len(row))) for row in rows)
