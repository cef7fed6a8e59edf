"""The page on a FastAPI app, with no more of Gradio open to the world than the page itself uses."""

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from onevision.engine.base import Engine
from onevision.errors import MissingPartError
from onevision.serve.demo.shelf import Shelf

if TYPE_CHECKING:
    from fastapi import FastAPI

UPLOAD_BYTES = 20_000_000
"""The largest picture file that the page takes, like the API's body."""

_USED = re.compile(
    r"/|/(config|theme\.css|favicon\.ico|robots\.txt|manifest\.json|assets/.*|static/.*|svelte/.*)"
    r"|/gradio_api/(startup-events|queue/(join|data)|run/predict|upload|upload_progress|file=.*|heartbeat/.*|cancel|reset|theme\.css|app_id)/?"
)
_GRADIO = re.compile(
    r"/(config|theme\.css|favicon\.ico|robots\.txt|manifest\.json|assets|static|svelte|gradio_api|monitoring|login|logout|pwa_icon)(/.*)?"
)


def mount(app: "FastAPI", engine: Engine, model_name: str, others: Sequence[str] = (), max_upload_bytes: int = UPLOAD_BYTES) -> None:
    """Put the demo at `/` of an app. Call it last: the page takes every path that no route before it took.

    engine answers as `model_name`; others: further models to choose from, as `engine.load.load_engine` takes them, each
    loaded when it is first chosen. Raises MissingPartError without the package gradio.
    """
    try:
        import gradio
    except ImportError:
        raise MissingPartError("the web demo needs Gradio: pip install 'onevision[serve]'") from None
    from onevision.serve.demo.page import make_page, theme

    page = make_page(Shelf(model_name, engine, others))
    here = files("onevision.serve.demo")
    gradio.mount_gradio_app(
        app,
        page,
        "/",
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        mcp_server=False,
        ssr_mode=False,
        show_error=False,
        max_file_size=max_upload_bytes,
        theme=theme(),
        css=(here / "style.css").read_text(encoding="utf-8"),
        js=(here / "keys.js").read_text(encoding="utf-8"),
    )
    # A mounted page counts as not launched, and Gradio then lets a request name any file of this machine as its picture.
    page.has_launched = True
    app.add_middleware(OnlyThePage)


class OnlyThePage:
    """Answers 404 to what Gradio offers beside the page: its own API, proxies, editors, recordings, histories."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pure ASGI: a response that streams must pass as it comes."""
        path = scope.get("path", "")
        if scope["type"] == "http" and _GRADIO.fullmatch(path) and not _USED.fullmatch(path):
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"not here\n"})
            return
        await self.app(scope, receive, send)
