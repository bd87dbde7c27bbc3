"""A broken configuration, catalog or key: refused at start or when it is taken, by file, line and mend."""

from __future__ import annotations

import pytest

from lockgate.audit import SigningKey
from lockgate.errors import CatalogError, ConfigError
from lockgate.server.config import load_config
from lockgate.server.serve import read_signing_key
from lockgate.services.catalog import parse_catalog
from lockgate.store import KeyRing

CONFIG = (
    "state: state\nconnections:\n  clinic:\n    upstream: postgresql://gw@db/clinic\n    password: env:NO_SUCH_SECRET\n"
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"state: [\n", "lockgate.yaml:2: not YAML"),
        (b"state: a\nlisten: \xff\n", "lockgate.yaml:2: not UTF-8"),
        (b"[" * 3000, "lockgate.yaml:1: not YAML"),
        (b"state: a\nlisten:\n  postgress: 127.0.0.1:1\n", "lockgate.yaml:3: listen: unknown key postgress"),
        (b"state: a\nstate: b\n", "lockgate.yaml:2: state is given twice"),
        (b"listen:\n  postgres: nowhere\n", "lockgate.yaml:2: listen: postgres is written host:port"),
        (CONFIG.encode(), "lockgate.yaml:5: connections.clinic: the environment has no NO_SUCH_SECRET"),
        (CONFIG.replace("env:NO_SUCH_SECRET", "hunter2").encode(), "lockgate.yaml:5:"),
        (
            CONFIG.replace("env:NO_SUCH_SECRET", "file:empty").encode(),
            "lockgate.yaml:5: connections.clinic: password: ",
        ),
        (b"- a\n- b\n", "lockgate.yaml:1: a mapping is expected here"),
    ],
)
def test_a_broken_configuration(tmp_path, text, said):
    path = tmp_path / "lockgate.yaml"
    path.write_bytes(text)
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigError) as refused:
        load_config(path)
    assert refused.value.message.startswith(said)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("public.patient: {ssn: ssn\n", "the catalog is not YAML, line 2"),
        ("public.patient:\n  ssn: social\n", "catalog, line 2: public.patient.ssn: social is no PHI class"),
        ("public.patient:\n  ssn: [ssn]\n", "catalog, line 2: public.patient.ssn takes one class"),
        ("patient:\n  ssn: ssn\n", "catalog, line 1: a table is written schema.table"),
        ("public.patient:\n  ssn: ssn\n  ssn: none\n", "catalog, line 3: ssn is given twice"),
        ("public.a: {x: none}\npublic.a: {y: none}\n", "catalog, line 2: public.a is given twice"),
        ("- public.patient\n", "catalog, line 1: a catalog maps schema.table to columns"),
        ("public.a: {? {b: c} : none}\n", "catalog, line 1: a table maps columns to classes"),
    ],
)
def test_a_broken_catalog(text, said):
    with pytest.raises(CatalogError) as refused:
        parse_catalog(text)
    assert refused.value.message.startswith(said)


@pytest.mark.parametrize("content", [b"", b"k1:AAAA\n", b"\xff\xfe", b"no key here\n"])
def test_a_broken_key_file(tmp_path, content):
    path = tmp_path / "keys"
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        KeyRing.from_file(path)


@pytest.mark.parametrize("content", [b"", b"PRIVATE+KEY+a+b+c\n", b"\xff\xfe"])
def test_a_broken_signing_key(tmp_path, content):
    path = tmp_path / "log.key"
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        read_signing_key(path)
    assert "log.key" in str(refused.value) and "lockgate init" in str(refused.value)


def test_a_signing_key_of_another_is_not_taken_for_ours(tmp_path):
    path = tmp_path / "log.key"
    text = SigningKey.from_seed("ours", b"s" * 32).to_text()
    path.touch(mode=0o600)
    path.write_text(text.replace("ours", "theirs"))
    with pytest.raises(ConfigError):
        read_signing_key(path)
