"""Build the compiled hot loops.

Every module named `_*.py` beside a typed `_*.pyi` is Cython in pure-Python syntax: it runs uncompiled too, only
slower. `optional` must be set on what `cythonize` returns, because `cythonize` drops it from what it is given.

A stub `_*_avx2.pyi` without a source of its own asks for the source of `_*.py` a second time, for x86 processors that
have AVX2; which of the two runs is chosen where it is loaded.
"""

import platform
import shutil
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

HOT = sorted(p for p in Path("src/lockgate").rglob("_*.py") if p.with_suffix(".pyi").exists())
WIDE = "_avx2"


def wide() -> list[Extension]:
    if platform.machine() not in ("x86_64", "AMD64") or platform.system() == "Windows":
        return []
    made = []
    for stub in sorted(Path("src/lockgate").rglob(f"_*{WIDE}.pyi")):
        source = stub.with_name(stub.stem.removesuffix(WIDE) + ".py")
        copy = Path("build") / WIDE / f"{stub.stem}.py"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, copy)
        name = ".".join(stub.with_suffix("").parts[1:])
        made.append(Extension(name, [str(copy)], extra_compile_args=["-mavx2"]))
    return made


extensions = (
    cythonize(
        [Extension(".".join(p.with_suffix("").parts[1:]), [str(p)]) for p in HOT] + wide(),
        compiler_directives={"language_level": "3", "boundscheck": False, "wraparound": False, "cdivision": True},
        quiet=True,
    )
    if HOT
    else []
)
for extension in extensions:
    extension.optional = True

setup(ext_modules=extensions)
