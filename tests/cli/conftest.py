"""A server in a process of its own, set up and used with the real command."""

from __future__ import annotations

import pytest

from newcomer import serving


@pytest.fixture(scope="module")
def newcomer(hospital, tmp_path_factory):
    """After `init` and `serve`, with one connection and nobody but the administrator root."""
    with serving(hospital, tmp_path_factory.mktemp("home")) as who:
        yield who
