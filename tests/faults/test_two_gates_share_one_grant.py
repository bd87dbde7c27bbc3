"""Two `lockgate serve` on one PostgreSQL store: the same grant, asked for through both at once, is used once."""

from __future__ import annotations

import pytest
from world import World, until


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with World(tmp_path_factory.mktemp("two-gates"), shared_store=True) as made:
        yield made


@pytest.mark.timeout(180)
def test_exactly_one_executes(world: World):
    for number in range(4):
        title = f"shared-{number}"
        script = f"SET lockgate.hold = 'fail';\nINSERT INTO task (title) VALUES ('{title}');\n"
        world.forget_requests()
        asking = world.client(script)
        assert "LG001" in asking.communicate(timeout=60)[0]
        request = until(lambda title=title: world.request(title), "the request")
        assert world.vote(request)
        racing = [world.client(script, gate) for gate in world.gates for _ in range(2)]
        said = [client.communicate(timeout=60)[0] for client in racing]
        assert len(world.effects(title)) == 1, said
        assert sum(1 for client in racing if client.returncode == 0) == 1, said
        assert all("LG0" in text for client, text in zip(racing, said, strict=True) if client.returncode), said
