"""What is said where there is no cluster to connect to, on a stand-in for Ray."""

import socket
import sys
from types import SimpleNamespace
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


class Connected:
    """Connects a process to made-up clusters. led: where each address leads, else to the cluster of that address."""

    def __init__(self, ray: StandIn, monkeypatch: pytest.MonkeyPatch, led: dict[str | None, str]) -> None:
        self.to: list[str] = []
        self.led = led
        functions = {
            "is_initialized": lambda: bool(self.to),
            "init": self.init,
            "get_runtime_context": lambda: SimpleNamespace(gcs_address=self.to[-1]),
        }
        for name, function in functions.items():
            monkeypatch.setattr(ray, name, function, raising=False)

    def init(self, address: str | None, **options: Any) -> None:
        self.to.append(self.led.get(address, str(address)))

    def end(self) -> None:
        self.to.clear()


@pytest.fixture
def connected(ray: StandIn, monkeypatch: pytest.MonkeyPatch) -> Connected:
    return Connected(ray, monkeypatch, {None: "new", "ray://first": "first"})


def test_a_process_has_one_cluster_at_a_time(connected: Connected) -> None:
    from dlbench_ray.executor import RayExecutor

    for address in ("ray://first", "ray://first", None, "first", "auto"):
        RayExecutor(address=address)
    with pytest.raises(DlbenchError, match="connected to the Ray cluster at first before second was asked for"):
        RayExecutor(address="second")
    connected.end()
    for _ in range(2):
        RayExecutor(address="second")
    assert connected.to == ["second"]


def test_no_address_is_taken_for_another_cluster_that_was_there_before(connected: Connected) -> None:
    from dlbench_ray.executor import RayExecutor

    RayExecutor()
    with pytest.raises(DlbenchError, match="connected to the Ray cluster at new before second was asked for"):
        RayExecutor(address="second")
    connected.end()
    connected.init("first")  # a script's own
    with pytest.raises(DlbenchError, match="connected to the Ray cluster at first before second was asked for"):
        RayExecutor(address="second")


def test_where_a_script_connects_anew_the_former_cluster_is_forgotten(connected: Connected) -> None:
    from dlbench_ray.executor import RayExecutor

    RayExecutor(address="ray://first")
    connected.end()
    connected.init("second")
    RayExecutor(address="second")
    with pytest.raises(DlbenchError, match="connected to the Ray cluster at second before ray://first was asked for"):
        RayExecutor(address="ray://first")


def test_without_ray_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from dlbench_ray.executor import RayExecutor

    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "dlbench_ray.cluster", raising=False)
    with pytest.raises(DlbenchError) as raised:
        RayExecutor()
    assert str(raised.value).startswith("Ray is not installed here.")
