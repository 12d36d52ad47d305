"""Parts that this machine does not show whole: the other cgroups, the other processor, what is asked for wrongly."""

import math
import struct
from pathlib import Path

import pytest

from scoring.sandbox import cgroups, seccomp, slots, syscalls
from scoring.sandbox.bubblewrap import Bubblewrap
from scoring.sandbox.jobs import Canary, Isolation, Limits, Result, Verdict

UNIFIED = "30 1 0:26 {root} {point} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"
ALLOW = seccomp.ALLOW


def tree(top: Path, *paths: str, hands_down: str = "") -> None:
    """Make folders as those of cgroup version 2 look."""
    for path in ("", *paths):
        folder = top / path
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("cgroup.procs", "memory.max", "pids.max", "cpu.max"):
            (folder / name).write_text("")
        (folder / "cgroup.subtree_control").write_text("")
    (top / hands_down / "cgroup.subtree_control").write_text("cpu memory pids")


@pytest.fixture(autouse=True)
def files_do_not_hand_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel refuses to hand controllers down where processes are; a plain file does not."""
    write = cgroups._write

    def refusing(path: str, text: str) -> None:
        if path.endswith("subtree_control"):
            raise OSError(16, "Device or resource busy")
        write(path, text)

    monkeypatch.setattr(cgroups, "_write", refusing)


def test_version_2_is_used_where_a_parent_hands_memory_and_pids_down(tmp_path: Path) -> None:
    tree(tmp_path, "user.slice", "user.slice/app.scope", hands_down="user.slice")
    found = cgroups.find_parents(mounts=UNIFIED.format(root="/", point=tmp_path), own="0::/user.slice/app.scope")
    assert (found.version, found.folders) == (2, {"unified": f"{tmp_path}/user.slice"})
    assert found.name == "cgroup v2"


def test_version_2_of_a_container_begins_at_its_own_root(tmp_path: Path) -> None:
    tree(tmp_path)
    found = cgroups.find_parents(mounts=UNIFIED.format(root="/docker/abc", point=tmp_path), own="0::/docker/abc")
    assert found.folders == {"unified": str(tmp_path)}


def test_version_2_that_hands_nothing_down_is_none(tmp_path: Path) -> None:
    tree(tmp_path, "a", hands_down="a")
    found = cgroups.find_parents(mounts=UNIFIED.format(root="/", point=tmp_path), own="0::/b")
    assert (found.version, found.name) == (0, "rlimit")


def test_limits_of_version_2_are_written_and_read_back(tmp_path: Path) -> None:
    group = cgroups.Group(cgroups.Parents(2, {"unified": str(tmp_path)}), "0-1")
    group.make()
    group.limit(memory_bytes=1 << 26, pids=10, cpus=0.5)
    folder = tmp_path / "podium-sandbox-0-1"
    assert (folder / "memory.max").read_text() == str(1 << 26)
    assert (folder / "memory.swap.max").read_text() == "0"
    assert (folder / "memory.oom.group").read_text() == "1"
    assert (folder / "pids.max").read_text() == "10"
    assert (folder / "cpu.max").read_text() == "50000 100000"


def test_what_version_2_counts_is_read(tmp_path: Path) -> None:
    group = cgroups.Group(cgroups.Parents(2, {"unified": str(tmp_path)}), "0-1")
    folder = tmp_path / "podium-sandbox-0-1"
    folder.mkdir()
    (folder / "memory.events").write_text("low 0\noom 2\noom_kill 1\n")
    (folder / "memory.peak").write_text("4096\n")
    (folder / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\n")
    assert (group.oom_kills(), group.peak_bytes(), group.cpu_s()) == (1, 4096, 2.5)


def test_a_limit_that_the_kernel_does_not_keep_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "_read", lambda path: "9223372036854771712\n")
    group = cgroups.Group(cgroups.Parents(2, {"unified": str(tmp_path)}), "0-1")
    group.make()
    with pytest.raises(cgroups.LimitNotKeptError):
        group.limit(memory_bytes=1 << 26, pids=10, cpus=1)


def test_without_cgroups_nothing_is_counted() -> None:
    group = cgroups.Group(cgroups.find_parents(mounts="", own=""), "0-1")
    group.make()
    group.limit(memory_bytes=1, pids=1, cpus=1)
    group.join()
    assert (group.counts, group.oom_kills(), group.peak_bytes(), group.cpu_s()) == (False, 0, 0, None)
    group.remove()


def answer(program: bytes, *, number: int, architecture: int, arguments: tuple[int, ...] = ()) -> int:
    """Run a filter as the kernel does, and return its answer."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, *(arguments + (0,) * 6)[:6])
    lines = list(struct.iter_unpack("=HBBI", program))
    at = value = 0
    while True:
        code, yes, no, operand = lines[at]
        at += 1
        if code == seccomp.RETURN:
            return operand
        if code == seccomp.LOAD:
            [value] = struct.unpack_from("=I", data, operand)
        else:
            tests = {seccomp.EQUAL: value == operand, seccomp.AT_LEAST: value >= operand}
            at += yes if tests.get(code, value & operand != 0) else no


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("counted", [True, False])
def test_the_filter_answers_as_its_tables_say(machine: str, counted: bool) -> None:
    which, architecture = seccomp.MACHINES[machine]
    program = seccomp.assemble(machine, counted=counted)

    def ask(number: int | None, *arguments: int) -> int | None:
        return (
            None if number is None else answer(program, number=number, architecture=architecture, arguments=arguments)
        )

    refused, absent = seccomp.ERRNO | 1, seccomp.ERRNO | 38
    assert {ask(pair[which]) for pair in syscalls.REFUSED.values()} - {None} == {refused}
    assert {ask(pair[which]) for pair in syscalls.ABSENT.values()} == {absent}
    assert {ask(pair[which]) for pair in syscalls.UNCOUNTED.values()} == {ALLOW if counted else refused}
    assert ask(syscalls.NEWEST) == ALLOW
    assert {ask(syscalls.NEWEST + 1), ask(0x40000000), ask(0xFFFFFFFF)} == {absent}
    assert ask({0: 0, 1: 63}[which]) == ALLOW  # read
    assert (ask(syscalls.CLONE[which], 17), ask(syscalls.CLONE[which], 0x10000011)) == (ALLOW, refused)
    assert [ask(syscalls.SOCKET[which], family) for family in (1, 2, 10)] == [ALLOW] * 3
    assert {ask(syscalls.SOCKET[which], family) for family in (0, 16, 38, 40)} == {seccomp.ERRNO | 97}
    assert answer(program, number=0, architecture=0x40000003) == seccomp.KILL_PROCESS


