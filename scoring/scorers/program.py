"""A host's scoring program, as Codabench and CodaLab run it, with an ingestion program before it where there is one.

Two steps, each in a sandbox of its own, so that what a participant sent never runs beside the reference:

1. **Ingestion**: the ingestion program at /app/program, the submission at /app/ingested_program, the input data at
   /app/input_data, no reference. Without an ingestion program a submission whose ``metadata`` has a command is the
   program. A submission without a command has its files copied to the output. An ingestion that fails does not stop
   scoring: result submissions to a task with one rely on that.
2. **Scoring**: the scoring program at /app/program, the reference at /app/input/ref, the output of step 1 at
   /app/input/res.

The output is at /app/output in both. A command is split into words and run without a shell.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scoring.errors import HostError, SubmissionError, listed
from scoring.jobs import ScoreError, ScoreResult
from scoring.sandbox.jobs import MIB, JobSpec, Limits, Result, Verdict
from scoring.scorers.answers import NoAnswerError, read_json, read_text
from scoring.scorers.evaluate import SCORER_LIMITS
from scoring.scorers.function import sha256
from scoring.scorers.keys import Leaderboard
from scoring.scorers.places import Place, broken, hosts_matter, put, put_all, said, used
from scoring.unpacking import inner_folder, is_zip, unpack_zip

METADATA = ("metadata.yaml", "metadata.yml", "metadata")
DEFAULT = "python3 $program/score.py $input $output"
APP = "/app"
INGESTION_LIMITS = Limits(wall_s=600, memory_mb=2048, output_bytes=256 * MIB)
SCORES_JSON, SCORES_TXT, PAGE = "scores.json", "scores.txt", "detailed_results.html"
PAGE_BYTES = 4 << 20
SPLIT_WORD = "{key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramJob:
    """A submission to be scored by a program.

    ``program`` and ``ingestion`` are a folder, a zip, or one .py, which is then score.py or ingestion.py; ``command``
    is what their ``metadata`` says where it is empty. ``reference`` and ``input_data`` are a folder or one file.
    ``leaderboard.split`` says how a key of a split is written in scores.json, with ``{key}`` for the key.
    """

    program: Path
    reference: Path
    submission: Path
    filename: str
    leaderboard: Leaderboard
    command: str = ""
    ingestion: Path | None = None
    ingestion_command: str = ""
    input_data: Path | None = None
    limits: Limits = SCORER_LIMITS
    ingestion_limits: Limits = INGESTION_LIMITS


def score_program(job: ProgramJob, place: Place) -> ScoreResult:
    """Score by a program."""
    with place.staging("out") as folder:
        try:
            _stage(job, folder)
        except SubmissionError as error:
            return ScoreResult(verdict="rejected", error=ScoreError.of(error))
        except HostError as error:
            return ScoreResult(verdict="host_error", error=ScoreError.of(error))
        ingested = _ingest(job, place, folder)
        if ingested is not None and ingested.verdict is Verdict.SANDBOX_ERROR:
            return broken(ingested, called="", limits="") or ScoreResult(verdict="platform_error")
        result = _run_scoring(job, place, folder)
        scored = _result(folder / "out", job=job, result=result)
    story = f"Ingestion ({ingested.verdict}):\n{said(ingested)}" if ingested is not None else ""
    detail = "\n".join(filter(None, [scored.detail, story]))
    return replace(scored, detail=detail, resources=_both(result, ingested), hashes=_hashes(job))


def _both(result: Result, ingested: Result | None) -> dict[str, float]:
    """Return what both steps took: times together, memory the greater."""
    if ingested is None:
        return used(result)
    first, last = used(ingested), used(result)
    return {name: (max if name == "memory_mb" else sum)((first[name], last[name])) for name in last}


def _hashes(job: ProgramJob) -> dict[str, str]:
    files = {"reference": job.reference, "submission": job.submission, "scorer": job.program}
    return {name: digest for name, path in files.items() if path.is_file() and (digest := sha256(path))}


# What lies where


def _stage(job: ProgramJob, folder: Path) -> None:
    """Fill folders: program, ref, res, and ingestion, submission, data. Raises SubmissionError and HostError."""
    _stage_code(job.program, folder / "program", alone="score.py")
    put_all(job.reference, folder / "ref")
    if is_zip(job.submission):
        unpack_zip(job.submission, folder / "submission")
    else:
        put(job.submission, folder / "submission" / Path(job.filename).name)
    (folder / "res").mkdir()
    if command_of(folder / "submission") is None:
        put_all(folder / "submission", folder / "res")
    if job.ingestion is not None:
        _stage_code(job.ingestion, folder / "ingestion", alone="ingestion.py")
    if job.input_data is not None:
        put_all(job.input_data, folder / "data")
    else:
        (folder / "data").mkdir()


def _stage_code(source: Path, target: Path, *, alone: str) -> None:
    """Put a host's program, which may be a zip or one file, into a folder of its own. Raises HostError."""
    if source.is_dir():
        put_all(inner_folder(source, *METADATA, alone), target)
    elif is_zip(source):
        unpacked = target.with_name(f"{target.name}-unpacked")
        try:
            unpack_zip(source, unpacked)
        except SubmissionError as error:
            raise HostError("scorer_archive", f"In the program: {error.message}") from error
        put_all(inner_folder(unpacked, *METADATA, alone), target)
    else:
        put(source, target / alone)


