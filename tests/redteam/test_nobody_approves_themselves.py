"""Ways to approve one's own action, against the running gateway: each must be refused, and nothing executed."""

from __future__ import annotations

import pytest

from lockgate.services.approvals import Refusal, Voter
from lockgate.services.approvals.nouns import RequestView

EXPORT = "COPY (SELECT id, name FROM patient) TO STDOUT"


@pytest.fixture
def held(gate):
    """An export of the agent that waits, and its request."""

    def export() -> int:
        with gate.connect() as agent, agent.cursor().copy(EXPORT) as copy:
            return sum(1 for _ in copy)

    running = gate.in_background(export)
    return running, gate.wait_pending()


def ballot(gate, request: RequestView, voter: Voter) -> RequestView | Refusal:
    return gate.call(
        gate.assembly.approvals.vote(
            request.id,
            voter=voter,
            approve=True,
            reason="x",
            action_digest=request.action_digest,
            view_digest=request.view_digest,
        )
    )


@pytest.mark.parametrize(
    "voter",
    [
        Voter("local:ana", interactive=True, token_has_act=False),
        Voter("local:bot", interactive=True, token_has_act=False),
        Voter("local:rita", interactive=False, token_has_act=False),
        Voter("local:rita", interactive=True, token_has_act=True),
        Voter("local:root", interactive=True, token_has_act=False),
        Voter("local:nobody", interactive=True, token_has_act=False),
    ],
    ids=["its-owner", "the-agent", "no-interactive-login", "a-delegated-token", "admin-without-group", "a-stranger"],
)
def test_these_may_not_vote(gate, held, voter):
    assert isinstance(ballot(gate, held[1], voter), Refusal)
    assert gate.pending()


def test_an_administrator_who_makes_a_reviewer_cannot_vote_through_them(gate, held):
    accounts = gate.assembly.accounts
    gate.call(accounts.change_groups("local:root", join=["privacy"], by="local:root"))
    assert isinstance(gate.vote(held[1], "root"), Refusal)
    gate.call(accounts.create_user("puppet", "a long test password", by="local:ana", groups=["privacy"]))
    assert isinstance(gate.vote(held[1], "puppet"), Refusal), "made by the agent's owner, and yet could vote"


def test_a_linked_account_counts_as_the_same_human(gate, held):
    gate.call(gate.assembly.accounts.link("local:ana", "local:rita", by="local:root"))
    assert isinstance(gate.vote(held[1], "rita"), Refusal)


def test_last_weeks_owner_is_still_in_the_conflict_set(gate):
    accounts = gate.assembly.accounts
    gate.call(accounts.change_owners("local:bot", add=["local:rita"], by="local:root"))
    gate.call(accounts.change_owners("local:bot", remove=["local:rita"], by="local:root"))
    gate.in_background(lambda: gate.connect().execute("GRANT SELECT ON task TO reporting"))
    assert isinstance(gate.vote(gate.wait_pending(), "rita"), Refusal)


def test_one_person_never_fills_two_stages(gate):
    gate.call(gate.assembly.accounts.change_groups("local:rita", join=["data-owner"], by="init"))
    gate.in_background(lambda: gate.connect().execute("GRANT SELECT ON task TO reporting"))
    request = gate.wait_pending()
    gate.vote(request, "rita")
    gate.vote(request, "rita")
    assert gate.pending()


def test_a_vote_on_another_view_or_action_does_not_count(gate, held):
    voter = Voter("local:rita", interactive=True, token_has_act=False)
    for changed in ({"action_digest": "0" * 64}, {"view_digest": "0" * 64}):
        result = gate.call(
            gate.assembly.approvals.vote(
                held[1].id,
                voter=voter,
                approve=True,
                reason="x",
                **{"action_digest": held[1].action_digest, "view_digest": held[1].view_digest, **changed},
            )
        )
        assert isinstance(result, Refusal)
    assert gate.pending()


def test_a_reviewer_who_lost_the_group_before_execution_no_longer_counts(gate):
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(Exception, match="waiting for approval"):
            agent.execute("UPDATE task SET done = true")
        gate.vote(gate.wait_pending(), "rita")
        gate.call(gate.assembly.accounts.change_groups("local:rita", leave=["privacy"], by="local:root"))
        with pytest.raises(Exception, match=r".") as refused:
            agent.execute("UPDATE task SET done = true")
        assert refused.value.sqlstate in ("LG001", "LG002", "LG004")


def test_a_stricter_policy_in_between_stops_it(gate, hospital):
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(Exception, match="waiting for approval"):
            agent.execute("UPDATE task SET done = NOT done")
        gate.vote(gate.wait_pending(), "rita")
        folder = gate.assembly.policy.folder
        (folder / "stricter.cedar").write_text(
            '@id("no-writes")\nforbid (principal, action == Action::"sql.write", resource);\n'
        )
        gate.call(gate.assembly.reload_policy(by="local:root"))
        with pytest.raises(Exception, match=r".") as refused:
            agent.execute("UPDATE task SET done = NOT done")
        assert refused.value.sqlstate in ("LG002", "LG004")
    with hospital.direct() as direct:
        assert direct.execute("SELECT count(*) FROM task WHERE done").fetchone()[0] < 20


def test_two_consumers_of_one_grant_execute_once(gate, hospital):
    with gate.connect() as agent:
        agent.execute("SET lockgate.hold = 'fail'")
        with pytest.raises(Exception, match="waiting for approval"):
            agent.execute("INSERT INTO task (title) VALUES ('raced')")
    gate.vote(gate.wait_pending(), "rita")
    token = gate.parameters()

    def race() -> bool:
        import psycopg

        with psycopg.connect(**token, autocommit=True) as mine:
            mine.execute("SET lockgate.hold = 'fail'")
            try:
                mine.execute("INSERT INTO task (title) VALUES ('raced')")
            except psycopg.Error:
                return False
            return True

    won = [race_.result() for race_ in [gate.in_background(race) for _ in range(4)]]
    with hospital.direct() as direct:
        count = direct.execute("SELECT count(*) FROM task WHERE title = 'raced'").fetchone()[0]
        direct.execute("DELETE FROM task WHERE title = 'raced'")
    assert won.count(True) == 1
    assert count == 1
