"""Jobs in a cluster, against the stand-in of :mod:`tests.sandbox.cluster`."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scoring.sandbox import kubernetes, manifests
from scoring.sandbox.jobs import JobSpec, Tree
from scoring.sandbox.kubernetes import Kubernetes
from tests.sandbox.cluster import StandIn, complaints
from tests.sandbox.conftest import Attack
from tests.sandbox.machines import slots, wait_until


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[StandIn]:
    cluster = StandIn(tmp_path)
    yield cluster
    cluster.close()


@pytest.fixture
def sandbox(cluster: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kubernetes]:
    monkeypatch.setattr(kubernetes, "TICK_S", 0.05)
    sandbox = Kubernetes(slots=slots(), environment=cluster.environment)
    yield sandbox
    assert cluster.jobs == {}
    assert list(cluster.share.iterdir()) == []
    sandbox.close()


def spec(here: Attack, source: str, **limits: object) -> JobSpec:
    (here.folder / "code" / "main.py").write_text(source)
    return here.spec("python3", "main.py", **limits)


def test_a_job_runs_and_what_it_leaves_comes_out(here: Attack, sandbox: Kubernetes) -> None:
    source = "print(open('/input/features.csv').readline()); open('/out/a.csv', 'w').write('id'); raise SystemExit(3)"
    result = sandbox.run(spec(here, source))
    assert (result.verdict, result.exit_code, result.stdout) == ("runtime_error", 3, "id,x\n\n")
    assert [(item.path, item.size) for item in result.collected] == [("a.csv", 2)]
    assert (here.folder / "out" / "a.csv").read_text() == "id"


def test_links_and_odd_names_do_not_come_out(here: Attack, sandbox: Kubernetes) -> None:
    source = "import os; os.symlink('/etc/passwd', '/out/l'); os.mkfifo('/out/p'); open('/out/a\\nb', 'w')"
    result = sandbox.run(spec(here, source))
    assert result.verdict == "ok"
    assert {item.path: item.reason for item in result.refused} == {"a\\nb": "odd_name", "l": "symlink", "p": "fifo"}
    assert here.out == []


def test_further_inputs_and_links_are_there(here: Attack, sandbox: Kubernetes) -> None:
    more = here.folder / "more"
    more.mkdir()
    (more / "a.txt").write_text("more")
    asked = spec(here, "print(open('/app/input/ref/a.txt').read(), __import__('os').listdir('/app/program'))")
    assert sandbox.run(replace(asked, inputs={"/app/input/ref": more}, links={"/app/program": "/code"})).stdout == (
        "more ['main.py']\n"
    )


def test_nothing_but_the_output_can_be_written(here: Attack, sandbox: Kubernetes) -> None:
    source = """
for path in ("/code/x", "/input/x", "/x", "/usr/x", "/back/out.tar", "/control/go"):
    try: open(path, "w"); print("written", path)
    except OSError: pass
