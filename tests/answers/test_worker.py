"""The algebra process: usable from any thread, stopped by nothing hostile. Verdicts may be None on a crowded machine."""

import threading

import pytest

from onevision.answers import worker

pytest.importorskip("math_verify")


def started() -> worker.Worker:
    if not worker.warm_up():
        pytest.skip("the algebra worker does not start within a minute here")
    return worker._WORKER


@pytest.fixture
def algebra() -> worker.Worker:
    return started()


def test_it_answers_off_the_main_thread(algebra: worker.Worker) -> None:
    said: list[bool | None] = []
    threads = [threading.Thread(target=lambda: said.append(worker.same_by_algebra("2 x", "x + x"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(said) == 2 and set(said) <= {True, None}


def test_a_hostile_expression_is_left_unjudged_and_the_server_lives(algebra: worker.Worker) -> None:
    assert worker.same_by_algebra("9^{9^{9^{9}}}", "1") is None
    started()
    assert worker.same_by_algebra("2 x", "x + x") in (True, None)


def test_a_dead_server_is_started_again(algebra: worker.Worker) -> None:
    algebra.close()
    process = started()._process
    assert process is not None and process.poll() is None
