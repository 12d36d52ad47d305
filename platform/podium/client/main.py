"""The command `podium`. What a command needs is imported when it runs: `podium --help` shall come at once."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from podium import __version__
from podium.client.troubles import Trouble

if TYPE_CHECKING:
    from podium.client.api import Api

Command = TypeVar("Command", bound=Callable[..., Any])
as_json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on one line, nothing else."
)
MARKS = {"scored": 0, "tried": 0, "rejected": 2}  # exit status of `submit`; everything else is 1


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="podium")
def podium() -> None:
    """Take part in machine-learning competitions on a Podium site.

    \b
    Begin with:
      podium login --url https://podium.example.org
      podium challenges
      podium join SLUG
      podium download SLUG
      podium submit SLUG predictions.csv --wait

    PODIUM_URL and PODIUM_TOKEN in the environment hold before what “podium login” keeps.
    """


@podium.command()
@click.option("--url", default="", help="The site's address. Default: the last one, else http://localhost:8000.")
@as_json_option
def login(*, url: str, as_json: bool) -> None:
    """Keep a token for a site.

    Make a token on the page “Tokens” of your settings there; this asks for it, without showing it. In a pipe it is read
    from standard input. It is kept in a file that only you can read.
    """
    from podium.client.login import Login, current_login, keep  # noqa: PLC0415

    site = current_login(url=url)
    token = os.environ.get("PODIUM_TOKEN", "").strip() or _asked_token(site.tokens_page)
    fresh = Login(site.url, token)
    with _site(fresh) as api:
        person = api.get("me/")
    path = keep(fresh)
    if fresh.is_open_to_listeners:
        click.echo(f"Careful: {fresh.url} is not encrypted, so others on the network can read the token.", err=True)
    _answer(
        {"url": fresh.url, "username": person["username"], "name": person["name"]},
        as_json=as_json,
        text=f"Hello {person['name']}. You are {person['username']} at {fresh.url}. Kept in {path}.",
    )


@podium.command()
@as_json_option
def logout(*, as_json: bool) -> None:
    """Forget the token. Revoke it on the page “Tokens” if others may have seen it."""
    from podium.client.login import forget  # noqa: PLC0415

    forgotten = forget()
    _answer(
        {"forgotten": forgotten}, as_json=as_json, text="Forgotten." if forgotten else "There was nothing to forget."
    )


@podium.command()
@click.option("--state", type=click.Choice(["upcoming", "running", "ended"]), help="Only these.")
@click.option("--search", default="", metavar="WORDS", help="Only those that mention these words.")
@as_json_option
def challenges(*, state: str | None, search: str, as_json: bool) -> None:
    """List the challenges."""
    from podium.client.show import table, when  # noqa: PLC0415

    with _site() as api:
        found = api.everything("challenges/", state=state, search=search)
    if as_json:
        return _print({"results": found})
    rows = [[one["slug"], one["title"], one["state"], when(one["opens"]), when(one["closes"])] for one in found]
    return table(["slug", "title", "state", "opens", "closes"], rows)


@podium.command()
@click.argument("slug")
@click.option("--yes", is_flag=True, help="You have read the rules, and accept them.")
@as_json_option
def join(*, slug: str, yes: bool, as_json: bool) -> None:
    """Accept the rules of a challenge and take part."""
    from podium.client.api import address  # noqa: PLC0415

    with _site() as api:
        rules = api.get(f"{address('challenges', slug)}/")["rules"]
        if rules is None:
            raise Trouble("no_rules", "This challenge has no rules yet, so nobody can accept them.")
        if rules["accepted"] != rules["version"] and not yes:
            _agree(rules, as_json=as_json)
        joined = api.post(f"{address('challenges', slug)}/join/", {"rules": rules["version"]})
    _answer(joined, as_json=as_json, text=f"You take part in {slug}, by version {joined['rules']} of its rules.")


@podium.command()
@click.argument("slug")
@click.argument("names", nargs=-1)
@click.option("--to", "folder", type=click.Path(path_type=Path), help="The folder for them. Default: one called SLUG.")
@as_json_option
def download(*, slug: str, names: Sequence[str], folder: Path | None, as_json: bool) -> None:
    """Fetch the files of a challenge: all, or those named (NAMES may be patterns like 'train/*').

    What broke off is resumed; what is there already is kept; each file is checked by its SHA-256.
    """
    from podium.client.api import address  # noqa: PLC0415
    from podium.client.downloads import chosen, fetch, place_of  # noqa: PLC0415
    from podium.client.show import note, plain, progress  # noqa: PLC0415

    folder = folder or Path(slug)
    done: list[dict[str, Any]] = []
    with _site() as api:
        files = chosen(api.everything(f"{address('challenges', slug, 'files')}/"), names)
        places = [place_of(folder, str(file["name"])) for file in files]
        for file, place in zip(files, places, strict=True):
            with progress(str(file["name"]), int(file["size"]), quiet=as_json) as advance:
                outcome = fetch(api, slug=slug, file=file, place=place, advance=advance)
            note(f"{plain(place)}: {'there already' if outcome == 'kept' else 'done'}", quiet=as_json)
            facts = {key: file[key] for key in ("name", "size", "sha256")}
            done.append({**facts, "path": str(place), "outcome": outcome})
    _answer({"files": done}, as_json=as_json, text=f"{len(done)} files in {folder}.")


@podium.command()
@click.argument("slug")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True))
@click.option("--phase", default="", help="The phase to send into. Default: the current one.")
@click.option("--description", "--note", "description", default="", help="A note to yourself and your team.")
@click.option("--trial", is_flag=True, help="Only try code on the phase's public sample: it costs nothing.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait for the scores.")
@as_json_option
def submit(*, slug: str, file: Path, phase: str, description: str, trial: bool, wait: bool, as_json: bool) -> int:
    """Send FILE in.

    Exit status: 0 scored, or tried and found to work (with --no-wait: taken), 2 rejected, 1 anything else.
    """
    from podium.client.show import note, progress  # noqa: PLC0415
    from podium.client.uploads import follow, send  # noqa: PLC0415

    given = {"phase": phase, "description": description, "trial": "true" if trial else ""}
    fields = {name: value for name, value in given.items() if value}
    with _site() as api:
        with progress(file.name, file.stat().st_size, quiet=as_json) as advance:
            submission = send(api, slug=slug, path=file, fields=fields, advance=advance)
        note(f"Submission {submission['id']} is in.", quiet=as_json)
        if wait:
            submission = follow(api, submission)
    _print(submission) if as_json else _tell(submission)
    return MARKS.get(submission["state"], 1) if wait else 0


@podium.command("run")
@click.argument("submission", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True))
@click.option("--challenge", "slug", default="", metavar="SLUG", help="Try it on the public sample of this challenge.")
@click.option("--input", "inputs", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Or on this.")
@click.option("--out", type=click.Path(path_type=Path), default=".", help="Where its predictions go. Default: here.")
@click.option(
    "--kind", type=click.Choice(["code", "notebook", "model", "container"]), help="Default: by the file's ending."
)
@click.option("--expects", default="", metavar="NAME", help="The file that it is to write.")
@click.option("--model", default="", metavar="JSON", help="How a model is fed, as the challenge says it.")
@click.option("--stream", default="", metavar="JSON", help="How data come in batches, as the challenge says it.")
@click.option("--trust", is_flag=True, help="Without a sandbox: the code may do all that you may.")
@as_json_option
def run_code(*, submission: Path, slug: str, inputs: Path | None, out: Path, as_json: bool, **rest: Any) -> int:
    """Run SUBMISSION here, in the way that the site does, before you send it.

    Its predictions come to --out. Exit status: 0 predicted, 2 its own fault, 3 the data's, 1 anything else.
    """
    from podium.client.running import fetch_sample, run_here  # noqa: PLC0415

    if bool(slug) == (inputs is not None):
        raise Trouble("usage", "Say on what it is to run: --challenge SLUG for its sample, or --input DIR.")
    if inputs is None:
        with _site() as api:
            inputs = fetch_sample(api, slug=slug, folder=Path(slug), advance=lambda _: None)
    words = [
        word for name in ("kind", "expects", "model", "stream") if rest[name] for word in (f"--{name}", rest[name])
    ]
    flags = [flag for flag, wanted in (("--trust", rest["trust"]), ("--json", as_json)) if wanted]
    return run_here(submission, inputs=inputs, out=out, options=[*words, *flags])


@podium.command()
@click.argument("slug")
@click.option("--all", "all_pages", is_flag=True, help="All, not only the latest 50.")
@as_json_option
def submissions(*, slug: str, all_pages: bool, as_json: bool) -> None:
    """List the submissions of your team, the latest first."""
    from podium.client.api import address  # noqa: PLC0415
    from podium.client.show import table, when  # noqa: PLC0415

    with _site() as api:
        found, more = _pages(api, f"{address('challenges', slug, 'submissions')}/", all_pages=all_pages)
    if as_json:
        return _print({"results": found, "next": more})
    columns = list(dict.fromkeys((score["column"], score["split"]) for one in found for score in one["scores"]))
    rows = [
        [one["id"], when(one["created_at"]), one["state"], *_values(one, columns), one["selected"], _remark(one)]
        for one in found
    ]
    heads = [f"{column} ({split})" for column, split in columns]
    table(["id", "sent", "state", *heads, "selected", "note"], rows, numbers=["id", *heads])
    return _more(more)


@podium.command()
@click.argument("slug")
@click.option("--board", default="", help="Which board. Default: the one that counts now.")
@click.option("--page", type=click.IntRange(1), default=1, help="Begin at this page of 50.")
@click.option("--all", "all_pages", is_flag=True, help="All pages.")
@as_json_option
def leaderboard(*, slug: str, board: str, page: int, all_pages: bool, as_json: bool) -> None:
    """Show who leads."""
    from podium.client.api import address  # noqa: PLC0415
    from podium.client.show import note, plain, table, when  # noqa: PLC0415

    with _site() as api:
        shown = _board(api, slug, board)
        path = f"{address('challenges', slug, 'leaderboards', shown['board'])}/"
        found, more = _pages(api, path, all_pages=all_pages, page=None if page == 1 else page)
    if as_json:
        return _print({"board": shown["board"], "results": found, "next": more})
    note(plain(shown["title"]), quiet=not sys.stdout.isatty())
    columns = [(column["key"], column["split"]) for column in shown["columns"]]
    heads = [str(column["title"]) for column in shown["columns"]]
    digits = [int(column["decimals"]) for column in shown["columns"]]
    sure = any(score["ci_low"] is not None for one in found for score in one["scores"][:1])
    rows = [
        [
            "baseline" if one["is_baseline"] else one["rank"],
            one["team"],
            *_values(one, columns, digits),
            *([_interval(one, columns[0], digits[0])] if sure else []),
            one["entries"],
            when(one["last_at"]),
        ]
        for one in found
    ]
    between = [f"95 % of {heads[0]}"] if sure else []
    table(["rank", "team", *heads, *between, "entries", "last"], rows, numbers=["rank", *heads, *between, "entries"])
    return _more(more)


def _site(login: Any = None) -> "Api":
    """Return a connection to the site that holds."""
    from podium.client.api import Api  # noqa: PLC0415
    from podium.client.login import current_login  # noqa: PLC0415

    return Api(login or current_login())


def _asked_token(page: str) -> str:
    """Ask for a token: in a terminal without showing it, else from standard input."""
    if sys.stdin.isatty():
        click.echo(f"Make a token at {page}", err=True)
        token = str(click.prompt("Token", hide_input=True, err=True))
    else:
        token = sys.stdin.readline()
    if not token.strip():
        raise Trouble("no_token", f"A token is needed: make one at {page}.")
    return token.strip()


def _agree(rules: dict[str, Any], *, as_json: bool) -> None:
    """Ask whether the person accepts the rules."""
    told = f"Read the rules, version {rules['version']}, at {rules['url']}"
    if as_json or not sys.stdin.isatty():
        raise Trouble("not_accepted", f"{told}, and add --yes if you accept them.")
    click.echo(f"{told}.", err=True)
    if not click.confirm("Do you accept them?", err=True):
        raise Trouble("not_accepted", "You did not accept the rules, so you do not take part.")


def _board(api: "Api", slug: str, name: str) -> dict[str, Any]:
    """Return the board of that name, or the first one: it is the one that counts now."""
    from podium.client.api import address  # noqa: PLC0415

    boards = api.everything(f"{address('challenges', slug, 'leaderboards')}/")
    found = next((board for board in boards if name in ("", board["board"])), None)
    if found is None:
        there = ", ".join(str(board["board"]) for board in boards) or "none"
        raise Trouble("no_such_board", f"There is no board “{name}” that you may see. The boards are: {there}.")
    return found


def _pages(api: "Api", path: str, *, all_pages: bool, page: int | None = None) -> tuple[list[Any], str | None]:
    """Return the results of one page, or of it and all that follow; and where the next one is."""
    if not all_pages:
        one = api.get(path, page=page)
        return one["results"], one["next"]
    return [result for one in api.pages(path, page=page) for result in one["results"]], None


def _values(row: dict[str, Any], columns: list[tuple[str, str]], digits: Sequence[int] = ()) -> list[str | None]:
    """Return a row's scores, a cell for each column."""
    values = {(score["column"], score["split"]): score["value"] for score in row["scores"]}
    if not digits:
        return [None if values.get(column) is None else repr(values[column]) for column in columns]
    return [
        None if values.get(column) is None else f"{values[column]:.{decimals}f}"
        for column, decimals in zip(columns, digits, strict=True)
    ]