"""
    assert sandbox.run(spec(here, source)).stdout == ""


def test_a_sleeper_is_stopped(here: Attack, sandbox: Kubernetes) -> None:
    assert sandbox.run(spec(here, "import time; time.sleep(60)", wall_s=0.5)).verdict == "time"


def test_memory_that_ran_out_is_told(here: Attack, sandbox: Kubernetes) -> None:
    assert sandbox.run(spec(here, "bytearray(300 << 20)")).verdict == "memory"


def test_a_flood_is_cut_off(here: Attack, sandbox: Kubernetes) -> None:
    result = sandbox.run(spec(here, "while True: print('x' * 1000)"))
    assert result.verdict == "output"
    assert len(result.stdout) == 64 << 10


def test_too_much_output_is_told(here: Attack, sandbox: Kubernetes) -> None:
    source = "for n in range(20): open(f'/out/{n}', 'w').write('x')"
    result = sandbox.run(spec(here, source, output_files=10))
    assert (result.verdict, len(result.collected)) == ("output", 10)


def test_a_file_that_is_not_left_is_missed(here: Attack, sandbox: Kubernetes) -> None:
    assert sandbox.run(replace(spec(here, "pass"), expects=("p.csv",))).verdict == "missing_output"


def test_a_job_is_seen_live_and_cancelled_within_two_seconds(here: Attack, sandbox: Kubernetes) -> None:
    live = here.folder / "live.txt"
    asked = replace(spec(here, "import time; print('up', flush=True); time.sleep(60)"), live=live)
    running = sandbox.start(asked)
    wait_until(lambda: live.exists() and live.read_text() == "up\n")
    began = time.monotonic()
    running.cancel()
    result = running.wait()
    assert (result.verdict, result.detail) == ("sandbox_error", "cancelled")
    assert time.monotonic() - began < 2
    wait_until(lambda: here.survivors() == [])


def test_what_a_cluster_cannot_do_is_refused(here: Attack, sandbox: Kubernetes) -> None:
    asked = spec(here, "pass")
    for more in ({"channel": True}, {"trees": (Tree(source=here.folder, target="/opt/x"),)}):
        with pytest.raises(ValueError, match="cannot have"):
            sandbox.start(replace(asked, **more))  # type: ignore[arg-type]


def test_what_a_killed_worker_left_is_reaped(here: Attack, cluster: StandIn, sandbox: Kubernetes) -> None:
    running = sandbox.start(spec(here, "import time; time.sleep(60)"))
    wait_until(lambda: cluster.jobs != {})
    [name] = cluster.jobs
    left = dict(cluster.jobs[name])
    running.cancel()
    running.wait()
    cluster.share.joinpath(name, "in").mkdir(parents=True)  # as it was, when nobody cleared it
    cluster.jobs[name] = left
    assert sandbox.reap() == 1
    assert sandbox.reap() == 0


def test_every_canary_is_held(sandbox: Kubernetes) -> None:
    isolation = sandbox.probe()
    assert isolation.holds, isolation
    assert "network" in [canary.name for canary in isolation.canaries]


def test_a_network_plugin_that_ignores_policies_is_found_out(tmp_path: Path) -> None:
    cluster = StandIn(tmp_path, obeys=False)
    with contextlib.closing(Kubernetes(slots=slots(), environment=cluster.environment)) as sandbox:
        isolation = sandbox.probe()
    cluster.close()
    assert [canary.name for canary in isolation.canaries if not canary.held] == ["network"]


def test_a_policy_that_somebody_opened_is_not_relied_on(here: Attack, cluster: StandIn, sandbox: Kubernetes) -> None:
    opened = manifests.no_network(sandbox._cluster)
    opened["spec"]["egress"] = [{}]
    cluster.policies[manifests.LABEL] = opened
    assert "Somebody changed" in sandbox.run(spec(here, "print('ran')")).detail


def test_without_an_api_server_it_is_said(tmp_path: Path) -> None:
    nowhere = {"PODIUM_KUBERNETES_URL": "http://127.0.0.1:9"}
    with contextlib.closing(Kubernetes(slots=slots(), environment=nowhere)) as sandbox:
        isolation = sandbox.probe()
    assert not isolation.holds
    assert "PODIUM_KUBERNETES_URL" in isolation.canaries[-1].mend


def a_job(**changes: Any) -> dict[str, Any]:
    values = JobSpec(command=("true",), out=Path("/out")).to_dict()
    cluster = manifests.Cluster(namespace="jobs", image="a", collector="b", claim="c", **changes)
    return manifests.job(values, name="n", slot="s", tops=["code", "input"], cluster=cluster)


@pytest.mark.parametrize("changes", [{}, {"runtime": "gvisor", "seccomp": "podium.json", "user_namespaces": False}])
def test_manifests_are_what_the_published_schema_says(changes: dict[str, Any]) -> None:
    assert complaints(a_job(**changes)) == []
    assert complaints(manifests.no_network(manifests.Cluster(namespace="n", image="", collector="", claim=""))) == []


def test_the_schema_finds_a_wrong_word() -> None:
    job = a_job()
    job["spec"]["template"]["spec"]["hostUser"] = False
    assert "hostUser" in complaints(job)[0]


def test_a_pod_has_no_right_that_the_restricted_standard_forbids() -> None:
    pod = a_job()["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["hostUsers"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert all(set(volume) <= {"name", "emptyDir", "persistentVolumeClaim"} for volume in pod["volumes"])
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "privileged": False,
            "readOnlyRootFilesystem": True,
        }
        assert set(container["resources"]["limits"]) == {"cpu", "memory", "ephemeral-storage"}
    job, collector = pod["containers"]
    writable = [mount["mountPath"] for mount in job["volumeMounts"] if not mount.get("readOnly")]
    assert writable == ["/out", "/tmp", "/dev/shm"]
    assert [mount["mountPath"] for mount in collector["volumeMounts"] if not mount.get("readOnly")] == ["/back"]
