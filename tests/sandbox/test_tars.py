"""Tars that a job had a hand in, and the filter as engines take it: what no engine is needed for."""

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from scoring.sandbox import seccomp, syscalls
from scoring.sandbox.jobs import Limits
from scoring.sandbox.profile import ALLOWED, profile
from scoring.sandbox.tars import PAGE, Packer, TarCollection
from tests.sandbox.test_parts import answer

LIMITS = asdict(Limits(output_bytes=1 << 20, output_files=5))


def tar(*members: tuple[str, bytes, bytes | str]) -> bytes:
    """Return a tar of (name, kind, content or what it links to)."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        for name, kind, content in members:
            member = tarfile.TarInfo(name)
            member.type, member.mode = kind, 0o6777
            if isinstance(content, str):
                member.linkname = content
            else:
                member.size = len(content)
            made.addfile(member, io.BytesIO(content if isinstance(content, bytes) else b""))
    return stream.getvalue()


def taken(content: bytes, target: Path, *, inodes: int = 100) -> TarCollection:
    collection = TarCollection(LIMITS, inodes=inodes)
    collection.take_tar(io.BytesIO(content), str(target))
    return collection


def reasons(collection: TarCollection) -> dict[str, str]:
    return {item["path"]: item["reason"] for item in collection.refused}


def test_a_tar_writes_nowhere_but_into_its_folder(tmp_path: Path) -> None:
    names = ["/etc/cron.d/x", "../x", "./a/../../x", "a//b", "./..", "./a/./b"]
    collection = taken(tar(*((name, tarfile.REGTYPE, b"x") for name in names)), tmp_path / "out")
    assert set(reasons(collection).values()) == {"odd_name"}
    assert list(tmp_path.rglob("*")) == [tmp_path / "out"]


def test_what_is_no_file_is_refused_by_its_kind(tmp_path: Path) -> None:
    kinds = {"l": tarfile.SYMTYPE, "p": tarfile.FIFOTYPE, "c": tarfile.CHRTYPE, "b": tarfile.BLKTYPE, "?": b"Z"}
    collection = taken(tar(*((f"./{name}", kind, "/etc/passwd") for name, kind in kinds.items())), tmp_path / "out")
    assert reasons(collection) == {"l": "symlink", "p": "fifo", "c": "device", "b": "device", "?": "unreadable"}


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "victim").write_text("unchanged")
    (tmp_path / "out" / "a").symlink_to(tmp_path / "victim")
    content = tar(("./a", tarfile.SYMTYPE, str(tmp_path / "victim")), ("./a", tarfile.REGTYPE, b"new"))
    assert [item["path"] for item in taken(content, tmp_path / "out").collected] == ["a"]
    assert (tmp_path / "victim").read_text() == "unchanged"
    assert (tmp_path / "out" / "a").stat().st_mode & 0o7777 == 0o644


def test_both_names_of_a_file_are_refused(tmp_path: Path) -> None:
    collection = taken(tar(("./a", tarfile.REGTYPE, b"x"), ("./b", tarfile.LNKTYPE, "./a")), tmp_path / "out")
    assert reasons(collection) == {"a": "hard_link", "b": "hard_link"}
    assert (collection.collected, list((tmp_path / "out").iterdir())) == ([], [])


def test_caps_hold(tmp_path: Path) -> None:
    large = taken(tar(("./a", tarfile.REGTYPE, bytes(LIMITS["output_bytes"] + 1))), tmp_path / "large")
    assert (reasons(large), large.over) == ({"a": "too_large"}, True)
    many = taken(tar(*((f"./{n}", tarfile.REGTYPE, b"") for n in range(9))), tmp_path / "many")
    assert (len(many.collected), many.over) == (5, True)


def test_a_stream_that_goes_on_is_left(tmp_path: Path) -> None:
    huge = tarfile.TarInfo("./a")
    huge.size = 1 << 40

    class Endless(io.RawIOBase):
        sent = 0

        def read(self, size: int = -1) -> bytes:
            part = bytes(1 << 20) if self.sent else huge.tobuf()
            self.sent += len(part)
            return part

    stream, collection = Endless(), TarCollection(LIMITS, inodes=1)
    collection.take_tar(stream, str(tmp_path / "out"))
    assert collection.over
    assert stream.sent < 100 << 20


def test_a_tar_that_is_cut_off_is_our_fault(tmp_path: Path) -> None:
    with pytest.raises(tarfile.TarError):
        taken(tar(("./a", tarfile.REGTYPE, bytes(5000)))[:2000], tmp_path / "out")


def test_a_full_output_is_told(tmp_path: Path) -> None:
    whole = LIMITS["output_bytes"] // PAGE * PAGE
    assert taken(tar(("./a", tarfile.REGTYPE, bytes(whole))), tmp_path / "a").full
    assert not taken(tar(("./a", tarfile.REGTYPE, bytes(whole - PAGE))), tmp_path / "b").full
    assert taken(tar(("./a", tarfile.REGTYPE, b""), ("./b", tarfile.REGTYPE, b"")), tmp_path / "c", inodes=3).full


def test_only_regular_files_go_in(tmp_path: Path) -> None:
    code = tmp_path / "code"
    (code / "deep").mkdir(parents=True)
    (code / "deep" / "run.sh").write_text("x")
    (code / "deep" / "run.sh").chmod(0o4755)
    (code / "link").symlink_to("/etc/passwd")
    (code / "folder").symlink_to("/etc")
    stream = io.BytesIO()
    packer = Packer(stream)
    packer.folder(str(code), "code")
    packer.link("app/code", "/code")
    packer.end()
    with tarfile.open(fileobj=io.BytesIO(stream.getvalue())) as made:
        found = {member.name: (member.type, member.mode, member.uid) for member in made}
    assert found == {
        "code": (tarfile.DIRTYPE, 0o755, 0),
        "code/deep": (tarfile.DIRTYPE, 0o755, 0),
        "code/deep/run.sh": (tarfile.REGTYPE, 0o755, 0),
        "app/code": (tarfile.SYMTYPE, 0o777, 0),
    }


def allowed(name: str, *arguments: int) -> bool:
    """Do what an engine makes of the profile: is a call allowed?"""
    rules = [rule for rule in json.loads(profile())["syscalls"] if name in rule["names"]]
    verdicts = {rule["action"] for rule in rules if all(_met(test, arguments) for test in rule.get("args", []))}
    assert len(verdicts) <= 1, f"{name} is in two lists"
    return verdicts == {"SCMP_ACT_ALLOW"}


def _met(test: dict[str, Any], arguments: tuple[int, ...]) -> bool:
    return bool(arguments[test["index"]] & test["value"] == test["valueTwo"])


def ours(number: tuple[int, int]) -> Callable[..., bool]:
    """Return whether our own filter allows a call."""
    which, architecture = seccomp.MACHINES["x86_64"]
    program = seccomp.assemble("x86_64", counted=True)
    return lambda *arguments: (
        answer(program, number=number[which], architecture=architecture, arguments=arguments) == seccomp.ALLOW
    )


@pytest.mark.parametrize(
    ("name", "number", "position", "values"),
    [
        ("clone", syscalls.CLONE, 0, [17, 0x10000011, 0x40000000, 0x003D0F00]),
        ("ioctl", syscalls.IOCTL, 1, [*range(0x5400, 0x5430), 0, 0x80005412, 0xFFFFFFFF, 1 << 32 | 0x5412]),
        ("personality", syscalls.PERSONALITY, 0, [0, 1, 0x0400000, 0xFFFFFFFF]),
        ("socket", syscalls.SOCKET, 0, [*range(50), 1 << 32 | 40]),
        ("socketpair", syscalls.SOCKETPAIR, 0, [*range(50)]),
    ],
)
def test_engines_are_told_what_our_own_filter_does(
    name: str, number: tuple[int, int], position: int, values: list[int]
) -> None:
    for value in values:
        arguments = (0,) * position + (value,)
        assert allowed(name, *arguments) == ours(number)(*arguments), hex(value)


def test_no_call_is_in_two_lists() -> None:
    refused = {**syscalls.REFUSED, **syscalls.ABSENT}
    assert not set(ALLOWED) & set(refused)
    assert len(set(ALLOWED)) == len(ALLOWED)
    assert not any(allowed(name) for name in refused)
    assert all(allowed(name) for name in ("read", "futex", "execve", "mmap", "memfd_create", "shmget"))