# Commands


def command_of(folder: Path) -> str | None:
    """Return the command in a program's ``metadata``, or None where there is none. Lenient: real ones are sloppy.

    Of YAML no more is read than a line ``command: …``, also with its words on the lines below, or between quotes.
    """
    for name in METADATA:
        path = folder / name
        if path.is_file() and path.stat().st_size < MIB and (found := _command(path.read_text(errors="replace"))):
            return found
    return None


def _command(text: str) -> str:
    lines = iter(text.splitlines())
    for line in lines:
        name, colon, value = line.strip().lstrip("\ufeff").partition(":")
        if colon and name.strip().strip("\"'") == "command":
            value = value.strip()
            if value in {"", ">", "|", ">-", "|-", ">+", "|+"}:
                value = " ".join(_indented(lines))
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
            return (value[1:-1] if quoted else value).strip()
    return ""


def _indented(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line.strip() and not line[0].isspace():
            return
        yield line.strip()


def substituted(command: str, *, kind: str) -> tuple[str, ...]:
    """Return a command's words, the folders put in their places as Codabench does, plain text, in this order.

    ``kind`` is "scoring", "ingestion", or "submission" for a participant's own program.

    >>> substituted("python $program/score.py $input $output", kind="scoring")
    ('python', '/app/program/score.py', '/app/input', '/app/output')
    """
    scoring = kind == "scoring"
    for word, folder in (
        ("$input", "/app/input" if scoring else "/app/input_data"),
        ("$output", "/app/output"),
        ("$tmp", "/app/output"),
        ("$program", "/app/program"),
        ("$ingestion_program", "/app/program"),
        ("$hidden", "/app/input/ref"),
        ("$shared", "/app/shared"),
        ("$submission_program", "/app/ingested_program"),
        ("$predictions", "/app/input/res" if scoring else "/app/output"),
    ):
        command = command.replace(word, folder)
    try:
        return tuple(shlex.split(command))
    except ValueError:  # a quotation mark that stands alone
        return tuple(command.split())


# Step 1


def _ingest(job: ProgramJob, place: Place, folder: Path) -> Result | None:
    """Run what makes the results that are scored, if anything does, and put them to the others."""
    if job.ingestion is not None:
        code, kind = folder / "ingestion", "ingestion"
        command = job.ingestion_command or command_of(code) or "python3 $program/ingestion.py $input $output"
    elif (own := command_of(folder / "submission")) is not None:
        code, kind, command = folder / "submission", "submission", own
    else:
        return None
    result = place.run(
        JobSpec(
            command=substituted(command, kind=kind),
            code=code,
            inputs={f"{APP}/input_data": folder / "data", f"{APP}/ingested_program": folder / "submission"},
            links={**_links("program", "ingestion_program"), f"{APP}/input": f"{APP}/input_data"},
            out=folder / "ingested",
            trees=place.trees(),
            environment=place.variables,
            limits=job.ingestion_limits,
        )
    )
    for path in (folder / "ingested").rglob("*"):
        if path.is_file():
            target = folder / "res" / path.relative_to(folder / "ingested")
            if _is_free(target, below=folder / "res"):
                target.unlink(missing_ok=True)
                put(path, target)
    code_word = 0 if result.verdict is Verdict.OK else result.exit_code or 1
    facts = {"exitCode": 0, "elapsedTime": 0.0, "ingestionExitCode": code_word, "ingestionElapsedTime": result.wall_s}
    if kind == "submission":
        facts = {"exitCode": code_word, "elapsedTime": result.wall_s}
    metadata = folder / "res" / "metadata"
    if not metadata.is_dir():
        metadata.unlink(missing_ok=True)
        metadata.write_text("".join(f"{name}: {value}\n" for name, value in facts.items()))
    return result


def _is_free(target: Path, *, below: Path) -> bool:
    """Return whether a file may stand there: nothing on its way is a file, and it is no folder."""
    way = [parent for parent in target.parents if parent.is_relative_to(below)]
    return not target.is_dir() and not any(parent.is_file() for parent in way)


# Step 2


def _run_scoring(job: ProgramJob, place: Place, folder: Path) -> Result:
    command = job.command or command_of(folder / "program") or DEFAULT
    return place.run(
        JobSpec(
            command=substituted(command, kind="scoring"),
            code=folder / "program",
            inputs={f"{APP}/input/ref": folder / "ref", f"{APP}/input/res": folder / "res"},
            links=_links("program"),
            out=folder / "out",
            trees=place.trees(),
            environment=place.variables,
            limits=job.limits,
        )
    )


def _links(*programs: str) -> dict[str, str]:
    """Return the places that programs know, as links to ours; what is shared is shared with nobody."""
    code = {f"{APP}/{name}": "/code" for name in programs}
    return {**code, f"{APP}/output": "/out", f"{APP}/shared": "/tmp"}  # noqa: S108 - the sandbox's own


def _result(out: Path, *, job: ProgramJob, result: Result) -> ScoreResult:
    limits = (
        f"{job.limits.wall_s:g} s, {job.limits.memory_mb:,} MB of memory, {job.limits.output_bytes >> 20} MB of files"
    )
    if (stopped := broken(result, called="The scoring program", limits=limits)) is not None:
        return replace(stopped, page=read_page(out))
    try:
        scores = job.leaderboard.values(_by_split(read_scores(out), job.leaderboard))
        if not scores:
            known = listed(name for pattern in _patterns(job.leaderboard).values() for name in _names(job, pattern))
            raise HostError("scorer_result", f"The scoring program wrote none of the declared scores: {known}.")
    except NoAnswerError as error:
        return hosts_matter("scorer_result", f"The scores cannot be read. {error}", result=result)
    except HostError as error:
        return hosts_matter(error.code, error.message, result=result)
    return ScoreResult(verdict="scored", scores=scores, detail=said(result), page=read_page(out))


def read_scores(out: Path) -> Mapping[str, Any]:
    """Return what a program wrote into scores.json, else scores.txt. Raises HostError and NoAnswerError."""
    if (out / SCORES_JSON).is_file():
        found = read_json(read_text(out / SCORES_JSON))
        if not isinstance(found, dict):
            raise HostError("scorer_result", 'scores.json holds no object: expected {"<key>": number, …}.')
        return found
    if (out / SCORES_TXT).is_file():
        pairs = (line.rpartition(":") for line in read_text(out / SCORES_TXT).splitlines())
        return {key.strip(): _read_number(value) for key, colon, value in pairs if colon}
    raise HostError("scorer_result", "The scoring program wrote neither scores.json nor scores.txt to /app/output.")


def _read_number(text: str) -> float | None:
    try:
        return float(text.strip())
    except ValueError:
        return None


def _patterns(leaderboard: Leaderboard) -> Mapping[str, str]:
    return leaderboard.split or {"all": SPLIT_WORD}


def _names(job: ProgramJob, pattern: str) -> list[str]:
    return [pattern.replace(SPLIT_WORD, one.key) for one in job.leaderboard.keys]


def _by_split(found: Mapping[str, Any], leaderboard: Leaderboard) -> dict[str, dict[str, Any]]:
    """Return the numbers of each split under our keys."""
    return {
        split: {
            one.key: found[name] for one in leaderboard.keys if (name := pattern.replace(SPLIT_WORD, one.key)) in found
        }
        for split, pattern in _patterns(leaderboard).items()
    }


def read_page(out: Path) -> str:
    """Return detailed_results.html, else the first other .html beside the scores; empty where there is none."""
    pages = [out / PAGE, *sorted(out.glob("*.html"))]
    page = next((path for path in pages if path.is_file() and path.stat().st_size <= PAGE_BYTES), None)
    return page.read_text(encoding="utf-8", errors="replace") if page is not None else ""
