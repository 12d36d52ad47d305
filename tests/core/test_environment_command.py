"""`manage.py environment`: what participants' code runs in."""

import io
import json
import sys

import pytest
from django.core.management import CommandError, call_command


@pytest.fixture
def environment(settings, tmp_path):
    """Call the command over an empty folder; return what it said."""
    settings.ENVIRONMENTS_DIR = tmp_path / "environments"

    def command(*arguments):
        out = io.StringIO()
        call_command("environment", *arguments, stdout=out)
        return out.getvalue()

    return command


def test_an_empty_list_says_how_to_make_one(environment):
    assert "manage.py environment build" in environment("list")
    assert json.loads(environment("list", "--json")) == {"environments": []}


def test_what_cannot_be_built_is_said_in_one_sentence(environment):
    with pytest.raises(CommandError, match="`a b` is not the name of a package"):
        environment("build", "mine", "--with", "a b", "--python", sys._base_executable)
