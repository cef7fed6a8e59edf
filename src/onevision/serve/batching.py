"""Continuous batching (Orca, OSDI 2022) on the embedded engine: requests join and leave the running batch at every step.

One thread computes, with all cores: a step of the batch, and where there is room in it one prompt of those who wait, by turns. On
two cores a compiled engine runs the prompt on one of them while the batch makes its steps on the other: two threads that wait for
each other after every product lose more than that. (Where it is not compiled they take Python's lock from each other, and come out
slower.) Another thread reads chats into tensors; the event loop only passes messages. A picture or a whole prompt that was run
lately is not run again (`LocalEngine.prefill`), and the n answers of a request share its prompt.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import deepcopy

import torch

from onevision.engine.batch import Batch, News, Row
from onevision.engine.guesses import Guesses
from onevision.engine.prefill import Prefill
from onevision.engine.reader import Prompt, Reader
from onevision.engine.torch import LocalEngine
from onevision.serve.errors import TooSlow
from onevision.serve.metrics import Metrics
from onevision.serve.scheduler import Asked, Piece, Scheduler, joined
from onevision.serve.settings import Settings

log = logging.getLogger(__name__)

EVENT_SECONDS = 0.02
"""News of one request is sent so often and no more: a reader sees no difference, and an event costs more than a small model's
step."""

AT_ONCE = 4
"""So many of a request's first news are not held back: a thought begins with a tag that nobody is shown, and the first word comes
behind it."""


class Job:
    """A request on its way through the batch. News reaches its asker through `inbox`, on the asker's event loop."""

    def __init__(self, asked: Asked, prompt: Prompt) -> None:
        self.asked, self.prompt = asked, prompt
        self.loop = asyncio.get_running_loop()
        self.inbox: asyncio.Queue[list[Piece] | Exception] = asyncio.Queue()
        self.prefill: Prefill | None = None
        self.rows: list[Row] = []
        self.cached = 0
        self.left = False
        self._unsent: list[Piece] = []
        self._sent, self._letters = 0.0, 0

    def collect(self, news: News) -> None:
        """Keep a step's news of one row, as the asker will get it."""
        index, row = self.rows.index(news.row), news.row
        tokens = (news.token,) if news.token and self.asked.top is not None else ()
        if news.last:
            rest = row.text.flush() if row.text else ""
            completion = row.completion()
            text = news.text + rest if self.asked.streaming else completion.text
            self._unsent.append(Piece(index, text, tokens, completion, self.cached))
        elif news.text or tokens:
            self._unsent.append(Piece(index, news.text, tokens))

    def letter(self, now: float) -> list[Piece]:
        """What is to be sent by now."""
        early = self._letters >= AT_ONCE and now - self._sent < EVENT_SECONDS
        if not self._unsent or (early and not self._unsent[-1].completion):
            return []
        self._sent, letter, self._unsent = now, self._unsent, []
        self._letters += 1
        return letter

    def send(self, item: list[Piece] | Exception) -> None:
        """From any thread."""
        try:
            self.loop.call_soon_threadsafe(self.inbox.put_nowait, item)
        except RuntimeError:  # the loop has ended, and the asker with it
            log.info("nobody is left to tell")


