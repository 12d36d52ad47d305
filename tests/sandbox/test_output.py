"""Attacks by what is left in /out."""

import hashlib
from pathlib import Path

from tests.sandbox.conftest import Attack


def refused(attack: Attack, source: str, **limits: object) -> dict[str, str]:
    """Run it; return what was refused, with the reasons. Nothing of it may have come out."""
    result = attack(source, **limits)
    assert result.verdict in {"ok", "output"}, result.stderr
    assert not {item.path for item in result.refused} & set(attack.out)
    return {item.path: item.reason for item in result.refused}


def test_a_link_is_refused(attack: Attack) -> None:
    targets = ["/etc/passwd", "../../../etc/shadow", "a.csv", "/", "/proc/self/environ"]
    source = f"import os\nfor n, target in enumerate({targets}): os.symlink(target, f'/out/{{n}}')"
    assert refused(attack, source) == dict.fromkeys("01234", "symlink")


def test_a_link_to_labels_shows_nothing(attack: Attack) -> None:
    labels = attack.folder / "labels.csv"
    labels.write_text("the-labels")
    assert refused(attack, f"import os; os.symlink({str(labels)!r}, '/out/predictions.csv')")
    assert attack.out == []


def test_a_linked_folder_is_not_entered(attack: Attack) -> None:
    source = "import os; os.symlink('/', '/out/root'); os.mkdir('/out/a'); os.symlink('..', '/out/a/up')"
    assert refused(attack, source) == {"root": "symlink", "a/up": "symlink"}


def test_links_cannot_be_followed_inside_either(attack: Attack) -> None:
    result = attack("import os; os.symlink('/etc/passwd', '/out/l'); open('/out/l')")
    # engines have no mount option against it; what it leads to is inside as well
    assert attack.contained or "Error" in result.stderr
    assert attack.out == []


def test_a_hard_link_is_refused(attack: Attack) -> None:
    source = "import os; open('/out/a', 'w').close(); os.link('/out/a', '/out/b')"
    assert refused(attack, source) == {"a": "hard_link", "b": "hard_link"}


def test_files_of_others_cannot_be_linked(attack: Attack) -> None:
    assert "Error" in attack("import os; os.link('/input/features.csv', '/out/a')").stderr


def test_a_fifo_is_refused_and_nobody_waits_for_it(attack: Attack) -> None:
    assert refused(attack, "import os; os.mkfifo('/out/pipe')") == {"pipe": "fifo"}


def test_a_socket_is_refused(attack: Attack) -> None:
    source = "import socket; socket.socket(socket.AF_UNIX).bind('/out/s')"
    # an engine's tar has no sockets
    assert refused(attack, source) == ({} if attack.contained else {"s": "socket"})
    assert attack.out == []


def test_deep_folders_are_refused(attack: Attack) -> None:
    source = "import os; os.makedirs('/out/' + 'd/' * 100); open('/out/' + 'd/' * 100 + 'f', 'w').close()"
    assert set(refused(attack, source).values()) == {"too_deep"}


def test_a_folder_within_reason_comes_out(attack: Attack) -> None:
    result = attack("import os; os.makedirs('/out/a/b'); open('/out/a/b/c.csv', 'w').write('x')")
    assert [item.path for item in result.collected] == ["a/b/c.csv"]
    assert (attack.folder / "out" / "a" / "b" / "c.csv").read_text() == "x"


def test_an_odd_name_is_refused(attack: Attack) -> None:
    names = ["a\nb", "\x1b[31m", "..\\..\\x", " x", "\udcff", "a\u202eb", "a\u2028b", "x" * 255]
    reasons = refused(attack, f"import os\nfor name in {names}: open(os.fsencode('/out/' + name), 'w').close()")
    assert set(reasons.values()) == {"odd_name"}
    assert len(reasons) == len(names) - 1
    assert all(path.isprintable() for path in reasons)
    assert attack.out == [names[-1]]


def test_names_beyond_ascii_come_out(attack: Attack) -> None:
    result = attack("open('/out/Prädiktion-予測.csv', 'w').close()")
    assert [item.path for item in result.collected] == ["Prädiktion-予測.csv"]


def test_mode_and_owner_do_not_come_out(attack: Attack) -> None:
    attack("import os; open('/out/a', 'w').close(); os.chmod('/out/a', 0o4777)")
    assert (attack.folder / "out" / "a").stat().st_mode & 0o7133 == 0


def test_a_file_that_cannot_be_read_does_no_harm(attack: Attack) -> None:
    source = "import os; open('/out/a', 'w').close(); os.chmod('/out/a', 0); os.mkdir('/out/d', 0)"
    result = attack(source)
    assert result.verdict == "ok"
    assert {item.path for item in result.refused} <= {"a", "d"}


def test_nothing_in_out_can_be_run(attack: Attack) -> None:
    source = "import os, shutil; shutil.copy('/usr/bin/true', '/out/x'); os.execv('/out/x', ['x'])"
    assert "PermissionError" in attack(source).stderr


def test_output_of_a_failed_job_comes_out_too(attack: Attack) -> None:
    result = attack("open('/out/log.txt', 'w').write('so far'); raise SystemExit(1)")
    assert (result.verdict, [item.path for item in result.collected]) == ("runtime_error", ["log.txt"])


def test_what_the_hash_says_is_what_is_there(attack: Attack) -> None:
    result = attack("open('/out/a', 'wb').write(bytes(range(256)) * 5000)")
    content = Path(attack.folder / "out" / "a").read_bytes()
    assert result.collected[0].sha256 == hashlib.sha256(content).hexdigest()
    assert result.collected[0].size == len(content) == 1_280_000