def _interval(row: dict[str, Any], column: tuple[str, str], decimals: int) -> str | None:
    """Return the interval of a row's score in a column, as far as it is known."""
    score = next((one for one in row["scores"] if (one["column"], one["split"]) == column), None)
    if score is None or score["ci_low"] is None or score["ci_high"] is None:
        return None
    return f"{score['ci_low']:.{decimals}f} to {score['ci_high']:.{decimals}f}"


def _remark(submission: dict[str, Any]) -> str:
    return str(submission["error"]["message"] if submission["error"] else submission["description"])


def _tell(submission: dict[str, Any]) -> None:
    """Say what became of a submission."""
    from podium.client.show import plain, table  # noqa: PLC0415

    click.echo(f"Submission {submission['id']}: {submission['state']}")
    if submission["error"]:
        click.echo(plain(submission["error"]["message"]))
    elif submission["scores"]:
        rows = [[score["column"], score["split"], score["value"]] for score in submission["scores"]]
        table(["column", "split", "value"], rows, numbers=["value"])


def _more(link: str | None) -> None:
    if link:
        click.echo("There is more: --all shows everything.", err=True)


def _answer(data: dict[str, Any], *, as_json: bool, text: str) -> None:
    """End a command: with an object for programs, with a sentence for people."""
    from podium.client.show import plain  # noqa: PLC0415

    _print(data) if as_json else click.echo(plain(text))


