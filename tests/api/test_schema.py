"""The schema, and the page that shows it."""

import re

import pytest
from django.core.management import call_command
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator

from tests.api.asking import V1


@pytest.fixture(scope="module")
def schema():
    """The schema as programs read it."""
    return SchemaGenerator().get_schema(public=True)


def operations(schema):
    return [(path, method, one) for path, item in schema["paths"].items() for method, one in item.items()]


def test_the_schema_is_valid_and_nothing_in_it_is_guessed(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def test_every_address_is_in_the_schema(schema):
    mine = next(one for one in get_resolver().url_patterns if getattr(one, "app_name", "") == "api")
    addresses = {one.name for one in mine.url_patterns} - {"schema", "docs", "missing"}
    assert len(schema["paths"]) == len(addresses)


def test_every_operation_says_what_goes_in_what_comes_out_and_what_goes_wrong(schema):
    for path, method, operation in operations(schema):
        responses = operation["responses"]
        assert operation["description"], path
        assert {"200", "401", "429", "500"} <= set(responses), path
        for status, response in responses.items():
            if status >= "400":
                assert response["content"]["application/json"]["schema"]["$ref"].endswith("/Error"), (path, status)
        if "{" in path:
            assert "404" in responses, path
        if method == "post" and not path.endswith("/cancel/"):
            assert operation["requestBody"]["content"], path


def test_the_schema_names_both_ways_to_sign_in(schema):
    assert set(schema["components"]["securitySchemes"]) == {"token", "session"}


def test_visitors_read_the_schema(client, db):
    assert client.get(f"{V1}schema/").status_code == 200


def test_the_page_asks_no_other_host(client, db):
    page = client.get(f"{V1}docs/")
    policy = page["Content-Security-Policy"]
    html = page.content.decode()
    sources = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert len(sources) >= 4
    assert all(source.startswith("/") and not source.startswith("//") for source in sources)
    assert "http" not in policy
    assert "script-src 'self';" in policy
    script = client.get(next(source for source in sources if "script=" in source))
    assert script.status_code == 200
    assert b'"/api/v1/schema/"' in script.content.replace(b"\\u002D", b"-")
    assert not re.search(r"<script>", html)
