"""What Kubernetes is asked for: the Job of one sandboxed job, and the policy that none of them has a network.

Sources: the Kubernetes API reference, ``batch/v1`` and ``networking.k8s.io/v1``, and the Pod Security Standard
"restricted", which a namespace for these jobs can enforce.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scoring.sandbox import launching

LABEL = "podium-sandbox"
"""On every pod, for the policy: its value is the slot, by which what was left is found."""
JOB, COLLECTOR = "job", "collector"
GRACE_S = 300
KEPT_S = 300
"""How long Kubernetes keeps a Job that ended and that nobody came for."""
COLLECT = """
import os, sys, tarfile, time
while not os.path.exists("/control/go"): time.sleep(0.05)
with tarfile.open("/back/part.tar", "w") as tar:
    def take(folder, name):
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            inner = name + "/" + entry.name
            try:
                if tar.offset > int(sys.argv[1]): return
                tar.add(entry.path, inner, recursive=False)
                if entry.is_dir(follow_symlinks=False): take(entry.path, inner)
            except OSError: pass
    take("/out", ".")
os.rename("/back/part.tar", "/back/out.tar")
"""
"""Runs in the collector, when the job's container has ended. It trusts nothing, and nothing trusts it."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What an operator says of the cluster."""

    namespace: str
    image: str
    collector: str
    """An image of the operator's that has python3."""
    claim: str
    """A volume claim that the worker has mounted as well."""
    runtime: str = ""
    """A runtime class, such as one for gVisor."""
    seccomp: str = ""
    """A profile on the nodes, below the kubelet's seccomp folder; without one, the runtime's default."""
    user_namespaces: bool = True
    """Not every file system can be mounted in one: NFS cannot."""


def job(values: dict[str, Any], *, name: str, slot: str, tops: list[str], cluster: Cluster) -> dict[str, Any]:
    """Return the Job for ``values``, a job as its ``to_dict`` says it, with a folder for each of ``tops``."""
    limits = values["limits"]
    labels = {LABEL: slot}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": cluster.namespace, "labels": labels},
        "spec": {
            "activeDeadlineSeconds": int(limits["wall_s"]) + GRACE_S,
            "backoffLimit": 0,
            "ttlSecondsAfterFinished": KEPT_S,
            "template": {
                "metadata": {"labels": labels},
                "spec": _pod(values, name=name, tops=tops, cluster=cluster),
            },
        },
    }


def _pod(values: dict[str, Any], *, name: str, tops: list[str], cluster: Cluster) -> dict[str, Any]:
    limits = values["limits"]
    scratch = limits["scratch_bytes"]
    profile = {"type": "Localhost", "localhostProfile": cluster.seccomp} if cluster.seccomp else None
    nobody = {"runAsNonRoot": True, "runAsUser": launching.INSIDE, "runAsGroup": launching.INSIDE}
    return {
        "automountServiceAccountToken": False,
        "containers": [
            _job_container(values, name=name, tops=tops, cluster=cluster),
            _collector(name, limits, cluster),
        ],
        "enableServiceLinks": False,
        "hostname": "sandbox",
        **({} if not cluster.user_namespaces else {"hostUsers": False}),
        "restartPolicy": "Never",
        **({"runtimeClassName": cluster.runtime} if cluster.runtime else {}),
        "securityContext": {**nobody, "seccompProfile": profile or {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": 0,
        "volumes": [
            {"name": "share", "persistentVolumeClaim": {"claimName": cluster.claim}},
            _memory("out", limits["output_bytes"]),
            _memory("tmp", scratch),
            _memory("shm", scratch),
        ],
    }


def _memory(name: str, size: int) -> dict[str, Any]:
    """Return a volume in memory, which has its size from the kernel and counts as memory of whoever writes."""
    return {"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": str(int(size))}}


def _job_container(values: dict[str, Any], *, name: str, tops: list[str], cluster: Cluster) -> dict[str, Any]:
    limits = values["limits"]
    environment = launching.environment(values)
    places = {"out": "/out", "tmp": "/tmp", "shm": "/dev/shm"}  # noqa: S108 - they are inside
    return {
        "name": JOB,
        "image": cluster.image,
        "command": list(values["command"]),
        "workingDir": values["folder"],
        "env": [{"name": key, "value": value} for key, value in environment.items()],
        **_bounds(cpus=limits["cpus"], memory=limits["memory_mb"] << 20),
        "volumeMounts": [
            *({"name": volume, "mountPath": path} for volume, path in places.items()),
            *(_shared(f"{name}/in/{top}", f"/{top}", read_only=True) for top in tops),
        ],
    }


def _collector(name: str, limits: dict[str, Any], cluster: Cluster) -> dict[str, Any]:
    return {
        "name": COLLECTOR,
        "image": cluster.collector,
        "command": ["python3", "-I", "-c", COLLECT, str(2 * limits["output_bytes"])],
        **_bounds(cpus=0.5, memory=128 << 20),
        "volumeMounts": [
            {"name": "out", "mountPath": "/out", "readOnly": True},
            _shared(f"{name}/control", "/control", read_only=True),
            _shared(f"{name}/back", "/back", read_only=False),
        ],
    }


def _shared(path: str, target: str, *, read_only: bool) -> dict[str, Any]:
    return {"name": "share", "mountPath": target, "subPath": path, "readOnly": read_only}


def _bounds(*, cpus: float, memory: int) -> dict[str, Any]:
    """Return what binds a container. It asks for all that it may have, so that no node is overcommitted."""
    amounts = {"cpu": f"{int(cpus * 1000)}m", "memory": str(memory), "ephemeral-storage": "64Mi"}
    return {
        "imagePullPolicy": "IfNotPresent",
        "resources": {"limits": amounts, "requests": amounts},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "privileged": False,
            "readOnlyRootFilesystem": True,
        },
    }


def no_network(cluster: Cluster) -> dict[str, Any]:
    """Return the policy by which no pod of ours is reached or reaches anything."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": LABEL, "namespace": cluster.namespace},
        "spec": {
            "podSelector": {"matchExpressions": [{"key": LABEL, "operator": "Exists"}]},
            "policyTypes": ["Ingress", "Egress"],
        },
    }
