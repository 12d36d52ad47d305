"""Archives of code: what is refused before anything runs, each with the words for it."""

import io
import stat
import zipfile

import pytest

from scoring.environments import Environment
from scoring.errors import SubmissionError
from scoring.requirements import check_requirements, missing
from scoring.runners.entries import unpack
from scoring.unpacking import UnpackLimits
from tests.scoring.runners.conftest import zipped


@pytest.fixture
def sent(tmp_path):
    """Unpack bytes; return what came out."""

    def do(content, filename="my.zip", kind="code", **options):
        (tmp_path / "sent").write_bytes(content)
        return unpack(tmp_path / "sent", filename=filename, kind=kind, target=tmp_path / "code", **options)

    return do


@pytest.fixture
def refused(sent):
    """Unpack bytes that must be refused; return the code."""

    def do(*arguments, **options):
        with pytest.raises(SubmissionError) as caught:
            sent(*arguments, **options)
        return caught.value.first.code

    return do


def member(name, content=b"x", *, mode=stat.S_IFREG | 0o644, system=3):
    info = zipfile.ZipInfo(name)
    info.external_attr, info.create_system = mode << 16, system
    return info, content


def archive(*members):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for info, content in members:
            made.writestr(info, content)
    return target.getvalue()


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ([member("../predict.py")], "archive_path"),
        ([member("/predict.py")], "archive_path"),
        ([member("a/../../predict.py")], "archive_path"),
        ([member("..\\predict.py")], "archive_path"),
        ([member("C:predict.py")], "archive_path"),
        ([member("a\nb.py")], "archive_path"),
        ([member("x/" * 20 + "predict.py")], "archive_path"),
        ([member("predict.py", b"/etc/passwd", mode=stat.S_IFLNK | 0o777)], "archive_link"),
        ([member("predict.py", mode=stat.S_IFIFO | 0o644)], "archive_link"),
        ([member("predict.py"), member("./predict.py")], "archive_twice"),
        ([member("predict.py"), member("predict.py/x")], "archive_twice"),
        ([member("readme.txt")], "no_entry"),
        ([member("a.py"), member("b.py")], "no_entry"),
        ([member("__MACOSX/a.py")], "archive_empty"),
    ],
)
def test_an_archive_that_is_not_plain_is_refused(refused, members, code):
    assert refused(archive(*members)) == code


def test_nothing_is_written_outside_of_the_folder(refused, tmp_path):
    refused(archive(member("predict.py"), member("../escaped.py")))
    assert sorted(item.name for item in tmp_path.iterdir()) == ["code", "sent"]
    assert not list((tmp_path / "code").iterdir())


def test_files_are_counted(refused, sent):
    many = {f"f{number}_dot_txt": b"" for number in range(199)}
    assert len(sent(zipped(predict_dot_py=b"", **many)).files) == 200


@pytest.mark.parametrize("number", [201, 5000])
def test_more_files_than_allowed_are_refused(refused, number):
    assert refused(zipped(**{f"f{one}_dot_py": b"" for one in range(number)})) == "archive_many"


def test_what_comes_out_is_counted_whatever_the_archive_says(refused):
    bomb = zipped(predict_dot_py=b"0" * (8 << 20))
    assert refused(bomb) == "zip_bomb"


def test_an_archive_may_not_unpack_to_more_than_the_limit(refused):
    assert refused(zipped(predict_dot_py=b"0" * 5000), limits=UnpackLimits(total_bytes=4000)) == "too_large"


def test_damaged_archives_are_told(refused, tmp_path):
    whole = zipped(predict_dot_py=b"print(1)" * 1000)
    assert refused(whole[:-30]) == "truncated"
    (tmp_path / "code").rmdir()
    middle = bytearray(whole)
    middle[45] ^= 0xFF
    assert refused(bytes(middle)) == "archive_damaged"


@pytest.mark.parametrize(
    ("filename", "kind", "code"),
    [
        ("model.pkl", "model", "model_pickle"),
        ("model.txt", "model", "wrong_file"),
        ("code.sh", "code", "wrong_file"),
        ("code.py", "notebook", "wrong_file"),
    ],
)
def test_a_file_of_another_kind_is_refused(refused, filename, kind, code):
    assert refused(b"x", filename, kind) == code


def test_a_pickle_in_a_zip_is_refused_and_of_two_notebooks_none_is_chosen(refused, tmp_path):
    assert refused(zipped(m_dot_joblib=b""), kind="model") == "model_pickle"
    for item in (tmp_path / "code").iterdir():
        item.unlink()
    (tmp_path / "code").rmdir()
    assert refused(zipped(a_dot_ipynb=b"", b_dot_ipynb=b""), kind="notebook") == "many_entries"


HERE = Environment.of_this_python()


def test_requirements_that_are_there_pass():
    numpy = HERE.packages["numpy"]
    check_requirements(f"# mine\nnumpy=={numpy}  # this one\n\nScikit_Learn>=1\nlightgbm; python_version < '3'\n", HERE)


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("lightgbm>=4", "requirement_missing", "`lightgbm` is not in the environment `here`. It has: "),
        (
            "numpy<1",
            "requirement_version",
            f"`numpy<1` is asked for, but the environment `here` has {HERE.packages['numpy']}.",
        ),
        ("--index-url there", "requirement_option", "Nothing is installed here"),
        ("numpy @ file:///x", "requirement_address", "Nothing is fetched here"),
        ("what is this?", "requirement_unreadable", "like `numpy>=2`"),
    ],
)
def test_each_line_that_asks_for_more_is_named(line, code, words):
    with pytest.raises(SubmissionError) as caught:
        check_requirements(f"scipy\n{line}\n", HERE)
    assert caught.value.first.code == code
    assert caught.value.first.row == 2
    assert caught.value.first.message.startswith("requirements.txt, line 2: ")
    assert words in caught.value.first.message


def test_of_a_host_s_file_only_what_is_missing_counts():
    text = "-r more.txt\nwhat is this?\nscipy @ file:///x\nnumpy<1\nnothing-like-this>=2\nold; python_version < '3'\n"
    assert missing(text, HERE) == [f"`numpy<1` (it has {HERE.packages['numpy']})", "`nothing-like-this>=2`"]


def test_requirements_are_looked_at_before_anything_runs(run):
    predicted = run(zipped(predict_dot_py="print('ran')", requirements_dot_txt="nothing-like-this"), "my.zip")
    assert (predicted.verdict, predicted.error.code, predicted.result) == ("rejected", "requirement_missing", None)
