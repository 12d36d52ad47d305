"""Loading the participant's code: ``predict.py`` as a module with functions, anything else as a program."""

import ast
import importlib.util
import os
import runpy
import sys


def load(folder, entry):
    """Return the file as a module, with its folder where imports are looked for."""
    path = os.path.join(folder, entry)
    sys.path.insert(0, folder)
    sys.argv[:] = [path]
    spec = importlib.util.spec_from_file_location("predict", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["predict"] = module  # pickles and dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def run(folder, entry, *arguments):
    """Run the file as a program."""
    path = os.path.join(folder, entry)
    sys.path.insert(0, folder)
    sys.argv[:] = [path, *arguments]
    runpy.run_path(path, run_name="__main__")


def defines(folder, entry, name):
    """Return whether a file defines a function of that name at its top: read, not run."""
    with open(os.path.join(folder, entry), "rb") as stream:
        tree = ast.parse(stream.read(), os.path.join(folder, entry))
    return any(isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)) and item.name == name for item in tree.body)
