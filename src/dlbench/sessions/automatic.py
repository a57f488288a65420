"""What "auto" means: on this machine, or on all nodes of an executor, which have to agree."""

from collections.abc import Sequence
from dataclasses import replace

from dlbench.errors import DlbenchError
from dlbench.machine import Machine
from dlbench.trials.node import Node
from dlbench.trials.settings import Settings

_RESOLVED = ("device", "precision", "matmul_precision")


def resolve_settings(wanted: Settings, machine: Machine) -> Settings:
    """Return settings with what "auto" means on a machine."""
    device = machine.device(wanted.device)
    return replace(
        wanted,
        device=device,
        precision=machine.precision(wanted.precision, device),
        matmul_precision=machine.matmul_precision(wanted.matmul_precision, device),
        cuda_graphs=wanted.cuda_graphs and device == "cuda",
    )


def agreed_settings(wanted: Settings, nodes: Sequence[Node]) -> Settings:
    """Return settings with what "auto" means on the nodes that have the device.

    Raises DlbenchError where no node has it, or where they differ.
    """
    found = {node.host: resolve_settings(wanted, node.machine) for node in nodes if _has(node.machine, wanted.device)}
    if not found:
        there = dict.fromkeys(device for node in nodes for device in node.machine.devices)
        raise DlbenchError(
            f"No node has a {wanted.device} device: on {_hosts([node.host for node in nodes])}, torch finds "
            f"{', '.join(there)}.",
            "Use --device cpu, or other nodes.",
        )
    differing = [name for name in _RESOLVED if len({getattr(each, name) for each in found.values()}) > 1]
    if differing:
        raise _disagreement(found, differing)
    return next(iter(found.values()))


def _has(machine: Machine, device: str) -> bool:
    return device == "auto" or device in machine.devices


def _disagreement(found: dict[str, Settings], differing: Sequence[str]) -> DlbenchError:
    hosts: dict[str, list[str]] = {}
    for host, settings in found.items():
        meant = ", ".join(f"{name.replace('_', ' ')} {getattr(settings, name)}" for name in differing)
        hosts.setdefault(meant, []).append(host)
    answers = "; ".join(f"{meant} on {_hosts(names)}" for meant, names in hosts.items())
    options = " and ".join(f"--{name.replace('_', '-')}" for name in differing)
    return DlbenchError(f"The nodes differ in what auto means: {answers}.", f"Choose with {options}.")


def _hosts(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
