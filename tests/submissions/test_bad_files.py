"""Each bad file gets one exact sentence through the front door, uses no quota, reveals no label, and ends no worker."""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from podium.challenges.models import Phase, Task
from tests.cast import IDS, SPEC, Cast, predictions
from tests.submissions.sending import newest, send

pytestmark = pytest.mark.django_db
Work = Callable[[], None]

GOOD = predictions(14)


def without_limit(cast: Cast) -> None:
    """Let a team send as much as it wants: the twenty-first rejection of a day is not free."""
    Phase.objects.filter(challenge=cast.forest).update(daily_limit=0)


def lines(*, at: int, instead: str) -> bytes:
    """Return the good file with line `at` (the header is 1) replaced."""
    rows = GOOD.decode().splitlines()
    rows[at - 1] = instead
    return "\n".join(rows).encode() + b"\n"


def zipped(**members: bytes) -> bytes:
    """Return a zip with these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_csv", ".csv"), data)
    return buffer.getvalue()


def traversal() -> bytes:
    """Return a zip whose one member wants to lie outside."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../../outside.csv", GOOD)
    return buffer.getvalue()


def parquet(**columns: object) -> bytes:
    """Return a Parquet file with these columns."""
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


BAD: dict[str, tuple[str, bytes, list[str]]] = {
    "empty": ("mine.csv", b"", ["empty"]),
    "header only": ("mine.csv", b"id,label\n", ["no rows"]),
    "a picture": ("mine.csv", b"\x89PNG\r\n\x1a\n" + bytes(64), ["PNG"]),
    "a PDF": ("mine.csv", b"%PDF-1.7\n" + bytes(64), ["PDF"]),
    "latin-1": ("mine.csv", lines(at=5, instead="r\xf6w-4,0").replace("ö".encode(), b"\xf6"), ["UTF-8", "byte"]),
    "semicolons": ("mine.csv", GOOD.replace(b",", b";"), ["semicolon", "comma"]),
    "a missing column": ("mine.csv", b"id\n" + b"".join(f"{i}\n".encode() for i in IDS), ["`label`"]),
    "an extra column": ("mine.csv", GOOD.replace(b"\n", b",1\n").replace(b"label,1", b"label,more"), ["`more`"]),
    "a doubled column": (
        "mine.csv",
        GOOD.replace(b"\n", b",1\n").replace(b"label,1", b"label,label"),
        ["`label`", "2 times"],
    ),
    "another spelling": ("mine.csv", GOOD.replace(b"id,label", b"id,Label"), ["`Label`", "`label`"]),
    "a missing id": ("mine.csv", b"".join(GOOD.splitlines(keepends=True)[:-1]), ["missing", "row-20"]),
    "a doubled id": ("mine.csv", lines(at=3, instead="row-1,0"), ["row-1"]),
    "an unknown id": ("mine.csv", lines(at=3, instead="row-99,0"), ["row-99"]),
    "text for a number": ("mine.csv", lines(at=4, instead="row-3,cat"), ["4", "`label`", "`cat`"]),
    "a blank cell": ("mine.csv", lines(at=4, instead="row-3,"), ["4", "`label`"]),
    "NaN": ("mine.csv", lines(at=4, instead="row-3,NaN"), ["4", "`label`", "NaN"]),
    "inf": ("mine.csv", lines(at=4, instead="row-3,inf"), ["4", "`label`", "inf"]),
    "a row too long": ("mine.csv", lines(at=4, instead="row-3,1,1,1"), ["4"]),
    "too many rows": ("mine.csv", GOOD + b"".join(f"extra-{n},0\n".encode() for n in range(5)), ["5"]),
    "a truncated gzip": ("mine.csv.gz", gzip.compress(GOOD * 50)[:-60], ["gzip"]),
    "a truncated Parquet": ("mine.parquet", parquet(id=IDS, label=[0] * 20)[:-40], ["Parquet"]),
    "a path outside": ("mine.zip", traversal(), ["outside.csv"]),
    "two files in a zip": ("mine.zip", zipped(a_csv=GOOD, b_csv=GOOD), ["2"]),
    "an empty zip": ("mine.zip", zipped(), ["no file"]),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_rejected_with_one_exact_sentence(cast: Cast, work: Work, fault: str) -> None:
    name, data, words = BAD[fault]
    assert send(cast.client("ada"), data, name=name).status_code == 302
    work()
    sent = newest()
    assert (sent.state, sent.uses_quota) == ("rejected", False), sent.error_message
    assert [word for word in words if word.lower() not in sent.error_message.lower()] == [], sent.error_message
    page = cast.client("ada").get(f"/submissions/{sent.pk}/")
    assert page.status_code == 200
    assert "Correct the file and send it again" in page.text


def test_bad_bytes_in_a_row_leave_the_worker_able_to_score_the_next_file(cast: Cast, work: Work) -> None:
    without_limit(cast)
    for name, data, _ in BAD.values():
        send(cast.client("chen"), data, name=name)
        work()
    send(cast.client("ada"), GOOD)
    work()
    assert newest().state == "scored"


GOOD_TOO = {
    "gz": ("mine.csv.gz", gzip.compress(GOOD)),
    "zip": ("mine.zip", zipped(mine_csv=GOOD)),
    "tsv": ("mine.tsv", GOOD.replace(b",", b"\t")),
    "UTF-8 with a byte-order mark": ("mine.csv", b"\xef\xbb\xbf" + GOOD),
    "UTF-16": ("mine.csv", GOOD.decode().encode("utf-16")),
    "Windows line ends": ("mine.csv", GOOD.replace(b"\n", b"\r\n")),
    "no line end at the end": ("mine.csv", GOOD.rstrip()),
    "other row order": ("mine.csv", b"id,label\n" + b"".join(sorted(GOOD.splitlines(keepends=True)[1:], reverse=True))),
    "other column order": (
        "mine.csv",
        b"label,id\n" + b"".join(b",".join(row.split(b",")[::-1]) + b"\n" for row in GOOD.split()[1:]),
    ),
    "Parquet": ("mine.parquet", parquet(id=IDS, label=[int(row[-1:]) for row in GOOD.split()[1:]])),
}


@pytest.mark.parametrize("kind", GOOD_TOO)
def test_the_same_predictions_score_the_same_in_every_dress(cast: Cast, work: Work, kind: str) -> None:
    name, data = GOOD_TOO[kind]
    send(cast.client("ada"), data, name=name)
    work()
    assert newest().state == "scored", newest().error_message
    assert "0.7000" in cast.client("ada").get(f"/submissions/{newest().pk}/").text


def probability_challenge(cast: Cast) -> None:
    """Let the forest's task ask for probabilities of three classes."""
    spec = {
        **SPEC,
        "classes": [0, 1, 2],
        "predictions": ["p0", "p1", "p2"],
        "metrics": [{"key": "accuracy", "metric": "log_loss", "params": {}}],
    }
    Task.objects.filter(challenge=cast.forest).update(scorer={"kind": "metric", "spec": spec})


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("0.5,0.6,-0.1", ["-0.1", "`p2`"]),
        ("1.5,0,0", ["1.5", "`p0`"]),
        ("0.5,0.2,0.2", ["sum"]),
        ("1e999,0,0", ["1e999"]),
    ],
)
def test_probabilities_must_be_probabilities(cast: Cast, work: Work, row: str, words: list[str]) -> None:
    probability_challenge(cast)
    good = "id,p0,p1,p2\n" + "".join(f"{i},0.2,0.3,0.5\n" for i in IDS)
    send(cast.client("ada"), good.encode())
    work()
    assert newest().state == "scored", newest().error_message
    send(cast.client("ada"), good.replace("row-3,0.2,0.3,0.5", f"row-3,{row}").encode())
    work()
    sent = newest()
    assert sent.state == "rejected"
    assert [word for word in [*words, "4"] if word not in sent.error_message] == [], sent.error_message
    assert (sent.error_row, sent.error_column in {"p0", "p1", "p2", ""}) == (4, True)


