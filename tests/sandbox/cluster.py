"""A stand-in for a cluster: a real HTTP server with the few paths of the Kubernetes API that a worker asks.

It takes only what the published schema allows, and does what a manifest says with real processes, each container a
bubblewrap of its own: mounts, user, read-only root, system calls, and a network unless a policy denies it. Sizes of
volumes it does not know, and memory is limited for each process.
"""

import functools
import json
import os
import re
import shutil
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema

from scoring.sandbox import seccomp

SCHEMA = json.loads(Path(__file__).with_name("kubernetes-schema.json").read_text())
KINDS = {"Job": "io.k8s.api.batch.v1.Job", "NetworkPolicy": "io.k8s.api.networking.v1.NetworkPolicy"}
SYSTEM = ("--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev", "--dir", "/etc")


def complaints(manifest: dict[str, Any]) -> list[str]:
    """Return what the published schema says against a manifest."""
    schema = {"$ref": f"#/$defs/{KINDS[manifest['kind']]}", "$defs": SCHEMA["$defs"]}
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(manifest)]


class Pod:
    """One pod: its containers as processes."""

    def __init__(self, job: dict[str, Any], *, claim: Path, folder: Path, network: bool) -> None:
        self.job, self._claim, self._folder, self._network = job, claim, folder, network
        self.spec = job["spec"]["template"]["spec"]
        self.name = job["metadata"]["name"] + "-x"
        self.state: dict[str, dict[str, Any]] = {}
        self._processes = {item["name"]: self._start(item) for item in self.spec["containers"]}
        for name, process in self._processes.items():
            self.state[name] = {"running": {"startedAt": _now()}}
            threading.Thread(target=self._await, args=(name, process), daemon=True).start()

    def log(self, container: str) -> Path:
        """Return the file of what a container printed."""
        return self._folder / f"{container}.log"

    def end(self) -> None:
        """Kill what runs."""
        for process in self._processes.values():
            process.kill()

    def _start(self, container: dict[str, Any]) -> subprocess.Popen[bytes]:
        self._folder.mkdir(exist_ok=True)
        security = self.spec["securityContext"]
        words = [
            "--unshare-all",
            "--die-with-parent",
            "--new-session",
            "--clearenv",
            "--uid",
            str(security["runAsUser"]),
        ]
        words += ["--gid", str(security["runAsGroup"]), "--cap-drop", "ALL", *SYSTEM, *self._links()]
        words += ["--share-net"] if self._network else []
        for pair in container.get("env", []):
            words += ["--setenv", pair["name"], pair["value"]]
        for mount in sorted(container["volumeMounts"], key=lambda mount: str(mount["mountPath"])):
            words += ["--ro-bind" if mount.get("readOnly") else "--bind", str(self._source(mount)), mount["mountPath"]]
        if container["securityContext"]["readOnlyRootFilesystem"]:
            words += ["--remount-ro", "/dev", "--remount-ro", "/"]
        words += ["--chdir", container.get("workingDir", "/")]
        rules = os.memfd_create("rules")
        os.write(rules, seccomp.assemble(os.uname().machine, counted=True))
        os.lseek(rules, 0, os.SEEK_SET)
        limit = [shutil.which("prlimit") or "prlimit", f"--data={container['resources']['limits']['memory']}"]
        command = [
            *limit,
            shutil.which("bwrap") or "bwrap",
            *words,
            "--seccomp",
            str(rules),
            "--",
            *container["command"],
        ]
        with self.log(container["name"]).open("wb") as log:
            process = subprocess.Popen(
                command, env={}, pass_fds=[rules], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        os.close(rules)
        return process

    @staticmethod
    def _links() -> list[str]:
        links = [path for path in ("/bin", "/lib", "/lib64") if Path(path).is_symlink()]
        return [word for path in links for word in ("--symlink", str(Path(path).readlink()), path)]

    def _source(self, mount: dict[str, Any]) -> Path:
        if mount["name"] == "share":
            return self._claim / mount["subPath"]
        folder = self._folder / mount["name"]
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
        return folder

    def _await(self, name: str, process: subprocess.Popen[bytes]) -> None:
        began, code = self.state[name]["running"]["startedAt"], process.wait()
        code = code if code >= 0 else 128 - code
        short = code and b"MemoryError" in self.log(name).read_bytes()
        reason = "OOMKilled" if short else "Error" if code else "Completed"
        ended = {"exitCode": 137 if short else code, "reason": reason, "startedAt": began, "finishedAt": _now()}
        self.state[name] = {"terminated": ended}

    def to_dict(self) -> dict[str, Any]:
        """Return it as the API does."""
        statuses = [{"name": name, "state": state} for name, state in self.state.items()]
        return {"metadata": {"name": self.name}, "status": {"containerStatuses": statuses}}


class StandIn:
    """The server. ``obeys`` says whether its network plugin does what policies say."""

    def __init__(self, folder: Path, *, obeys: bool = True) -> None:
        self.share, self._folder, self._obeys = folder / "share", folder, obeys
        self.share.mkdir()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.pods: dict[str, Pod] = {}
        self.policies: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        handler = functools.partial(Handler, self)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What a worker is told of it."""
        return {
            "PODIUM_KUBERNETES_URL": self.url,
            "PODIUM_KUBERNETES_NAMESPACE": "jobs",
            "PODIUM_KUBERNETES_SHARE": str(self.share),
        }

    def close(self) -> None:
        """End the server, and all pods."""
        for name in list(self.pods):
            self.delete_job(name)
        self._server.shutdown()
        self._server.server_close()

    def make_job(self, job: dict[str, Any]) -> None:
        """Make a Job, and its pod."""
        name = job["metadata"]["name"]
        denied = self._obeys and any(self._selects(policy, job) for policy in self.policies.values())
        self.jobs[name] = job
        self.pods[name] = Pod(job, claim=self.share, folder=self._folder / name, network=not denied)

    def delete_job(self, name: str) -> None:
        """Delete a Job, and its pod."""
        self.jobs.pop(name, None)
        if (pod := self.pods.pop(name, None)) is not None:
            pod.end()
            until = time.monotonic() + 5
            while any("running" in state for state in pod.state.values()) and time.monotonic() < until:
                time.sleep(0.01)
            shutil.rmtree(self._folder / name)

    @staticmethod
    def _selects(policy: dict[str, Any], job: dict[str, Any]) -> bool:
        [rule] = policy["spec"]["podSelector"]["matchExpressions"]
        denies = "Egress" in policy["spec"]["policyTypes"] and not policy["spec"].get("egress")
        return denies and rule["key"] in job["spec"]["template"]["metadata"]["labels"]


class Handler(BaseHTTPRequestHandler):
    """Answers as the API server would."""

    protocol_version = "HTTP/1.1"

    def __init__(self, cluster: StandIn, *words: Any) -> None:
        self.cluster = cluster
        super().__init__(*words)

    def log_message(self, format: str, *words: Any) -> None:
        """Keep what was asked."""
        self.cluster.asked.append(f"{self.command} {self.path}")

    def do_GET(self) -> None:
        path, query = self._asked()
        if path.endswith("/jobs"):
            self._say(200, {"items": self._selected(query)})
        elif path.endswith("/pods"):
            name = query.get("labelSelector", "").partition("=")[2]
            self._say(200, {"items": [pod.to_dict() for job, pod in self.cluster.pods.items() if job == name]})
        elif (found := re.search(r"/pods/(.+)-x/log$", path)) and found[1] in self.cluster.pods:
            with self.cluster.pods[found[1]].log(query["container"]).open("rb") as stream:
                self._say(200, stream.read(int(query["limitBytes"])))
        elif (name := path.rpartition("/")[2]) in self.cluster.policies:
            self._say(200, self.cluster.policies[name])
        else:
            self._say(404, {"message": f"{path} not found"})

    def do_POST(self) -> None:
        path, _ = self._asked()
        manifest = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = self.cluster.jobs if path.endswith("/jobs") else self.cluster.policies
        name = manifest["metadata"]["name"]
        if wrong := complaints(manifest):
            self._say(422, {"message": "; ".join(wrong)})
        elif name in known:
            self._say(409, {"message": f"{name} already exists"})
        elif path.endswith("/jobs"):
            self.cluster.make_job(manifest)
            self._say(201, manifest)
        else:
            known[name] = manifest
            self._say(201, manifest)

    def do_DELETE(self) -> None:
        path, _ = self._asked()
        self.cluster.delete_job(path.rpartition("/")[2])
        self._say(200, {})

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        assert "/namespaces/jobs/" in parts.path
        return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}

    def _selected(self, query: dict[str, str]) -> list[dict[str, Any]]:
        label, _, value = query.get("labelSelector", "").partition("=")
        return [job for job in self.cluster.jobs.values() if job["metadata"]["labels"].get(label) == value]

    def _say(self, status: int, values: dict[str, Any] | bytes) -> None:
        content = values if isinstance(values, bytes) else json.dumps(values).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
