"""A gate with an identity provider: the real one of `oidc-provider-mock`, or one that lies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from oidc_provider_mock import User, run_server_in_thread

from providers import Crooked, Terminal, configure, confirm, crooked

PEOPLE = (
    User(sub="rita", claims={"groups": ["reviewers"], "email": "rita@clinic.example"}),
    User(sub="noah", claims={"groups": ["staff", "admins", "privacy"], "email": "root@clinic.example"}),
    User(sub="auth0|Ünï", claims={"groups": ["reviewers"]}),
    User(sub="odd/sub ject", claims={"groups": ["reviewers"]}),
    User(sub="lone", claims={}),
)


@pytest.fixture(scope="session")
def issuer() -> Iterator[str]:
    with run_server_in_thread(user_claims=PEOPLE) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def terminal(api, gate, issuer) -> Terminal:
    configure(gate, issuer)
    return Terminal(api, confirm)


@pytest.fixture
def liar() -> Iterator[Crooked]:
    with crooked() as provider:
        yield provider


@pytest.fixture
def lied_to(api, gate, liar) -> Terminal:
    """A terminal that logs in at the lying provider."""
    configure(gate, liar.issuer)
    return Terminal(api, liar.authorize)