def test_a_class_without_a_column_is_named(cast: Cast, work: Work) -> None:
    probability_challenge(cast)
    send(cast.client("ada"), ("id,p0,p1\n" + "".join(f"{i},0.5,0.5\n" for i in IDS)).encode())
    work()
    assert "`p2`" in newest().error_message


@pytest.mark.parametrize("kind", ["gz", "zip"])
def test_a_bomb_is_told_from_its_first_megabytes(cast: Cast, work: Work, kind: str) -> None:
    zeros = bytes(200 * 2**20)
    data = gzip.compress(zeros, 9) if kind == "gz" else zipped(mine_csv=zeros)
    assert len(data) < 2**20
    send(cast.client("ada"), data, name="mine.csv.gz" if kind == "gz" else "mine.zip")
    work()
    assert newest().state == "rejected"


def test_a_line_without_end_and_a_million_columns_are_refused_quickly(cast: Cast, work: Work) -> None:
    send(cast.client("ada"), b"id,label\nrow-1," + b"9" * (30 * 2**20))
    work()
    assert newest().state == "rejected"
    assert newest().runs.get().resources["wall_s"] < 5
    send(cast.client("ada"), b",".join(b"c%d" % n for n in range(1_000_000)) + b"\n")
    work()
    assert newest().state == "rejected"
    assert "column" in newest().error_message
    assert newest().runs.get().resources["wall_s"] < 5


def test_ids_that_a_spreadsheet_changed_are_explained(cast: Cast, work: Work) -> None:
    from podium.challenges.services import dataset_publish
    from podium.core.storage import store_bytes

    truth = "id,label,Usage\n" + "".join(f"{n:02},{n % 2},public\n" for n in range(1, 21))
    reference = dataset_publish(
        cast.forest, name="padded", audience="scoring", files={"s.csv": store_bytes(truth.encode())}, actor=cast.grace
    )
    Task.objects.filter(challenge=cast.forest).update(reference=reference)
    send(cast.client("ada"), ("id,label\n" + "".join(f"{n},0\n" for n in range(1, 21))).encode())
    work()
    assert newest().state == "rejected"
    assert "01" in newest().error_message


def test_no_sentence_depends_on_the_labels(cast: Cast, work: Work) -> None:
    from podium.challenges.services import dataset_publish
    from podium.core.storage import store_bytes
    from tests.cast import SOLUTION

    def sentences() -> list[str]:
        heard = []
        for name, data, _ in BAD.values():
            send(cast.client("chen"), data, name=name)
            work()
            heard.append(newest().error_message)
        return heard

    without_limit(cast)
    before = sentences()
    flipped = SOLUTION.replace(",0,", ",x,").replace(",1,", ",0,").replace(",x,", ",1,")
    reference = dataset_publish(
        cast.forest,
        name="flipped",
        audience="scoring",
        files={"s.csv": store_bytes(flipped.encode())},
        actor=cast.grace,
    )
    Task.objects.filter(challenge=cast.forest).update(reference=reference)
    assert sentences() == before


def test_random_bytes_are_rejected_too(cast: Cast, work: Work) -> None:
    noise = struct.pack("<64Q", *(pow(7, n, 2**61 - 1) for n in range(64)))
    for name in ("mine.csv", "mine.csv.gz", "mine.zip", "mine.parquet"):
        send(cast.client("chen"), noise, name=name)
        work()
        assert newest().state == "rejected", name
