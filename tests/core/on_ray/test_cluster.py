from __future__ import annotations

import pytest
from serving import free_port

from gameable.errors import WorkerError
from gameable.on_ray.cluster import Room, connect, room


def there(monkeypatch: pytest.MonkeyPatch, **resources: float) -> None:
    monkeypatch.setattr("ray.cluster_resources", lambda: resources)


def test_without_gpus_there_is_a_worker_for_each_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    there(monkeypatch, CPU=2.0, memory=1e9)
    assert room(gpus=1) == Room(2, {"num_cpus": 1})


def test_a_worker_takes_the_gpus_that_its_policy_is_spread_over(monkeypatch: pytest.MonkeyPatch) -> None:
    there(monkeypatch, CPU=64.0, GPU=8.0)
    assert room(gpus=1) == Room(8, {"num_gpus": 1, "num_cpus": 1})
    assert room(gpus=2).workers == 4
    assert str(room(gpus=2)) == "2 GPU and 1 CPU"


def test_a_policy_without_a_model_of_its_own_leaves_gpus_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    there(monkeypatch, CPU=64.0, GPU=8.0)
    assert room(gpus=0) == Room(64, {"num_cpus": 1})


def test_a_missing_ray_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gameable.on_ray.cluster.find_spec", lambda name: None)
    with pytest.raises(WorkerError, match=r"pip install 'gameable\[ray\]'"):
        connect("")


def test_an_address_for_clients_outside_of_a_cluster_is_refused() -> None:
    with pytest.raises(WorkerError, match="start it on a machine of the cluster"):
        connect("ray://head:10001")


def test_a_cluster_that_does_not_answer_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(**_: object) -> None:
        raise ConnectionError("could not find any running Ray instance")

    monkeypatch.setattr("ray.is_initialized", lambda: False)
    monkeypatch.setattr("ray.init", nobody)
    with pytest.raises(WorkerError, match="ray start --head"):
        connect("auto")


def test_an_address_where_nobody_listens_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    with pytest.raises(WorkerError, match="Connection refused"):
        connect(f"127.0.0.1:{free_port()}")
