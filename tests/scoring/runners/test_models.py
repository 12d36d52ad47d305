"""Models: ONNX and scikit-learn's by skops, on the columns that the phase declares. No pickle is read."""

import base64

import pytest
import skops.io
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import FunctionTransformer

from scoring.environments import find
from scoring.runners.specs import ModelSpec

# A pipeline of a scaler and a linear regression, 2 a + b, in ONNX.
ONNX = base64.b64decode(
    "CAoSCHNrbDJvbm54GgYxLjIwLjAiB2FpLm9ubngoADIAOo4CClcKAVgSCXZhcmlhYmxlMRoGU2NhbGVyIgZTY2FsZXIqFQoGb2Zmc2V0PQAAmEA9"
    "MzNzP6ABBioUCgVzY2FsZT2JlbE+PRcSnz+gAQY6CmFpLm9ubngubWwKdgoJdmFyaWFibGUxEgh2YXJpYWJsZRoPTGluZWFyUmVncmVzc29yIg9M"
    "aW5lYXJSZWdyZXNzb3IqGwoMY29lZmZpY2llbnRzPWCFuEA9G/9NP6ABBioUCgppbnRlcmNlcHRzPTMzJ0GgAQY6CmFpLm9ubngubWwSDk9OTlgo"
    "UGlwZWxpbmUpWhEKAVgSDAoKCAESBgoACgIIAmIYCgh2YXJpYWJsZRIMCgoIARIGCgAKAggBQg4KCmFpLm9ubngubWwQAUIECgAQFg=="
)
SPEC = ModelSpec.from_dict({"inputs": ["a", "b"]})


def predictions(predicted):
    assert predicted.verdict == "predicted", predicted.detail
    lines = predicted.predictions.read_text().splitlines()
    assert lines[0] == "id,prediction"
    cells = [line.split(",") for line in lines[1:]]
    assert [cell[0] for cell in cells] == [f"{row:03}" for row in range(10)]
    return [float(cell[1]) for cell in cells]


EXPECTED = [row + row % 3 for row in range(10)]


@pytest.fixture
def onnx(run, built):
    """Run a model in ONNX."""

    def do(content, **options):
        return run(content, "mine.onnx", "model", environment=find(built, "small"), **options)

    return do


def test_an_onnx_model_is_run_on_the_declared_columns(onnx):
    assert predictions(onnx(ONNX, model=SPEC)) == pytest.approx(EXPECTED, abs=1e-5)


def test_a_scikit_learn_model_comes_by_skops(run):
    model = LinearRegression().fit([[0, 0], [1, 0], [0, 1]], [0, 2, 1])
    assert predictions(run(skops.io.dumps(model), "mine.skops", "model", model=SPEC)) == pytest.approx(EXPECTED)


def test_a_model_that_would_run_something_is_not_loaded(run):
    import os

    evil = skops.io.dumps(FunctionTransformer(os.system))
    predicted = run(evil, "mine.skops", "model", model=SPEC)
    assert (predicted.verdict, predicted.error.code) == ("rejected", "model_types")
    assert "posix.system" in predicted.detail.message
    assert "posix.system" not in predicted.error.message


@pytest.mark.parametrize(
    ("content", "spec", "code"),
    [
        (ONNX[:200], {}, "model_unreadable"),
        (ONNX, {"inputs": {"other": ["a", "b"]}}, "model_inputs"),
        (ONNX, {"inputs": ["a"]}, "model_failed"),
        (ONNX, {"columns": ["p", "q"]}, "model_outputs"),
        (ONNX, {"output": "other"}, "model_outputs"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(onnx, content, spec, code):
    model = ModelSpec.from_dict({"inputs": ["a", "b"], **spec})
    predicted = onnx(content, model=model)
    assert (predicted.verdict, predicted.error.code) == ("rejected", code)


def test_a_phase_that_does_not_say_how_models_are_fed_is_the_hosts_matter(run):
    assert run(ONNX, "mine.onnx", "model").verdict == "host_error"
