"""How far the question alone leads: python benchmarks/shortcut.py [NAME ...] [--train 5000] [--test 1000] [--out FILE.json]

For every task, the share of test items that are answered rightly without their pictures by

    majority   the commonest answer of the training items
    lookup     the commonest answer to the very same question among them, else the majority
    n-grams    softmax regression on the TF-IDF of the question's words and pairs of words, for the commonest answers

`over` is the better of the last two less the majority, in points. Training items are of the split train, the others of
test; all levels, and the choices of a multiple-choice question count as part of it.
"""

import argparse
import json
import re
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path

import torch

from onevision import tasks
from onevision.tasks.base import Task
from onevision.tasks.canvas import Canvas

SIZE = (64, 64)
FEATURES, CLASSES, ROUNDS = 2000, 100, 60
Pairs = list[tuple[str, str]]
"""(question, answer)"""


def draw_nothing() -> None:
    """Turn the canvas's strokes off: only words count here, and they are chosen before anything is drawn."""
    for stroke in ("line", "polygon", "ellipse", "text"):
        setattr(Canvas, stroke, lambda *args, **options: None)
    # A blank page would belong to one split alone.
    Task.claim_picture = lambda *args: None  # type: ignore[method-assign]


def pairs(name: str, split: str, count: int) -> Pairs:
    """Questions, choices included, with their answers."""
    problems = map(tasks.make(name, split=split, size=SIZE).problem, range(count))
    return [("\n".join((p.question, *(p.choices or ()))), p.answer or "") for p in problems]


def grams(question: str) -> list[str]:
    """Words and numbers in small letters, and neighbouring pairs of them."""
    words = re.findall(r"\w+|[^\w\s]", question.lower())
    return words + [f"{a} {b}" for a, b in pairwise(words)]


def share_right(guesses: list[str], items: Pairs) -> float:
    return sum(guess == answer for guess, (_, answer) in zip(guesses, items, strict=True)) / len(items)


def lookup(train: Pairs, test: Pairs, majority: str) -> list[str]:
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for question, answer in train:
        seen[question][answer] += 1
    return [seen[question].most_common(1)[0][0] if question in seen else majority for question, _ in test]


def classify(train: Pairs, test: Pairs) -> list[str]:
    """Softmax regression, full batches under Adam, a little weight decay."""
    torch.manual_seed(0)
    documents = Counter(gram for question, _ in train for gram in set(grams(question)))
    index = {gram: k for k, (gram, _) in enumerate(documents.most_common(FEATURES))}
    rarity = torch.tensor([len(train) / documents[gram] for gram in index]).log() + 1
    answers = [answer for answer, _ in Counter(answer for _, answer in train).most_common(CLASSES)]
    known = [(question, answer) for question, answer in train if answer in set(answers)]
    features = _tfidf([question for question, _ in known], index, rarity)
    labels = torch.tensor([answers.index(answer) for _, answer in known])
    layer = torch.nn.Linear(len(index), len(answers))
    optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1, weight_decay=0.02)
    for _ in range(ROUNDS):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(layer(features), labels).backward()
        optimizer.step()
    with torch.no_grad():
        best = layer(_tfidf([question for question, _ in test], index, rarity)).argmax(1)
    return [answers[k] for k in best.tolist()]


def _tfidf(questions: list[str], index: dict[str, int], rarity: torch.Tensor) -> torch.Tensor:
    """(questions, features), rows of length 1."""
    rows = torch.zeros(len(questions), len(index))
    for row, question in zip(rows, questions, strict=True):
        for gram in grams(question):
            if gram in index:
                row[index[gram]] += 1
    return torch.nn.functional.normalize(rows * rarity)


def measure(name: str, train_count: int, test_count: int) -> dict[str, float | str]:
    torch.set_num_threads(1)
    draw_nothing()
    train, test = pairs(name, "train", train_count), pairs(name, "test", test_count)
    majority = Counter(answer for _, answer in train).most_common(1)[0][0]
    found = {
        "majority": share_right([majority] * len(test), test),
        "lookup": share_right(lookup(train, test, majority), test),
        "n-grams": share_right(classify(train, test), test),
    }
    return {"task": name, **found, "over": 100 * (max(found["lookup"], found["n-grams"]) - found["majority"])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--train", type=int, default=5000)
    parser.add_argument("--test", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    names = args.names or tasks.names()
    rows = []
    print(f"{'task':22}{'majority':>10}{'lookup':>10}{'n-grams':>10}{'over':>8}")
    with ProcessPoolExecutor(args.processes) as pool:
        for row in pool.map(measure, names, [args.train] * len(names), [args.test] * len(names)):
            rows.append(row)
            print(f"{row['task']:22}{row['majority']:>10.1%}{row['lookup']:>10.1%}{row['n-grams']:>10.1%}{row['over']:>8.1f}", flush=True)
            if args.out:
                args.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
