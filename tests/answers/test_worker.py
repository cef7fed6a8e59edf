"""The algebra process: usable from any thread, stopped by nothing hostile. Verdicts may be None on a crowded machine."""

import os
import threading

import pytest

from onevision.answers import worker

pytest.importorskip("math_verify")


def started() -> worker.Worker:
    if not worker.warm_up():
        pytest.skip("the algebra worker does not start within a minute here")
    return worker._WORKER


def says(answer: str, gold: str) -> bool | None:
    """What it says once it is given the time: a question has one second, which a crowded machine may not have."""
    return next((said for said in (worker.same_by_algebra(answer, gold) for _ in range(8)) if said is not None), None)


@pytest.fixture
def algebra() -> worker.Worker:
    return started()


def test_it_answers_off_the_main_thread(algebra: worker.Worker) -> None:
    said: list[bool | None] = []
    threads = [threading.Thread(target=lambda: said.append(says("2 x", "x + x"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert said == [True, True]


def test_a_hostile_expression_is_left_unjudged_and_the_server_lives(algebra: worker.Worker) -> None:
    assert worker.same_by_algebra("9^{9^{9^{9}}}", "1") is None
    started()
    assert says("2 x", "x + x") is True


def test_a_dead_server_is_started_again(algebra: worker.Worker) -> None:
    algebra.close()
    process = started()._process
    assert process is not None and process.poll() is None


def test_a_forked_process_asks_a_server_of_its_own(algebra: worker.Worker) -> None:
    """Two processes on one pipe would read each other's verdicts; data loaders fork."""
    child = os.fork()
    if child == 0:
        os._exit(0 if worker._WORKER._process is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert algebra._process is not None
    assert says("2 x", "x + x") is True