def test_every_jump_of_the_filter_lands_in_it() -> None:
    for machine in seccomp.MACHINES:
        lines = list(struct.iter_unpack("=HBBI", seccomp.assemble(machine, counted=False)))
        assert len(lines) < 4096
        assert all(at + 1 + max(yes, no) < len(lines) for at, (_, yes, no, _) in enumerate(lines[:-1]))


@pytest.mark.parametrize("values", [{"wall_s": math.inf}, {"memory_mb": 4}, {"pids": 0}, {"cpu_s": math.nan}])
def test_limits_that_are_none_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be more than"):
        Limits(**values)  # type: ignore[arg-type]


def test_a_folder_of_slots_that_others_may_write_to_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "place").chmod(0o777)
    monkeypatch.setattr(slots, "folder_of_all", lambda: str(tmp_path / "place"))
    with pytest.raises(PermissionError):
        Bubblewrap().reap()


def test_a_slot_is_its_holders_until_it_is_given_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(slots, "folder_of_all", lambda: str(tmp_path))
    [first] = slots.free([3])
    assert list(slots.free([3])) == []
    first.give_back()
    [again] = slots.free([3])
    again.give_back()


@pytest.mark.parametrize(
    ("users", "user", "owner"),
    [
        ([(0, 0, 4294967295)], 2_100_000_007, 0),
        ([(0, 100_000, 65_536)], 60_007, 100_000),  # a container with a user namespace of its own
        ([(0, 1000, 1)], None, 1000),  # unshare --map-root-user
        ([(0, 1000, 1), (1, 100_000, 65_536)], 60_007, 1000),  # rootless podman
    ],
)
def test_root_gives_a_user_id_to_each_slot_where_it_has_some(
    users: list[tuple[int, int, int]], user: int | None, owner: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "_users", lambda: users)
    monkeypatch.setattr(slots.os, "geteuid", lambda: 0)
    assert (slots._pool_user(7), slots.owner()) == (user, owner)


def test_the_machines_root_without_user_ids_to_give_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "_users", lambda: [(0, 0, 1)])
    monkeypatch.setattr(slots.os, "geteuid", lambda: 0)
    with pytest.raises(slots.NoSlotError):
        slots._pool_user(7)


def test_a_result_says_what_went_wrong_only_where_it_did() -> None:
    assert "detail" not in Result(verdict=Verdict.OK).to_dict()
    assert Result(verdict=Verdict.SANDBOX_ERROR, detail="No.").to_dict()["detail"] == "No."


def test_isolation_without_canaries_does_not_hold() -> None:
    held = Canary(name="a", held=True, seen="")
    assert not Isolation(backend="x", canaries=(), memory="rlimit", user="caller").holds
    assert Isolation(backend="x", canaries=(held,), memory="rlimit", user="caller").holds
