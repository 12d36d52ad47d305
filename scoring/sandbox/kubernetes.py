"""The backend of a cluster: each job is a Job of Kubernetes. It was tested against a stand-in API server only.

**Theory of operation.** Workers and jobs share one volume claim that can be mounted in several places at once
(ReadWriteMany). A job has a folder of its own there, of which its pod sees only these parts:

1. The worker copies code and input to ``in/``: regular files only. The job sees them read-only.
2. It makes the policy that denies our pods any network, where there is none, and then the Job: one pod with two
   containers, neither with an account, a capability, a writable root or root's user id (:mod:`manifests`). ``job`` runs
   the command. ``/out``, ``/tmp`` and ``/dev/shm`` are in memory, sized, and count as its memory.
3. The worker reads the pod's state and the log of ``job`` until that container has ended or passed a limit. To end it,
   the Job is deleted with its pod.
4. Only then the worker writes ``control/go``, for which ``collector``, of the operator's image, waits: it packs
   ``/out`` as a tar into ``back/``, the only place where a pod can write to the share.
5. The worker reads that tar by the rules of :mod:`scoring.sandbox.tars`, and deletes Job and folder.

A worker that is killed leaves a Job that Kubernetes ends at its deadline and removes; ``reap()`` removes it, and its
folder, sooner.

**What differs from bubblewrap.** Both streams are one, in ``stdout``. There is no channel, and no tree of the worker's:
an environment is an image. Memory and CPU time are limited and not told. A job that was killed leaves no output. The
number of processes is the kubelet's to limit, for all pods alike: set ``podPidsLimit`` on the nodes. A policy is only
as good as the network plugin, and some ignore all of them: a canary tries to reach the API server from inside.

It is told where the API is by PODIUM_KUBERNETES_URL, or finds it as every pod does; the account of the worker must be
allowed to create, list and delete jobs and network policies, and to list pods and read their logs, in one namespace.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import platform
import secrets
import socket
import stat
import tarfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from scoring.sandbox import bubblewrap, manifests
from scoring.sandbox.cgroups import PREFIX, find_parents
from scoring.sandbox.collecting import copy_in
from scoring.sandbox.container import IMAGE
from scoring.sandbox.jobs import Canary, Isolation, JobSpec, Result, Verdict
from scoring.sandbox.slots import SLOTS, Slot, free, owner, remove_tree, take
from scoring.sandbox.tars import Pieces, TarCollection
from scoring.sandbox.watching import CANCELLED, Live, SandboxError, Stream

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TICK_S = 0.2
BEGINNING_S = 300.0
"""How long a pod may wait for a node and its image."""
COLLECTING_S = 120.0
ANSWER_S = 30.0
NEVER = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError"}
"""Why a container waits that will not start."""


class Kubernetes:
    """Runs jobs in a cluster. It may be used by several threads.

    Where the cluster is comes from PODIUM_KUBERNETES_URL, _NAMESPACE, _CLAIM and _SHARE, the last of which is where
    this process has the claim mounted. ``image`` (or PODIUM_SANDBOX_IMAGE), ``collector`` (by default the same),
    ``runtime`` (or PODIUM_SANDBOX_RUNTIME) and ``seccomp`` are as in :class:`manifests.Cluster`; ``slots`` as in
    bubblewrap.
    """

    name = "kubernetes"

    def __init__(
        self,
        *,
        image: str = "",
        collector: str = "",
        runtime: str = "",
        seccomp: str = "",
        user_namespaces: bool = True,
        slots: range = range(SLOTS),
        environment: dict[str, str] | None = None,
    ) -> None:
        known = dict(os.environ) if environment is None else environment
        self._api, namespace = Api(known), _namespace(known)
        self._share, self._slots = Path(known.get("PODIUM_KUBERNETES_SHARE", "/share")), slots
        image = image or known.get("PODIUM_SANDBOX_IMAGE") or IMAGE
        self._cluster = manifests.Cluster(
            namespace=namespace,
            image=image,
            collector=collector or image,
            claim=known.get("PODIUM_KUBERNETES_CLAIM", "podium-sandbox"),
            runtime=runtime or known.get("PODIUM_SANDBOX_RUNTIME", ""),
            seccomp=seccomp,
            user_namespaces=user_namespaces,
        )

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def probe(self) -> Isolation:
        """Try what isolation must do here, canary by canary."""
        from scoring.sandbox.probing import canaries  # noqa: PLC0415 - only here

        tried = canaries(self, self._ready(), reach=self._api.address)
        return Isolation(backend=self.name, canaries=tried, memory="the nodes' cgroups", user="engine")

    def run(self, spec: JobSpec) -> Result:
        """Run a job and return what became of it."""
        return self.start(spec).wait()

    def start(self, spec: JobSpec) -> Running:
        """Start a job. What is returned must be waited for. Raises ValueError for what a cluster cannot do."""
        if spec.channel or spec.trees:
            what = "a channel" if spec.channel else "a folder of this machine"
            raise ValueError(f"A job in Kubernetes cannot have {what}.")
        return Running(self, bubblewrap._job(spec))

    def reap(self) -> int:
        """Remove what killed workers of this machine left. Returns how many jobs had left something."""
        found = 0
        for slot in free(self._slots):
            try:
                found += self.clear(slot)
            finally:
                slot.give_back()
        return found

    def clear(self, slot: Slot) -> bool:
        """Remove what there is of a slot's job. Returns whether there was anything."""
        label = _label(slot)
        query = {"labelSelector": f"{manifests.LABEL}={label}"}
        jobs = self._api.ask("GET", self._jobs, params=query)["items"]
        for item in jobs:
            self._api.delete(f"{self._jobs}/{item['metadata']['name']}")
        folders = list(self._share.glob(f"{PREFIX}{label}-*"))
        for folder in folders:
            remove_tree(str(folder))
        return bool(jobs or folders)

    @property
    def _jobs(self) -> str:
        return f"/apis/batch/v1/namespaces/{self._cluster.namespace}/jobs"

    @property
    def _pods(self) -> str:
        return f"/api/v1/namespaces/{self._cluster.namespace}/pods"

    def _deny_network(self) -> None:
        """Make the policy, or let it be as it must be where somebody changed it."""
        path = f"/apis/networking.k8s.io/v1/namespaces/{self._cluster.namespace}/networkpolicies"
        wanted = manifests.no_network(self._cluster)
        try:
            self._api.ask("POST", path, json=wanted)
        except ApiError as error:
            if error.status != httpx.codes.CONFLICT:
                raise
            found = self._api.ask("GET", f"{path}/{manifests.LABEL}")["spec"]
            if found.get("ingress") or found.get("egress") or found.get("podSelector") != wanted["spec"]["podSelector"]:
                raise SandboxError(f"Somebody changed the network policy {manifests.LABEL}: delete it.") from None

    def _ready(self) -> tuple[Canary, ...]:
        """Return whether the API answers, and the share can be written to."""
        mend = "Set PODIUM_KUBERNETES_URL and give the worker an account that may manage jobs in its namespace"
        try:
            self._api.ask("GET", self._jobs, params={"limit": "1"})
            answers = Canary(name=self.name, held=True, seen=f"namespace {self._cluster.namespace}")
        except (SandboxError, httpx.HTTPError) as error:
            return (Canary(name=self.name, held=False, seen=str(error) or type(error).__name__, mend=mend),)
        held = os.access(self._share, os.W_OK)
        mend = "" if held else "Mount the claim in the worker, and name the place by PODIUM_KUBERNETES_SHARE"
        return (answers, Canary(name="share", held=held, seen=str(self._share), mend=mend))


