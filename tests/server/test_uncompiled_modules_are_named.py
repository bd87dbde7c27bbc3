"""`serve` warns of every module that should be compiled and is not, by name."""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES

from lockgate.server import serve


def test_here_everything_is_compiled():
    assert serve.uncompiled() == []
    assert len(list(serve.PACKAGE.rglob("_[a-z]*.pyi"))) > 8, "and there is something to look at"


def test_one_that_is_not_compiled_is_named(tmp_path):
    folder = tmp_path / "lockgate" / "phi"
    folder.mkdir(parents=True)
    for name in ("_slow.pyi", "_slow.py", "_fast.pyi", "_fast.py", f"_fast{EXTENSION_SUFFIXES[0]}", "plain.py"):
        (folder / name).touch()
    assert serve.uncompiled(tmp_path / "lockgate") == ["lockgate.phi._slow"]
