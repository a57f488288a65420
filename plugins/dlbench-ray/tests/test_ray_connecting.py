"""What is said where there is no cluster to connect to, on a stand-in for Ray."""

import socket
import sys
from typing import Any

import pytest
from ray_stand_in import StandIn

from dlbench import DlbenchError

pytest_plugins = ["ray_stand_in"]


def test_where_nobody_listens_is_said_at_once(ray: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    from dlbench_ray.executor import RayExecutor

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(DlbenchError) as raised:
            RayExecutor(address=address)
    assert str(raised.value).startswith("There is no Ray cluster at 127.0.0.1:")
    assert "(Connection refused)" in str(raised.value)


def test_of_what_rays_server_says_the_reason_is_quoted(ray: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    from dlbench_ray.executor import RayExecutor

    def init(**options: Any) -> None:
        raise ConnectionAbortedError("Initialization failure from server:\nThe port is taken.\n")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", init, raising=False)
    with pytest.raises(DlbenchError, match=r"There is no Ray cluster to connect to \(The port is taken\)\."):
        RayExecutor()


def test_a_process_has_one_cluster_at_a_time(ray: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    from dlbench_ray.executor import RayExecutor

    addresses: list[str] = []
    monkeypatch.setattr(ray, "is_initialized", lambda: bool(addresses))
    monkeypatch.setattr(ray, "init", lambda address, **options: addresses.append(address), raising=False)
    for address in ("first", "first", None):
        RayExecutor(address=address)
    with pytest.raises(DlbenchError, match="is connected to the Ray cluster at first, not to one at second"):
        RayExecutor(address="second")
    addresses.clear()  # ray.shutdown()
    for _ in range(2):
        RayExecutor(address="second")
    assert addresses == ["second"]


def test_without_ray_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from dlbench_ray.executor import RayExecutor

    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "dlbench_ray.cluster", raising=False)
    with pytest.raises(DlbenchError) as raised:
        RayExecutor()
    assert str(raised.value).startswith("Ray is not installed here.")
