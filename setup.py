"""Build the compiled hot loops.

Every module named `_*.py` beside a typed `_*.pyi` is Cython in pure-Python syntax: it runs uncompiled too, only
slower. `optional` must be set on what `cythonize` returns, because `cythonize` drops it from what it is given.

A stub `_*_avx2.pyi` or `_*_avx512.pyi` without a source of its own asks for the source of `_*.py` once more, for x86
processors that have it; which of them runs is chosen where they are loaded. A `_*.pxd` says what C a source has besides.
"""

import platform
import shutil
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

HOT = sorted(p for p in Path("src/lockgate").rglob("_*.py") if p.with_suffix(".pyi").exists())
AGAIN = Path("build/again")
WIDE = {"_avx2": ["-mavx2"], "_avx512": ["-mavx512f", "-mavx512vnni", "-mprefer-vector-width=256"]}


def wide() -> list[Extension]:
    if platform.machine() not in ("x86_64", "AMD64"):
        return []
    return [again(stub, suffix) for suffix in WIDE for stub in sorted(Path("src/lockgate").rglob(f"_*{suffix}.pyi"))]


def again(stub: Path, suffix: str) -> Extension:
    source = stub.with_name(stub.stem.removesuffix(suffix) + ".py")
    copy = AGAIN / stub.relative_to("src").with_suffix(".py")
    copy.parent.mkdir(parents=True, exist_ok=True)
    for one in (source, source.with_suffix(".pxd")):
        if one.exists():
            shutil.copy2(one, copy.with_suffix(one.suffix))
    name = ".".join(stub.with_suffix("").parts[1:])
    return Extension(name, [str(copy)], include_dirs=[str(stub.parent)], extra_compile_args=WIDE[suffix])


extensions = (
    cythonize(
        [Extension(".".join(p.with_suffix("").parts[1:]), [str(p)]) for p in HOT] + wide(),
        compiler_directives={"language_level": "3", "boundscheck": False, "wraparound": False, "cdivision": True},
        include_path=[str(AGAIN)],
        quiet=True,
    )
    if HOT
    else []
)
for extension in extensions:
    extension.optional = True

setup(ext_modules=extensions)
