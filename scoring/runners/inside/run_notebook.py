"""Executes a notebook from top to bottom and renders it: ``run_notebook.py CODE NOTEBOOK OUT FILE``.

The kernel and its client talk through sockets in /tmp: there is no network here. What the notebook writes to
/out/FILE is its predictions; the executed notebook is left as HTML beside it, which is cleaned outside.
"""

import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import reporting

del sys.path[0]

RENDERED = "podium-notebook.html"
WHERE = re.compile(r"(?:Cell In\[\d+\], line |File <[^>]*>:)(\d+)")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
KEEP_OUTPUT = 100_000


def main(code, entry, out, name):
    """Read it, execute it, render it."""
    home = os.environ.get("TMPDIR", "/tmp")
    for variable, folder in (("IPYTHONDIR", "ipython"), ("JUPYTER_RUNTIME_DIR", "jupyter"), ("MPLCONFIGDIR", "mpl")):
        os.environ[variable] = os.path.join(home, folder)
        os.makedirs(os.environ[variable], mode=0o700, exist_ok=True)
    os.environ["JUPYTER_CONFIG_DIR"] = os.environ["JUPYTER_DATA_DIR"] = os.path.join(home, "jupyter")
    add_kernel(os.path.join(home, "jupyter", "kernels", "podium"))
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    os.environ.setdefault("MPLBACKEND", "agg")
    notebook = read(os.path.join(code, entry), out)
    failure = execute(notebook, folder=os.path.dirname(os.path.join(code, entry)), home=home)
    render(notebook, os.path.join(out, RENDERED))
    if failure is not None:
        sys.stderr.write(f"{failure.get('traceback') or failure.get('message', '')}\n")
        reporting.fail(out, **{key: value for key, value in failure.items() if key != "traceback"})


def add_kernel(folder):
    """Make our kernel known by its name."""
    os.makedirs(folder)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernel.py")
    spec = {"argv": [sys.executable, script, "-f", "{connection_file}"], "display_name": "Python", "language": "python"}
    with open(os.path.join(folder, "kernel.json"), "w", encoding="utf-8") as stream:
        json.dump(spec, stream)


def read(path, out):
    """Return the notebook, in the format that is current."""
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:
        reporting.fail(out, kind="notebook_unreadable", message=str(error))
    language = notebook.metadata.get("kernelspec", {}).get("language") or notebook.metadata.get(
        "language_info", {}
    ).get("name")
    if language and str(language).lower() not in ("python", "ipython", "python3"):
        reporting.fail(out, kind="notebook_language", message=f"The notebook is in {language}.")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def execute(notebook, *, folder, home):
    """Run all cells; return the facts of a failure, or None."""
    import nbclient
    from nbclient.exceptions import CellExecutionError, DeadKernelError
    from traitlets.config import Config

    config = Config()
    config.KernelManager.transport = "ipc"
    config.KernelManager.ip = os.path.join(home, "jupyter", "kernel")
    config.KernelManager.connection_file = os.path.join(home, "jupyter", "kernel.json")
    began = []
    client = nbclient.NotebookClient(
        notebook,
        config=config,
        timeout=None,
        kernel_name="podium",
        resources={"metadata": {"path": folder}},
        on_cell_executed=lambda cell, cell_index, execute_reply: printed(cell),
        on_cell_start=lambda cell, cell_index: started(began, cell, cell_index),
    )
    try:
        client.execute()
    except CellExecutionError as error:
        return facts(notebook, began, error)
    except DeadKernelError:
        return {"kind": "kernel_died", "message": f"The kernel died in cell {len(began)}."}
    return None


def started(began, cell, index):
    """Show in the log which cell runs."""
    if cell.cell_type == "code":
        began.append(index)
        sys.stderr.write(f"Cell {len(began)}: {first_line(cell.source)}\n")
        sys.stderr.flush()


def printed(cell):
    """Show in the log what a cell printed: nobody sees the notebook before its end."""
    for item in cell.get("outputs", []):
        if item.get("output_type") == "stream":
            sys.stderr.write(str(item.get("text", ""))[:KEEP_OUTPUT])
    sys.stderr.flush()


def facts(notebook, began, error):
    """Return which cell failed, and how."""
    source = notebook.cells[began[-1]].source if began else ""
    text = COLOURS.sub("", str(getattr(error, "traceback", "")))
    lines = WHERE.findall(text)
    return {
        "kind": "cell",
        "cell": len(began),
        "first": first_line(source),
        "line": (int(lines[0]) if lines else 1) + empty_lines(source),
        "type": str(getattr(error, "ename", "")),
        "message": COLOURS.sub("", str(getattr(error, "evalue", ""))),
        "traceback": text,
    }


def empty_lines(source):
    """Return how many lines a cell begins with that say nothing: IPython does not count them."""
    return len(source.splitlines()) - len(source.lstrip().splitlines()) if source.strip() else 0


def first_line(source):
    """Return the first line of a cell that says something."""
    return next((line.strip() for line in source.splitlines() if line.strip()), "")[:200]


def render(notebook, path):
    """Leave the notebook as HTML; without it, where that fails, for it is not what was asked for."""
    for cell in notebook.cells:
        for item in cell.get("outputs", []):
            if len(item.get("text", "")) > KEEP_OUTPUT:
                item["text"] = item["text"][:KEEP_OUTPUT] + "\n… cut off here\n"
    try:
        from nbconvert import HTMLExporter

        body, _ = HTMLExporter(template_name="basic", exclude_anchor_links=True).from_notebook_node(notebook)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(body)
    except Exception as error:
        sys.stderr.write(f"The notebook could not be rendered: {type(error).__name__}: {error}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
