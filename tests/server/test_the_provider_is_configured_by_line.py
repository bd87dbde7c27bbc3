"""The section `oidc:` of the configuration: what it means, and how what is wrong is said."""

from __future__ import annotations

import pytest

from lockgate.errors import ConfigError
from lockgate.identity.oidc import issuer_name
from lockgate.server.config import load_config

GOOD = """oidc:
  issuer: https://login.example.org/realms/clinic
  client_id: lockgate
  client_secret: file:secret
  scopes: openid groups
  groups_claim: groups
  groups: {phi-reviewers: privacy}
  voters: provider
"""


@pytest.fixture
def load(tmp_path):
    (tmp_path / "secret").write_text("s3cret\n")

    def loaded(text, **options):
        (tmp_path / "lockgate.yaml").write_text(text)
        return load_config(tmp_path / "lockgate.yaml", **options)

    return loaded


def test_what_is_written_is_what_counts(load):
    config = load(GOOD)
    assert config.oidc is not None
    assert config.oidc.client_secret == "s3cret" and "s3cret" not in repr(config)
    assert config.oidc.groups == {"phi-reviewers": "privacy"} and config.oidc.scopes == ("openid", "groups")
    assert config.voters == issuer_name(config.oidc.issuer)
    assert not config.oidc.device_flow


def test_without_it_local_accounts_log_in_and_vote(load):
    config = load("connections: {}\n")
    assert config.oidc is None and config.voters == "local"


def test_local_accounts_vote_unless_it_says_otherwise(load):
    assert load(GOOD.replace("  voters: provider\n", "")).voters == "local"


def test_a_command_that_works_on_the_store_alone_needs_no_secret(load, tmp_path):
    (tmp_path / "secret").unlink()
    assert load(GOOD, connections=False).oidc is None


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("https://login.example.org/realms/clinic", "http://login.example.org", "lockgate.yaml:2: oidc: issuer is an"),
        ("realms/clinic", "realms?x=1", "lockgate.yaml:2: oidc: issuer has no query"),
        ("  client_id: lockgate\n", "", "oidc: client_id is missing"),
        ("file:secret", "s3cret", "lockgate.yaml:4: oidc: client_secret is env:NAME or file:PATH"),
        ("file:secret", "file:nowhere", "lockgate.yaml:4: oidc: nowhere cannot be read"),
        ("openid groups", "groups", "lockgate.yaml:5: oidc: scopes names openid"),
        ("  groups_claim: groups\n", "", "oidc: groups needs groups_claim"),
        ("{phi-reviewers: privacy}", "[privacy]", "a mapping is expected here"),
        ("{phi-reviewers: privacy}", "{phi-reviewers: [privacy]}", "phi-reviewers takes one value"),
        ("voters: provider", "voters: both", "lockgate.yaml:8: oidc: voters is local or provider"),
        ("voters: provider", "voter: provider", "lockgate.yaml:8: oidc: unknown key voter"),
        ("voters: provider", "device_flow: maybe", "oidc: device_flow is true or false"),
        ("voters: provider", "max_age_s: soon", "oidc: max_age_s is a whole number of seconds"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(load, before, after, said):
    with pytest.raises(ConfigError) as refused:
        load(GOOD.replace(before, after))
    assert said in refused.value.message
    assert "s3cret" not in str(refused.value)
