"""Counts rows and columns, from their numbers or from a table of words."""

from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    lines = description_text.split("\n")
    if lines[0].startswith("rows: "):
        rows, columns = (len(line.split(": ")[1].split(" ")) for line in lines)
    else:
        rows, columns = len(lines), lines[0].count(",") + 1
    answers = {"both": f"{rows},{columns}", "rows": str(rows), "columns": str(columns), "cells": str(rows * columns)}
    return answers[ask["query"]]
