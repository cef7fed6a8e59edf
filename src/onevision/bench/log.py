"""A run as an inspect-ai log: `inspect view --log-dir FOLDER/logs` shows every sample.

Only the log is inspect-ai's, not the loop that asks: that loop took 10.6 ms of CPU a sample with an instant model, where
this project allows itself 5 for everything (docs/benchmarks.md).
"""

from collections.abc import Mapping
from typing import Any

from inspect_ai.log import (
    EvalConfig,
    EvalDataset,
    EvalLog,
    EvalMetric,
    EvalResults,
    EvalSample,
    EvalScore,
    EvalSpec,
    EvalStats,
    write_eval_log,
)
from inspect_ai.model import ChatMessageAssistant, ChatMessageUser, ContentImage, ContentText, GenerateConfig, ModelOutput, ModelUsage
from inspect_ai.scorer import Score

from onevision.models.prompts import messages_for
from onevision.report.tables import Run, line
from onevision.store import content_id

SCORER = "grade"


def write_log(run: Run) -> None:
    """Write `logs/BENCHMARK.json` in the run's folder: written in one piece, where inspect-ai's zipped form costs 2.5 ms of CPU
    a sample. Pictures are named by their path, not copied into it."""
    about, all_ = run.about, line("all", run.records)
    sampling = about["sampling"]
    config = GenerateConfig(**{key: sampling[key] for key in ("temperature", "top_p", "seed")}, max_tokens=sampling["max_new_tokens"])
    spec = EvalSpec(
        created=about["created"],
        task=about["benchmark"],
        task_args={"split": about["split"]},
        dataset=EvalDataset(name=run.name, samples=len(run.records)),
        model=about["model"],
        model_generate_config=config,
        config=EvalConfig(epochs=about["n"]),
        packages=about["packages"],
        metadata={"prompt": about["prompt"], "engine": about["engine"], "revision": about["revision"]},
    )
    metrics = {} if all_.score is None else {"accuracy": EvalMetric(name="accuracy", value=all_.score.value)}
    score = EvalScore(name=SCORER, scorer=SCORER, scored_samples=all_.judged, unscored_samples=all_.problems - all_.judged, metrics=metrics)
    total = len(run.records) * about["n"]
    results = EvalResults(total_samples=total, completed_samples=total, scores=[score])
    samples = [_sample(record, epoch, about["model"], run) for record in run.records for epoch in range(about["n"])]
    stats = EvalStats(started_at=about["created"], completed_at=about["created"])
    log = EvalLog(status="success", eval=spec, results=results, stats=stats, samples=samples)
    path = run.folder / "logs" / f"{about['benchmark'].replace('/', '-')}.json"
    path.parent.mkdir(exist_ok=True)
    write_eval_log(log, str(path))


def _sample(record: Mapping[str, Any], epoch: int, model: str, run: Run) -> EvalSample:
    one = record["completions"][epoch]
    asked = messages_for((), record["question"], record["choices"])[0]["content"][0]["text"]
    pictures = [ContentImage(image=str((run.folder / "pictures" / name).resolve())) for name in record["pictures"]]
    question = ChatMessageUser(id=_id(record, epoch, "q"), content=[*pictures, ContentText(text=asked)])
    reply = ChatMessageAssistant(id=_id(record, epoch, "a"), content=one["text"], model=model)
    output = ModelOutput.from_content(model, one["text"], stop_reason="max_tokens" if one["stop"] == "length" else "stop")
    output.usage = ModelUsage(output_tokens=one["tokens"] or 0)
    return EvalSample(
        id=record["id"],
        epoch=epoch + 1,
        uuid=_id(record, epoch, "s"),
        input=[question],
        choices=list(record["choices"]) if record["choices"] else None,
        target=record["gold"] or "",
        messages=[question, reply],
        output=output,
        scores={SCORER: _score(one)},
        metadata=dict(record["meta"]),
        total_time=record["seconds"],
    )


def _score(one: Mapping[str, Any]) -> Score:
    """Unscored is not wrong: inspect-ai leaves such samples out of its metrics too."""
    if one["score"] is None:
        return Score.unscored(answer=one["answer"], explanation=one["reason"])
    return Score(value=one["score"], answer=one["answer"], explanation=one["reason"])


def _id(record: Mapping[str, Any], epoch: int, part: str) -> str:
    """The same run has the same ids."""
    return content_id(record["id"], str(epoch), part)[:22]
