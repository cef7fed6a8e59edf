"""Two Ray machines on one; it starts a cluster, so it is asked for.

ONEVISION_TEST_RAY=1 python -m pytest tests/forge/test_ray_forge.py
"""

import os

import pytest

from onevision.errors import OneVisionError
from onevision.forge.recipe import load_recipe
from onevision.forge.run import forge
from tests.forge.conftest import asking, mind, running, tasks_recipe
from tests.forge.endpoint import Endpoint
from tests.forge.test_run import contents

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.skipif(not os.environ.get("ONEVISION_TEST_RAY"), reason="starts a Ray cluster: set ONEVISION_TEST_RAY=1")


def test_two_machines_forge_what_one_does(tmp_path):
    from ray.cluster_utils import Cluster

    from onevision.forge.cluster import forge_on_ray

    for name in ("one", "two", "poor"):
        (tmp_path / name).mkdir()
    endpoint = Endpoint(mind(load_recipe(tasks_recipe(tmp_path / "one"))), delay=0.01)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False)
    try:
        with running(endpoint) as url:
            alone = forge(load_recipe(tasks_recipe(tmp_path / "one", near={}, **asking(url))))
            spread = forge_on_ray(load_recipe(tasks_recipe(tmp_path / "two", near={}, **asking(url))))
            with pytest.raises(OneVisionError, match="its budget of 9 is spent"):
                forge_on_ray(load_recipe(tasks_recipe(tmp_path / "poor", **asking(url, budget=9, price=[0, 1e6]))))
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert contents(tmp_path / "one" / "out") == contents(tmp_path / "two" / "out")
    assert {k: v for k, v in spread.items() if k not in ("seconds", "endpoints")} == {
        k: v for k, v in alone.items() if k not in ("seconds", "endpoints")
    }
    assert spread["endpoints"]["model"]["answers"] == alone["endpoints"]["model"]["answers"]
