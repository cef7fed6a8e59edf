"""Two Ray machines on one: run where Ray is installed (pip install 'onevision[ray]'); it starts a cluster, so it is asked for.

ONEVISION_TEST_RAY=1 python -m pytest tests/engine/test_ray_engine.py
"""

import asyncio
import os

import pytest

from onevision import tasks
from onevision.engine.base import SamplingParams
from onevision.models.prompts import messages_for

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.skipif(not os.environ.get("ONEVISION_TEST_RAY"), reason="starts a Ray cluster: set ONEVISION_TEST_RAY=1")


def test_two_machines_answer_as_one(tiny_model_dir, tiny, tmp_path):
    from ray.cluster_utils import Cluster

    from onevision.bench.journal import Journal
    from onevision.bench.run import Asking, answer_all
    from onevision.engine.ray import RayEngine
    from onevision.engine.torch import TorchEngine
    from onevision.errors import InputError

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False)
    try:
        engine = RayEngine(str(tiny_model_dir))
        assert len(set(engine.nodes())) == 2
        task = tasks.make("scene", split="test", levels=(1,), size=(112, 112))
        problems, asking = [task[i] for i in range(80)], Asking("tiny", SamplingParams(max_new_tokens=6))
        spread = answer_all(engine, problems, asking, Journal(tmp_path / "ray.jsonl"))
        alone = answer_all(TorchEngine(*tiny), problems, asking, Journal(tmp_path / "alone.jsonl"))
        assert [a["completions"] for a in spread] == [a["completions"] for a in alone]
        with pytest.raises(InputError, match="question is empty"):
            asyncio.run(engine.generate([{"role": "user", "content": " "}], SamplingParams()))
        chat = messages_for(problems[0].images, problems[0].question)
        assert len(asyncio.run(engine.generate(chat, SamplingParams(max_new_tokens=2, temperature=1.0, seed=1), 3))) == 3
        engine.close()
    finally:
        ray.shutdown()
        cluster.shutdown()
