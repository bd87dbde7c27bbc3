"""Each other engine in a virtual environment of its own; one that cannot be had is skipped, and why is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lockgate.cli.phi import Marked

HERE = Path(__file__).parent
ROOT = HERE.parents[1] / "build" / "peers"
INSTALL_S, RUN_S = 600, 300
ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Other:
    """`requirement` is pinned, so that a figure can be had again. `models`: of these the first
    that `python -m spacy download` can get."""

    name: str
    requirement: str
    models: tuple[str, ...] = ()


OTHERS = (
    Other("presidio", "presidio-analyzer==2.2.366", ("en_core_web_md", "en_core_web_sm")),
    Other("scrubadub", "scrubadub==2.0.1"),
    Other("datafog", "datafog==4.9.0"),
)


class Skipped(Exception):
    """Why there are no figures of it."""


def python_of(other: Other) -> Path:
    """Its interpreter, installed if need be. Raises Skipped."""
    home = ROOT / other.name
    python, done = home / "bin" / "python", home / f"{other.requirement}.installed"
    if done.exists():
        return python
    try:
        _run([sys.executable, "-m", "venv", "--clear", str(home)])
        _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", other.requirement])
    except (subprocess.SubprocessError, OSError) as error:
        raise Skipped(f"{other.requirement} cannot be installed here ({_why(error)})") from error
    for model in other.models:
        try:
            _run([str(python), "-m", "spacy", "download", model])
            break
        except (subprocess.SubprocessError, OSError):
            continue
    done.touch()
    return python


def asked(other: Other, marked: Sequence[Marked]) -> tuple[dict[str, Any], list[list[tuple[int, int, str]]]]:
    """What it says of itself (`what`, `seconds`, `memory_mb`, `failed`), and the spans of each text. Raises Skipped."""
    lines = b"".join(json.dumps({"id": one.id, "text": one.text}).encode() + b"\n" for one in marked)
    try:
        done = subprocess.run(
            [str(python_of(other)), str(HERE / f"with_{other.name}.py")],
            input=lines,
            capture_output=True,
            check=True,
            timeout=RUN_S,
            env=os.environ | ONE_CORE,
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise Skipped(f"{other.requirement} does not run here ({_why(error)})") from error
    said, *answers = (json.loads(line) for line in done.stdout.splitlines())
    return said, [[(start, end, label) for start, end, label in answer["spans"]] for answer in answers]


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_S)


def _why(error: Exception) -> str:
    """The last line that it said."""
    said = (getattr(error, "stderr", None) or b"").decode("utf-8", "replace").strip().splitlines()
    return said[-1].strip() if said else type(error).__name__