class Running:
    """A job, which a thread of ours watches."""

    def __init__(self, sandbox: Kubernetes, job: dict[str, Any]) -> None:
        self._sandbox, self._job, self._limits = sandbox, job, job["limits"]
        self._cancelled, self._result = threading.Event(), Result(verdict=Verdict.SANDBOX_ERROR, detail=CANCELLED)
        self._thread = threading.Thread(target=self._run, name="podium-kubernetes")
        self._thread.start()

    @property
    def channel(self) -> socket.socket:
        """Raise ValueError: there is none."""
        raise ValueError("A job in Kubernetes has no channel.")

    def cancel(self) -> None:
        """Let the job be killed now."""
        self._cancelled.set()

    def wait(self) -> Result:
        """Wait for the result; nothing of the job is left then."""
        self._thread.join()
        return self._result

    def _run(self) -> None:
        slot = None
        try:
            slot = take(self._sandbox._slots, find_parents(mounts="", own=""))
            self._sandbox.clear(slot)
            self._result = self._in(slot)
        except Exception as error:  # whatever it is, it is not the job's fault
            self._result = Result(verdict=Verdict.SANDBOX_ERROR, detail=f"{type(error).__name__}: {error}")
        finally:
            if slot is not None:
                with contextlib.suppress(SandboxError, httpx.HTTPError, OSError):  # the next one clears it
                    self._sandbox.clear(slot)
                slot.give_back()

    def _in(self, slot: Slot) -> Result:
        sandbox, label = self._sandbox, _label(slot)
        self._name = f"{PREFIX}{label}-{secrets.token_hex(3)}"
        self._folder = sandbox._share / self._name
        pieces = Pieces(self._job)
        self._fill(pieces)
        sandbox._deny_network()
        tops = [top for top in pieces.tops if top != "code" or self._job["code"]]
        manifest = manifests.job(self._job, name=self._name, slot=label, tops=tops, cluster=sandbox._cluster)
        sandbox._api.ask("POST", sandbox._jobs, json=manifest)
        with contextlib.ExitStack() as stack:
            self._log = Log(self._job)
            stack.callback(self._log.close)
            reason, state = self._watch()
            if reason is not None:
                verdict = Verdict.SANDBOX_ERROR if reason == CANCELLED else Verdict(reason)
                return Result(verdict=verdict, stdout=self._log.text, detail=reason if reason == CANCELLED else "")
            return self._ended(state)

    def _fill(self, pieces: Pieces) -> None:
        self._folder.mkdir(mode=0o711)
        for name, mode in (("in", 0o711), ("control", 0o755), ("back", 0o777)):
            (self._folder / name).mkdir()
            (self._folder / name).chmod(mode)  # past the umask
        for path, source in sorted(pieces.folders.items()):
            *parents, last = path.split("/")
            parent = self._folder.joinpath("in", *parents)
            parent.mkdir(parents=True, exist_ok=True)
            copy_in(source, str(parent / last), look_up=self._stay_wanted)
        for path, target in pieces.links.items():
            link = self._folder / "in" / path
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target)

    def _stay_wanted(self) -> None:
        if self._cancelled.is_set():
            raise SandboxError(CANCELLED)

    def _watch(self) -> tuple[str | None, dict[str, Any]]:
        """Return why the job was ended, or nothing and the state of its container where it ended by itself."""
        began: float | None = None
        asked = time.monotonic()
        while True:
            if self._cancelled.wait(TICK_S):
                return CANCELLED, {}
            pod = self._pod()
            state = _state(pod, manifests.JOB)
            if "terminated" in state:
                self._read_log(pod)
                return ("output" if self._log.over else None), state["terminated"]
            if pod and pod["status"].get("reason") == "Evicted":
                return "output", {}
            now = time.monotonic()
            if "running" in state:
                began = began or now
                self._read_log(pod)
                if self._log.over:
                    return "output", {}
                if now - began > self._limits["wall_s"]:
                    return "time", {}
            elif state.get("waiting", {}).get("reason") in NEVER or now - asked > BEGINNING_S:
                raise SandboxError(f"The job did not begin. {state.get('waiting', 'No node took it.')}")

    def _pod(self) -> dict[str, Any]:
        query = {"labelSelector": f"batch.kubernetes.io/job-name={self._name}"}
        pods: list[dict[str, Any]] = self._sandbox._api.ask("GET", self._sandbox._pods, params=query)["items"]
        return pods[0] if pods else {}

    def _read_log(self, pod: dict[str, Any]) -> None:
        path = f"{self._sandbox._pods}/{pod['metadata']['name']}/log"
        query = {"container": manifests.JOB, "limitBytes": str(self._limits["stream_bytes"] + 1)}
        self._log.update(self._sandbox._api.read(path, params=query))

    def _ended(self, state: dict[str, Any]) -> Result:
        code = state.get("exitCode", 0)
        verdict = "runtime_error" if code else "ok"
        if state.get("reason") == "OOMKilled":
            verdict = "memory"
        collection = self._collect()
        found = {item["path"] for item in collection.collected}
        if verdict in {"ok", "runtime_error"} and (collection.over or collection.full):
            verdict = "output"
        elif verdict == "ok" and not found.issuperset(self._job["expects"]):
            verdict = "missing_output"
        signal = code - 128 if 128 < code < 128 + 65 else None
        report = {
            "verdict": verdict,
            "exit_code": None if signal else code,
            "signal": signal,
            "wall_s": _seconds(state),
            "stdout": self._log.text,
            "collected": collection.collected,
            "refused": collection.refused,
        }
        return Result.from_dict(report)

    def _collect(self) -> TarCollection:
        """Let the collector pack, and take what may come out."""
        (self._folder / "control" / "go").touch()
        path, until = self._folder / "back" / "out.tar", time.monotonic() + COLLECTING_S
        while not path.exists():
            if time.monotonic() > until or "terminated" in (state := _state(self._pod(), manifests.COLLECTOR)):
                if path.exists():
                    break
                raise SandboxError(f"The output was not collected. {state if time.monotonic() <= until else ''}")
            if self._cancelled.wait(TICK_S):
                raise SandboxError(CANCELLED)
        collection = TarCollection(self._limits, inodes=self._limits["output_files"] * 2 + 64)
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb") as stream:  # noqa: PTH123 - the handle is what was looked at
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise SandboxError("What was collected is no file.")
            try:
                collection.take_tar(stream, self._job["out"])
            except tarfile.TarError as error:
                raise SandboxError(f"The output could not be read: {error}") from error
        return collection


