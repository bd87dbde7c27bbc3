"""Build the compiled hot loops.

Every module named `_*.py` beside a typed `_*.pyi` is Cython in pure-Python syntax: it runs uncompiled too, only
slower. `optional` must be set on what `cythonize` returns, because `cythonize` drops it from what it is given.
"""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

HOT = sorted(p for p in Path("src/lockgate").rglob("_*.py") if p.with_suffix(".pyi").exists())

extensions = (
    cythonize(
        [Extension(".".join(p.with_suffix("").parts[1:]), [str(p)]) for p in HOT],
        compiler_directives={"language_level": "3", "boundscheck": False, "wraparound": False, "cdivision": True},
        quiet=True,
    )
    if HOT
    else []
)
for extension in extensions:
    extension.optional = True

setup(ext_modules=extensions)
