"""A plan as a task that others carry out: SkyPilot, Slurm, Kubernetes. All start Ray on the machines, then `dono`."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from dono import __version__
from dono.artifacts import write_atomically
from dono.costs import Asked, Machine, RunPlan, Shape
from dono.costs.layouts import WITHIN_NODE
from dono.errors import Mistake

SHARED = "/dono"
"""The folder that all machines mount: the project with its work folder. A person says where it comes from."""
PORT = 6379
CORES, GIGABYTES = 8, 64
"""Processors and memory asked for beside each GPU (assumed; usual machines have more)."""
SKYPILOT_NAMES = {"H100-80GB": "H100", "H100-PCIe": "H100", "A100-40GB": "A100", "RTX-4090": "RTX4090"}
"""What SkyPilot calls a machine, where it has a name of its own."""
HEAD_SIZE = 128


@dataclass(frozen=True)
class Order:
    """What is to be carried out: the run, its plan, on `gpus` of a machine."""

    asked: Asked
    shape: Shape
    plan: RunPlan
    machine: Machine
    gpus: int

    @property
    def nodes(self) -> int:
        """Machines of eight GPUs, or one of fewer."""
        return math.ceil(self.gpus / WITHIN_NODE)

    @property
    def per_node(self) -> int:
        """GPUs of each machine."""
        return min(self.gpus, WITHIN_NODE)

    @property
    def name(self) -> str:
        """Of the task: letters, digits and dashes."""
        return f"dono-{self.asked.parameters / 1e9:.3g}b-{self.gpus}x".replace(".", "-").replace("+", "").lower()

    @property
    def command(self) -> str:
        """The command line that carries it out, given the project file."""
        asked, route = self.asked, "finetune/lora" if self.asked.lora else "scratch"
        settings: dict[str, object] = {
            "machine.gpu": self.machine.name, "machine.count": self.gpus, "budget.tokens": f"{asked.tokens:.0f}",
            "training.batch": max(1, asked.batch_tokens // asked.context), "scratch.context": asked.context,
        }  # fmt: skip
        if not asked.lora:
            width = self.shape.width
            settings |= {
                "scratch.width": width, "scratch.layers": self.shape.layers,
                "scratch.heads": max(1, width // HEAD_SIZE), "scratch.vocabulary": asked.vocabulary,
            }  # fmt: skip
        sizes = [f"{key}={value}" for key, value in settings.items()]
        return shlex.join(["dono", "build", "dono.yaml", *sizes, "--route", route, "--on", "auto"])

    @property
    def hours(self) -> float:
        """The longest that it is expected to take."""
        return self.plan.hours.hi


def skypilot(order: Order) -> str:
    """A SkyPilot task (docs.skypilot.co, "SkyPilot YAML"): Ray on all nodes, the command on the first."""
    run = [
        "set -euo pipefail",
        f"cd {SHARED}",
        'head=$(echo "$SKYPILOT_NODE_IPS" | head -n 1)',
        'start="ray start --num-gpus $SKYPILOT_NUM_GPUS_PER_NODE --disable-usage-stats"',
        'if [ "$SKYPILOT_NODE_RANK" != 0 ]; then',
        f"  until $start --address $head:{PORT}; do sleep 5; done",
        "  sleep 5",
        "  exit 0",
        "fi",
        f"$start --head --port {PORT}",
        _all_here(order),
        order.command,
    ]
    accelerator = SKYPILOT_NAMES.get(order.machine.name, order.machine.name)
    task = {
        "name": order.name,
        "num_nodes": order.nodes,
        "resources": {
            "accelerators": f"{accelerator}:{order.per_node}", "cpus": f"{CORES * order.per_node}+",
            "memory": f"{GIGABYTES * order.per_node}+",
            "job_recovery": {"strategy": "FAILOVER", "max_restarts_on_errors": 3},
        },
        "volumes": {SHARED: "dono"},
        "setup": f'pip install "dono[cluster]=={__version__}"\n',
        "run": "\n".join(run) + "\n",
    }  # fmt: skip
    return _told(order, "sky jobs launch FILE", "The volume `dono` holds the project: `sky volumes ls`.") + _yaml(task)


def slurm(order: Order) -> str:
    """A batch script for Slurm's sbatch; it is queued again when a node fails, and goes on from its checkpoints."""
    needs = f"{SHARED} is a file system that all nodes mount; dono[cluster] is installed."
    lines = [
        "#!/usr/bin/env bash",
        f"#SBATCH --job-name={order.name}",
        f"#SBATCH --nodes={order.nodes}",
        "#SBATCH --ntasks-per-node=1",
        f"#SBATCH --gpus-per-node={order.per_node}",
        f"#SBATCH --cpus-per-task={CORES * order.per_node}",
        f"#SBATCH --mem={GIGABYTES * order.per_node}G",
        f"#SBATCH --time={_days(order.hours)}",
        "#SBATCH --requeue",
        "#SBATCH --output=%x-%j.log",
        _told(order, "sbatch FILE", needs).rstrip(),
        "set -euo pipefail",
        f"cd {SHARED}",
        'nodes=($(scontrol show hostnames "$SLURM_JOB_NODELIST"))',
        f"start='ray start --block --disable-usage-stats --num-gpus {order.per_node}'",
        f'srun --nodes=1 --ntasks=1 --nodelist="${{nodes[0]}}" $start --head --port {PORT} &',
        "sleep 20",
        'for node in "${nodes[@]:1}"; do',
        f'  srun --nodes=1 --ntasks=1 --nodelist="$node" $start --address "${{nodes[0]}}:{PORT}" &',
        "done",
        f"export RAY_ADDRESS=\"${{nodes[0]}}:{PORT}\"",
        _all_here(order),
        order.command,
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def rayjob(order: Order) -> str:
    """A RayJob of KubeRay (ray.io/v1): a cluster that is made for the command and removed after it."""
    claim = {"name": "dono", "persistentVolumeClaim": {"claimName": "dono"}}

    def pod(gpus: int) -> dict[str, object]:
        asked: dict[str, object] = {"cpu": str(CORES * max(gpus, 1)), "memory": f"{GIGABYTES * max(gpus, 1)}Gi"}
        if gpus:
            asked["nvidia.com/gpu"] = str(gpus)
        ray = {
            "name": "ray", "image": f"dono:{__version__}", "workingDir": SHARED,
            "resources": {"limits": asked, "requests": asked},
            "volumeMounts": [{"name": "dono", "mountPath": SHARED}],
        }  # fmt: skip
        return {"spec": {"containers": [ray], "volumes": [claim]}}

    cluster = {
        "headGroupSpec": {"rayStartParams": {"num-cpus": "0"}, "template": pod(0)},
        "workerGroupSpecs": [
            {
                "groupName": "gpus", "replicas": order.nodes, "minReplicas": order.nodes, "maxReplicas": order.nodes,
                "rayStartParams": {}, "template": pod(order.per_node),
            }
        ],
    }  # fmt: skip
    job = {
        "apiVersion": "ray.io/v1",
        "kind": "RayJob",
        "metadata": {"name": order.name},
        "spec": {
            "entrypoint": f"bash -c {shlex.quote(f'cd {SHARED} && {_all_here(order)} && {order.command}')}",
            "shutdownAfterJobFinishes": True, "backoffLimit": 3,
            "activeDeadlineSeconds": math.ceil(order.hours * 3600), "rayClusterSpec": cluster,
        },
    }  # fmt: skip
    needs = "The image has dono[cluster]; the claim `dono` is ReadWriteMany and holds the project."
    return _told(order, "kubectl apply -f FILE", needs) + _yaml(job)


ORDERS: dict[str, Callable[[Order], str]] = {"skypilot": skypilot, "slurm": slurm, "rayjob": rayjob}
"""By the tool what it is given."""


def write_order(kind: str, order: Order, path: Path) -> None:
    """Write the task for one of `ORDERS`. Raises `Mistake` for machines that it cannot be written for."""
    if order.machine.name.startswith("TPU"):
        raise Mistake("tasks are written for GPUs alone", where="--machine", remedy="Name a GPU, like 64xH100")
    if order.gpus > WITHIN_NODE and order.gpus % WITHIN_NODE:
        what = f"{order.gpus} GPUs are no whole machines of {WITHIN_NODE}"
        raise Mistake(what, where="--machine", remedy=f"Take a multiple of {WITHIN_NODE}")
    write_atomically(path, ORDERS[kind](order))


def _told(order: Order, use: str, needs: str) -> str:
    sizes = f"{order.asked.parameters:.3g} parameters over {order.asked.tokens:.3g} tokens"
    hours = f"about {order.plan.hours.mid:,.0f} hours ({order.plan.hours.lo:,.0f} to {order.plan.hours.hi:,.0f})"
    return f"# {sizes} on {order.gpus} × {order.machine.name}: {hours}, by `dono plan`.\n# Use: {use}\n# {needs}\n"


def _all_here(order: Order) -> str:
    """Wait until every GPU has joined."""
    return f"python -m dono.runners.waiting {order.gpus}"


class _Dumper(yaml.SafeDumper):
    """Text of several lines as people write it."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _yaml(value: object) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=10_000, allow_unicode=True)


def _days(hours: float) -> str:
    """Slurm's D-HH:MM:SS, rounded up to a minute."""
    minutes = math.ceil(hours * 60)
    return f"{minutes // 1440}-{minutes // 60 % 24:02d}:{minutes % 60:02d}:00"
