"""A page in one file: a template of this package, the style and script that all share, and its data. It needs no server and no network."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from onevision.store import write_atomic


def write_html(path: Path, template: str, data: Any) -> Path:
    """Fill a template ("page.html") with JSON that its script reads as `data`; write it and return its path."""
    # What a model or a data set wrote may hold "</script>".
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    home = files("onevision.report")
    page = (home / template).read_text(encoding="utf-8")
    for part, filled in {"__STYLE__": "common.css", "__SCRIPT__": "common.js"}.items():
        page = page.replace(part, (home / filled).read_text(encoding="utf-8").rstrip())
    write_atomic(path, page.replace("__DATA__", text))
    return path
