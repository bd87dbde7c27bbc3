"""What a policy may compare is set by Lockgate; a condition on what is never so is found by `policy check`."""

from __future__ import annotations

import pytest

from lockgate.action import Kind, Principal, Requester
from lockgate.policy.lint import check_files
from lockgate.policy.schema import WORDS

PROFILES = "profiles: {one: {stages: [{count: 1, group: privacy}], decision_ttl: 1h, grant_ttl: 1h}}\n"


def found(condition, effect="forbid"):
    text = f'@id("x") @title("x") {effect} (principal is User, action == Action::"sql.select", resource) {condition};'
    findings = check_files({"p.cedar": text, "profiles.yaml": PROFILES}, None)
    return [finding.message for finding in findings if finding.code == "never-set"]


@pytest.mark.parametrize(
    "condition",
    [
        'when { context.auth == "passkey" }',
        'unless { "password" == context.auth }',
        'when { context.auth != "oidc" }',
        'when { ["login", "passkey"].contains(context.auth) }',
        'when { context.destination == "file" }',
        'when { context has vouched_purpose && context.vouched_purpose == "treatment" }',
    ],
)
def test_a_condition_on_what_is_never_so_is_an_error(condition):
    assert found(condition)


@pytest.mark.parametrize(
    "condition",
    [
        'when { context.auth == "key" }',
        'when { ["login", "delegated"].contains(context.auth) }',
        'unless { context.destination == "dump" || context.destination == "copy" }',
        "when { context.rows > 10 }",
    ],
)
def test_a_condition_on_what_may_be_so_is_none(condition):
    assert found(condition) == []


@pytest.mark.parametrize(
    ("credential", "auth"),
    [("login:local:ana", "login"), ("delegated:local:ana:local:bot", "delegated"), ("crd_1", "key"), ("", "")],
)
def test_how_somebody_came_in_is_told_by_the_credential(credential, auth):
    assert Requester(Principal("local", "bot", Kind.AGENT), credential).auth == auth
    assert not auth or auth in WORDS["auth"]
