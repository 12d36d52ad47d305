"""Notebooks: executed from top to bottom without a network, and shown without anything that acts."""

import pytest

from scoring.runners.notebooks import clean
from tests.scoring.runners.conftest import notebook, zipped


def test_a_notebook_runs_from_top_to_bottom_and_is_rendered(run, tmp_path):
    cells = (
        "import os\nprint('working')\ntarget = os.environ['PODIUM_OUTPUT']",
        "from IPython.display import HTML\nHTML('<script>alert(1)</script><b onclick=alert(2)>bold</b>')",
        "open(target, 'w').write(open('/input/test.csv').read())",
    )
    predicted = run(zipped(mine_dot_ipynb=notebook(*cells)), "mine.zip", "notebook")
    assert predicted.verdict == "predicted"
    assert predicted.predictions.read_text() == (tmp_path / "input" / "test.csv").read_text()
    page = predicted.rendered.read_text()
    assert "<b>bold</b>" in page
    assert "working" in page
    assert "<script" not in page
    assert "working" in (tmp_path / "live").read_text()


def test_an_error_points_to_the_cell_and_its_line(run):
    predicted = run(notebook("x = 1", "\n# the second\nx['a']", "x = 2"), "mine.ipynb", "notebook")
    assert predicted.error.message == "A cell of the notebook stopped with an error."
    assert predicted.detail.message == "Cell 2 (`# the second`), line 3: TypeError: 'int' object is not subscriptable"
    assert (predicted.detail.column, predicted.detail.row) == ("mine.ipynb, cell 2", 3)
    assert "TypeError" in predicted.rendered.read_text()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{}", "notebook_unreadable"),
        (notebook().replace('"metadata": {}', '"metadata": {"kernelspec": {"language": "R"}}'), "notebook_language"),
    ],
)
def test_a_notebook_that_cannot_be_run_is_refused(run, content, code):
    assert run(content, "mine.ipynb", "notebook").error.code == code


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>",
        "<img src=x onerror=alert(1)>",
        '<img src="https://elsewhere/pixel.png">',
        '<img src="data:image/svg+xml;base64,AAAA">',
        '<a href="javascript:alert(1)">x</a>',
        '<a href="data:text/html,x">x</a>',
        "<style>body{display:none}</style>",
        '<div style="position:fixed">x</div>',
        '<form action="https://elsewhere"><input></form>',
        "<iframe src='https://elsewhere'></iframe>",
        "<svg onload=alert(1)></svg>",
        "<meta http-equiv=refresh content='0;https://elsewhere'>",
        '<base href="https://elsewhere">',
    ],
)
def test_nothing_that_acts_or_calls_out_is_shown(html):
    shown = clean(html)
    for word in ("script", "onerror", "elsewhere", "svg", "href", "style", "alert", "form"):
        assert word not in shown


def test_pictures_that_are_in_the_notebook_stay():
    picture = '<img src="data:image/png;base64,iVBORw0KGgo=" alt="plot">'
    assert "data:image/png;base64,iVBORw0KGgo=" in clean(picture)


def test_a_folder_where_ours_is_to_stand_is_no_failure_of_ours(run):
    words = (
        "import os\nos.makedirs('/out/podium-notebook.clean.html/x')\nopen('/out/podium-notebook.clean.html/x/y', 'w')"
    )
    predicted = run(notebook(f"{words}.close()\nopen('/out/predictions.csv', 'w').close()"), "mine.ipynb", "notebook")
    assert predicted.verdict == "predicted"
    assert "makedirs" in predicted.rendered.read_text()
