"""Compiled modules run by the interpreter instead, to hold the one against the other."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def plain(module):
    """The module's source, run by the interpreter instead of the compiler."""
    source = Path(module.__file__).parent / f"{module.__name__.rpartition('.')[2]}.py"
    spec = importlib.util.spec_from_file_location(f"plain_{source.stem}", source)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded
