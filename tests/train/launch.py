"""Training runs as processes of their own, one or several that work together as under torchrun."""

import multiprocessing
import os
import socket
from pathlib import Path

# The server imports everything once; each run is then forked from it, single-threaded, within milliseconds.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["onevision.train.sft"])


def _train(recipe, environment):
    os.environ.update(environment)
    from onevision.train.command import run

    run(recipe)


def start(recipe, processes=1, work=_train):
    """The started processes of a run. work: (recipe, environment), what each of them does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes)}
    started = []
    for rank in range(processes):
        environment = group | {"RANK": str(rank), "LOCAL_RANK": str(rank)} if processes > 1 else {}
        started.append(_context.Process(target=work, args=(recipe, environment | {"OMP_NUM_THREADS": "1"})))
        started[-1].start()
    return started


def finished(recipe, processes=1, seconds=300, work=_train):
    """The folder of a run that went through."""
    for process in start(recipe, processes, work):
        process.join(seconds)
        assert process.exitcode == 0
    return Path(recipe.output_dir)
