"""A missing, foreign, damaged or cut file of the engine is an error that says what to do, never less detection."""

from __future__ import annotations

import pytest

from lockgate.errors import ConfigError
from lockgate.phi.finding.model import DATA, load_lexicon, load_second, load_tagger

LOADERS = [(load_lexicon.__wrapped__, "lexicon.bin"), (load_tagger, "weights.bin"), (load_second, "second.bin")]


@pytest.mark.parametrize(("load", "name"), LOADERS)
@pytest.mark.parametrize(
    "change",
    [lambda raw: None, lambda raw: b"", lambda raw: b"something else", lambda raw: raw[: len(raw) // 2],
     lambda raw: raw[:5000] + b"\0" * 100 + raw[5100:]],
    ids=["missing", "empty", "foreign", "cut short", "damaged"],
)  # fmt: skip
def test_a_file_that_is_not_whole_is_refused(load, name, change, tmp_path):
    raw = change((DATA / name).read_bytes())
    if raw is not None:
        (tmp_path / name).write_bytes(raw)
    with pytest.raises(ConfigError, match=name) as refused:
        load(tmp_path / name)
    assert "make train" in refused.value.hint


def test_the_weights_are_small():
    assert sum((DATA / name).stat().st_size for name in ("weights.bin", "second.bin")) <= 8 << 20
