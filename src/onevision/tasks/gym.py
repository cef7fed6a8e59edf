"""The tasks behind reasoning-gym's interface, so that its trainers can use them: `len`, `[i]`, `score_answer`.

from onevision.tasks.gym import create_dataset
data = create_dataset("maze", size=500, seed=42)
entry = data[0]                      # question, answer, metadata, and images: Pillow pictures
data.score_answer("7", entry)        # 1.0 or 0.0
"""

from collections.abc import Iterator
from typing import Any

from onevision.errors import InputError
from onevision.tasks.mix import Mix, read_mix

Entry = dict[str, Any]


class GymDataset:
    """`size` problems of a mix of tasks (see `read_mix`). Iterating yields each entry once."""

    def __init__(self, name: str, size: int = 500, seed: int = 42, split: str = "train", **config: Any) -> None:
        if size < 1:
            raise InputError(f"size is {size}; give 1 or more")
        self.name, self.size, self.seed = name, size, seed
        self.mix = Mix(read_mix(name), split=split, seed=seed, **config)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[Entry]:
        return (self[index] for index in range(self.size))

    def __getitem__(self, index: int) -> Entry:
        """question (choices and all), answer, images, metadata. Raises IndexError beyond the size, as reasoning-gym's do."""
        if not 0 <= index < self.size:
            raise IndexError(f"index {index} of {self.size}")
        sample = self.mix.sample(index)
        problem = sample.problem
        question = "".join(part["text"] for part in sample.messages[0]["content"] if part["type"] == "text")
        metadata = {"source_dataset": problem.source, "source_index": index, "difficulty": {"level": problem.meta["level"]}}
        return {
            "question": question,
            "answer": problem.answer,
            "images": list(problem.images),
            "metadata": metadata | {"id": problem.id, "description": sample.description.text, "formalism": sample.description.formalism},
        }

    def score_answer(self, answer: str | None, entry: Entry) -> float:
        """The common grader's score of an answer, bare or a whole completion: 1.0 right; 0.0 wrong, none, or not to be judged
        (the interface has no word for the last)."""
        if not answer or not answer.strip():
            return 0.0
        index = entry["metadata"]["source_index"]
        task = self.mix.task(index)
        return task.grade(answer, task.problem(index)).score or 0.0


def create_dataset(name: str, **options: Any) -> GymDataset:
    """As reasoning_gym.create_dataset: a task's name (or a mix, `chain:2,scene`) and the options of `GymDataset`."""
    return GymDataset(name, **options)
