"""The models that the page offers."""

import asyncio
from collections.abc import Sequence

from onevision.engine.base import Engine
from onevision.engine.load import load_engine
from onevision.errors import InputError


class Shelf:
    """Engines by name: the served one, and others that are loaded when they are first chosen."""

    def __init__(self, name: str, engine: Engine, others: Sequence[str] = ()) -> None:
        self.names = list(dict.fromkeys([name, *others]))
        self._ready = {name: engine}
        self._loading = asyncio.Lock()

    async def engine(self, name: str) -> Engine:
        """Raises InputError for a name that is not offered, and as `load_engine` does."""
        if name not in self.names:
            raise InputError(f"unknown model '{name}': one of {', '.join(self.names)}")
        async with self._loading:
            if name not in self._ready:
                self._ready[name] = await asyncio.to_thread(load_engine, name)
        return self._ready[name]