def _print(data: dict[str, Any]) -> None:
    click.echo(json.dumps(data, ensure_ascii=False))


def run(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status. With `--json` a trouble is an object on standard output, too."""
    as_json = "--json" in arguments
    try:
        status = podium.main(args=list(arguments), prog_name="podium", standalone_mode=False)
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  (Python flushes it at the end, once more)
        return 1
    except (Trouble, click.ClickException, click.Abort, KeyboardInterrupt, OSError) as error:
        return _failed(_trouble_of(error), as_json=as_json)
    return status if isinstance(status, int) else 0


def _trouble_of(error: BaseException) -> Trouble:
    """Return what ended a command in our words."""
    match error:
        case Trouble():
            return error
        case click.UsageError():
            usage = f"{error.ctx.get_usage()}\n\n" if error.ctx else ""
            return Trouble("usage", usage + error.format_message())
        case click.ClickException():
            return Trouble("failed", error.format_message())
        case OSError():
            return Trouble("file", f"{error.filename or 'A file'}: {error.strerror or error}.")
    return Trouble("stopped", "Stopped.", exit_status=130)


def _failed(trouble: Trouble, *, as_json: bool) -> int:
    if as_json:
        _print(trouble.as_dict())
    else:
        click.echo(trouble.message, err=True)
    return trouble.exit_status


def main() -> NoReturn:
    """Run the command that the shell gave."""
    sys.exit(run(sys.argv[1:]))