class BatchScheduler(Scheduler):
    """Serves a LocalEngine."""

    logprobs = True

    def __init__(self, engine: LocalEngine, settings: Settings, metrics: Metrics) -> None:
        super().__init__(engine, settings, metrics)
        # The engine decodes with its tokenizer in its thread, and a tokenizer is not to be shared.
        self._reader = Reader(deepcopy(engine.processor), engine.reader.image_token_id, engine.context)
        self._threads = torch.get_num_threads()
        self._reading = ThreadPoolExecutor(1, "reading", torch.set_num_threads, (1,))
        self._two_cores = engine.releases_lock and self._threads == 2
        self._prompts = ThreadPoolExecutor(1, "prompts", torch.set_num_threads, (1,))
        self._beside: Future[Job] | None = None
        self._waiting: deque[Job] = deque()
        self._running: dict[Row, Job] = {}
        self._wake = threading.Condition()
        self._closed = False
        metrics.watch("onevision_known_features_bytes", "Memory for pictures that were looked at lately.", lambda: engine.features.bytes)
        metrics.watch("onevision_known_prompts_bytes", "Memory for prompts that were run lately.", lambda: engine.prompts.bytes)
        self._thread = threading.Thread(target=self._run_batch, name="batch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the threads."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._thread.join()
        self._reading.shutdown()
        self._prompts.shutdown()

    async def _pieces(self, asked: Asked, deadline: float) -> AsyncGenerator[Piece, None]:
        loop = asyncio.get_running_loop()
        job = Job(asked, await self._in_time(loop.run_in_executor(self._reading, self._reader.prompt, asked.messages), deadline))
        timer = loop.call_later(deadline - loop.time(), job.inbox.put_nowait, TooSlow(self.settings.timeout))
        with self._wake:
            self._waiting.append(job)
            self._wake.notify_all()
        try:
            left = asked.n
            while left:
                letter = await _letter(job.inbox)
                # Beside log-probabilities every token keeps its own piece of text.
                for piece in joined(letter) if asked.top is None else letter:
                    left -= piece.completion is not None
                    yield piece
        finally:
            timer.cancel()
            with self._wake:
                job.left = True
                if job in self._waiting:
                    self._waiting.remove(job)

    def _run_batch(self) -> None:
        """A thread: until closed, let the next one in, and make one step."""
        # Before its first use of the number a thread takes what was set last by any, such as the 1 of the thread that reads.
        torch.get_num_threads()
        torch.set_num_threads(self._threads)
        guesses = Guesses()
        batch = self.engine.batch(guesses)
        while self._wait_for_work(batch):
            job = None
            try:
                self._cancel(batch)
                job = self._next(batch)
                news = self._admit(batch, job) if job is not None else []
                if batch.rows:
                    self._run_beside(batch)
                    news += batch.step()
                self._tell(news)
            except Exception as error:  # of the model, in the middle of a step: nobody in this batch gets an answer
                log.exception("the batch failed")
                for one in {*self._running.values(), *([job] if job else [])}:
                    one.send(error)
                self._running.clear()
                batch = self.engine.batch(guesses)

    def _wait_for_work(self, batch: Batch) -> bool:
        """Whether there is more to do; False at the end."""
        with self._wake:
            self._wake.wait_for(lambda: self._closed or self._waiting or self._beside or batch.rows)
            return not self._closed

    def _next(self, batch: Batch) -> Job | None:
        """Who joins the batch now, with the prompt run."""
        job = None
        if self._beside:
            if self._beside.done() or not batch.rows:
                job, self._beside = self._beside.result(), None
                torch.set_num_threads(self._threads)
        elif not (self._two_cores and batch.rows) and (job := self._take(batch)):
            self._run_prompt(job)
        return job if job and job.prefill and not job.left else None

    def _run_beside(self, batch: Batch) -> None:
        """On two cores: have the next prompt run on one of them, and leave the other to the batch."""
        if self._two_cores and not self._beside and (job := self._take(batch)):
            self._beside = self._prompts.submit(self._run_prompt, job)
            torch.set_num_threads(1)

    def _take(self, batch: Batch) -> Job | None:
        """Who has waited longest, if there is room for all of the answers."""
        with self._wake:
            if not self._waiting or self._waiting[0].asked.n > self.settings.max_batch - len(batch.rows):
                return None
            return self._waiting.popleft()

    def _run_prompt(self, job: Job) -> Job:
        try:
            job.cached = job.prompt.length if job.prompt.id in self.engine.prompts else 0
            job.prefill = self.engine.prefill(job.prompt)
        except Exception as error:
            log.exception("a prompt failed")
            job.send(error)
        return job

    def _admit(self, batch: Batch, job: Job) -> list[News]:
        asked = job.asked
        streaming, top, seed = asked.streaming, asked.top or 0, asked.sampling.seed
        job.rows = [Row(self.engine.tokenizer, asked.sampling, i, seed, streaming, top) for i in range(asked.n)]
        self._running |= dict.fromkeys(job.rows, job)
        assert job.prefill is not None
        prefill, job.prefill = job.prefill, None
        return batch.join(prefill, job.rows)

    def _cancel(self, batch: Batch) -> None:
        """Stop the rows of those who left."""
        if gone := [row for row in batch.rows if self._running[row].left]:
            batch.cancel(gone)
            for row in gone:
                del self._running[row]

    def _tell(self, news: Sequence[News]) -> None:
        """Hand a step's news to those who asked."""
        jobs = {self._running[one.row]: None for one in news}
        for one in news:
            job = self._running[one.row]
            if one.last or job.asked.streaming:
                job.collect(one)
        for one in news:
            if one.last:
                self._running.pop(one.row, None)
        now = time.monotonic()
        for job in jobs:
            if letter := job.letter(now):
                job.send(letter)


async def _letter(inbox: asyncio.Queue[list[Piece] | Exception]) -> list[Piece]:
    """All that has come by now, at least one piece. Raises what ended the request."""
    letters = [await inbox.get()]
    while not inbox.empty():
        letters.append(inbox.get_nowait())
    for letter in letters:
        if isinstance(letter, Exception):
            raise letter
    return [piece for letter in letters if not isinstance(letter, Exception) for piece in letter]