class Log:
    """What the job printed, by looking again and again at the log from its beginning, which has a cap."""

    def __init__(self, job: dict[str, Any]) -> None:
        limits = job["limits"]
        self._cap, live = limits["stream_bytes"], Live(job["live"], cap=limits["stream_bytes"])
        self._reader, self._writer = os.pipe()
        self._stream = Stream(self._reader, kept=limits["stream_kept"], live=live)

    def update(self, whole: bytes) -> None:
        """Take what is new."""
        new = whole[self._stream.seen :]
        while new:
            sent = os.write(self._writer, new[: 1 << 14])
            self._stream.read()
            new = new[sent:]

    @property
    def over(self) -> bool:
        """Whether there was more than there may be."""
        return bool(self._stream.seen > self._cap)

    @property
    def text(self) -> str:
        """What is kept."""
        return self._stream.text

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._reader)
        os.close(self._writer)


class ApiError(SandboxError):
    """The API server says no."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Api:
    """The API server, by HTTP, with the account that a pod has where we are in one."""

    def __init__(self, environment: dict[str, str]) -> None:
        host, port = (environment.get(f"KUBERNETES_SERVICE_{name}", "") for name in ("HOST", "PORT"))
        inside = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
        self._url = environment.get("PODIUM_KUBERNETES_URL") or (inside if host else "http://127.0.0.1:8001")
        authority = ACCOUNT / "ca.crt"
        verify = httpx.create_ssl_context(verify=str(authority)) if authority.exists() else True
        self._client = httpx.Client(base_url=self._url, timeout=ANSWER_S, verify=verify, trust_env=False)

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port, which no job may reach."""
        parts = urlsplit(self._url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """Ask for something. Raises ApiError and httpx.HTTPError."""
        answer = self._answer(method, path, **more)
        values: dict[str, Any] = answer.json()
        return values

    def read(self, path: str, **more: Any) -> bytes:
        """Return a text; nothing where it is not there yet."""
        try:
            return self._answer("GET", path, **more).content
        except ApiError as error:
            if error.status in {httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND}:
                return b""
            raise

    def delete(self, path: str) -> None:
        """Delete a Job and its pod, at once; what is gone already is no error."""
        options = {"propagationPolicy": "Background", "gracePeriodSeconds": "0"}
        with contextlib.suppress(ApiError):
            self._answer("DELETE", path, params=options)

    def _answer(self, method: str, path: str, **more: Any) -> httpx.Response:
        token = ACCOUNT / "token"  # it is changed now and then
        headers = {"Authorization": f"Bearer {token.read_text().strip()}"} if token.exists() else {}
        answer = self._client.request(method, path, headers=headers, **more)
        if answer.is_error:
            raise ApiError(answer.status_code, f"{method} {path}: {answer.status_code} {answer.text[:400]}")
        return answer


def _namespace(environment: dict[str, str]) -> str:
    file = ACCOUNT / "namespace"
    own = file.read_text().strip() if file.exists() else "default"
    return environment.get("PODIUM_KUBERNETES_NAMESPACE") or own


def _label(slot: Slot) -> str:
    """Return what a slot's jobs are found by: it tells this machine, this user and the slot."""
    machine = hashlib.sha256(platform.node().encode()).hexdigest()[:10]
    return f"{machine}-{owner()}-{slot.number}"


def _state(pod: dict[str, Any], container: str) -> dict[str, Any]:
    """Return the state of one container of a pod: it has one of waiting, running, terminated, or is empty."""
    statuses = pod.get("status", {}).get("containerStatuses", []) if pod else []
    return next((dict(status["state"]) for status in statuses if status["name"] == container), {})


def _seconds(state: dict[str, Any]) -> float:
    try:
        began, ended = (datetime.datetime.fromisoformat(state[key]) for key in ("startedAt", "finishedAt"))
    except (KeyError, ValueError):
        return 0.0
    return max(0.0, (ended - began).total_seconds())
