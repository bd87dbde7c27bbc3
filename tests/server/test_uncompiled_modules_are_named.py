"""`serve` warns of every module that should be compiled and is not, by name."""

from __future__ import annotations

from pathlib import Path

import lockgate
from lockgate.server import serve
from uncompiled import plain


def test_each_compiled_module_is_looked_at():
    built = {path.stem for path in Path(lockgate.__file__).parent.rglob("_*.pyi")}
    assert {module.__name__.rpartition(".")[2] for module in serve.COMPILED} == built
    assert serve.uncompiled() == []


def test_one_that_is_not_compiled_is_named(monkeypatch):
    slow = plain(serve.COMPILED[-1])
    monkeypatch.setattr(serve, "COMPILED", (*serve.COMPILED[:-1], slow))
    assert serve.uncompiled() == [slow.__name__]
