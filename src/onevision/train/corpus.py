"""The texts nano's tokenizer is learnt from: what the tasks ask and answer."""

from collections.abc import Iterator

from onevision import tasks


def task_texts(per_task: int = 1500, seed: int = 0) -> Iterator[str]:
    """Questions and full answers of every task, small pictures, training split."""
    for name in tasks.names():
        task = tasks.make(name, split="train", seed=seed, size=(112, 112))
        for index in range(per_task):
            sample = task.sample(index)
            yield sample.problem.question
            yield str(sample.messages[-1]["content"])
