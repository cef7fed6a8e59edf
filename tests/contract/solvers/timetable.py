"""Answers timetable questions with datetime, from lines of `stop,time,time`."""

from datetime import datetime
from typing import Any


def solve(description_text: str, ask: dict[str, Any]) -> str:
    header, *lines = [line.split(",") for line in description_text.split("\n")]
    times = {line[0]: dict(zip(header[1:], map(_time, line[1:]), strict=True)) for line in lines}
    row, query = times[ask["a"]], ask["query"]
    if query == "read":
        return _said(row[ask["run"]])
    if query == "ride":
        return str(int((times[ask["b"]][ask["run"]] - row[ask["run"]]).total_seconds() // 60))
    now = _time(ask["t"])
    if query == "which":
        (answer,) = [run for run, time in row.items() if time == now]
        return answer
    later = [time for time in row.values() if time > now]
    if query == "after":
        return str(len(later))
    if query == "arrive":
        return _said(max(time for time in row.values() if time < now))
    return _said(min(later)) if query == "next" else str(int((min(later) - now).total_seconds() // 60))


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%H:%M")


def _said(time: datetime) -> str:
    return f"{time.hour}:{time.minute:02d}"
