"""Our server as the benchmarks need it: every answer runs to max_tokens, since the end of a turn is a token like any other.

python benchmarks/ours_serve.py --model nano --port 8100
"""

import argparse
import sys
from typing import Any

import uvicorn

from onevision.serve.app import create_app
from onevision.serve.command import load_apart, make_scheduler
from onevision.serve.server import Server, protocol
from onevision.serve.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--max-batch", type=int, default=Settings.max_batch)
    parser.add_argument("--queue", type=int, default=Settings.queue)
    args = parser.parse_args()
    settings = Settings(max_batch=args.max_batch, queue=args.queue)
    engine: Any = load_apart(args.model, args.dtype, args.compile)
    engine.eos = frozenset()
    scheduler = make_scheduler(engine, settings)
    app = create_app(scheduler, "nano", settings)
    sys.setswitchinterval(0.0005)  # as `serve.command` does
    Server(uvicorn.Config(app, port=args.port, http=protocol(settings.read_timeout), log_level="warning"), scheduler).run()


if __name__ == "__main__":
    main()
