"""The starter sets that come with Lockgate, each a whole folder to begin from and to edit."""

from __future__ import annotations

from pathlib import Path

from lockgate.errors import PolicyError

STARTERS: dict[str, str] = {
    "hipaa-minimum-necessary": "people only: masked rows, clinicians see what they name",
    "limited-data-set": "as ai-agents, with dates, cities, states and ZIP codes shown",
    "ai-agents": "people and AI agents: masked rows freely, the rest with people",
    "break-glass": "as ai-agents, with emergency access for one group",
}

_FOLDER = Path(__file__).parent / "starters"


def starter(name: str) -> Path:
    """The folder of a shipped set."""
    if name not in STARTERS:
        raise PolicyError(f'there is no starter set "{name}"', hint=f"choose from {', '.join(STARTERS)}")
    return _FOLDER / name


def write_starters(names: tuple[str, ...], folder: Path) -> list[Path]:
    """Write one set or several, combined, into a folder that holds no policy yet.

    Sets agree on the files that they share, so that together they permit what each permits. The decision
    table is written for a single set only: tables of different sets expect different things.
    """
    if not names:
        raise PolicyError("no starter set was chosen", hint=f"choose from {', '.join(STARTERS)}")
    if folder.exists() and (any(folder.rglob("*.cedar")) or (folder / "profiles.yaml").exists()):
        raise PolicyError(f"{folder} holds policies already", hint="choose an empty folder")
    texts: dict[str, str] = {}
    for name in names:
        for path in sorted(starter(name).iterdir()):
            if path.suffix == ".cedar" or path.name == "profiles.yaml" or (len(names) == 1 and path.suffix == ".yaml"):
                texts[path.name] = path.read_text(encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    return [folder / file for file in sorted(texts)]
