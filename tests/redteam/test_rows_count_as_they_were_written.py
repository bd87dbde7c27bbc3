"""Somebody can write the store and wants a login, a vote, or somebody else's place. No row that they write is believed.

Each attack edits rows with plain SQL; none has the key that makes MACs. On SQLite and on PostgreSQL.
"""

from __future__ import annotations

import contextlib

import pytest
from argon2 import PasswordHasher
from sqlalchemy import delete, insert, select, update

from lockgate.demo.hospital import CATALOG
from lockgate.errors import AuthenticationError, LockgateError, StoreError
from lockgate.identity import TokenKind, new_token, token_hash
from lockgate.services.accounts import Accounts
from lockgate.services.approvals import Approvals, Refusal, Rules, Voter
from lockgate.services.catalog import CatalogHolder
from lockgate.store import KeyRing, open_store
from lockgate.store.tables import approvals as t
from lockgate.store.tables import people as p
from lockgate.store.tables.catalog import catalog_versions
from lockgate.store.tables.log import events
from lockgate.store.tables.seals import seals

PASSWORD = "a long test password"


class Installation:
    """Root and rick (admins), ana who owns the agent bot, rita (privacy), and fred who has left."""

    def __init__(self, store, keys):
        self.store = store
        self.accounts = Accounts(store)
        self.approvals = Approvals(
            store, self.accounts, keys, store.clock, rules=Rules(cooling_s=0), changes=lambda *_: frozenset()
        )
        self.catalog = CatalogHolder(store)

    async def populate(self):
        for name, groups in (
            ("root", ["admins"]),
            ("rick", ["admins"]),
            ("ana", ["analysts"]),
            ("rita", ["privacy"]),
            ("fred", ["privacy"]),
        ):
            await self.accounts.create_user(name, PASSWORD, by="init", groups=groups)
        await self.accounts.create_agent("bot", ["local:ana", "local:rita"], by="local:root", groups=["agents"])
        await self.accounts.deactivate("local:fred", by="local:root")

    async def write(self, *statements) -> None:
        def unit(conn):
            for statement in statements:
                assert conn.execute(statement).rowcount != 0, "the attack hits something"
            return None, []

        await self.store.transact(unit)

    async def rows(self, table, **where):
        query = select(table).where(*(table.c[name] == value for name, value in where.items()))
        return [dict(row._mapping) for row in await self.store.read(lambda conn: conn.execute(query).all())]

    def voter(self, name):
        return Voter(f"local:{name}", interactive=True, token_has_act=False)


@pytest.fixture
def keys():
    return KeyRing.generate()


@contextlib.asynccontextmanager
async def running(store_url, keys):
    async with open_store(store_url, keys=keys) as store:
        yield Installation(store, keys)


@pytest.fixture
async def world(store_url, keys):
    async with running(store_url, keys) as made:
        await made.populate()
        yield made


async def test_an_untouched_installation_works(world):
    """The measure of all others."""
    session = await world.accounts.login("ana", PASSWORD)
    assert (await world.accounts.session(session.token)).id == "local:ana"
    key = await world.accounts.register_key("local:bot", by="local:ana")
    token = await world.accounts.token_for_key(key.token, "clinic")
    requester = await world.accounts.connection_login("bot", token.token, "clinic", "10.0.0.1")
    assert await world.accounts.still_valid(requester)
    assert await world.store.read(lambda conn: world.accounts.minters(conn, key.id)) == {"local:ana", "local:bot"}
    lent = await world.approvals.delegate(giver=world.voter("rita"), receiver="local:ana", group="privacy", ttl_s=60)
    assert await world.approvals.undelegate(lent.id, giver=world.voter("rita"))
    await world.accounts.check_with_log()


# the register --------------------------------------------------------------------------------------------------------
def membership(person, group):
    return insert(p.memberships).values(
        person=person, group=group, joined_at=1, joined_by="local:root", left_at=0, left_by=""
    )


REGISTER = {
    "a membership inserted": [membership("local:ana", "privacy")],
    "a membership moved": [update(p.memberships).where(p.memberships.c.person == "local:ana").values(group="privacy")],
    "a membership made older": [update(p.memberships).values(joined_at=1)],
    "who gave a membership, replaced": [update(p.memberships).values(joined_by="local:nobody")],
    "a membership's history deleted": [delete(p.memberships).where(p.memberships.c.person == "local:fred")],
    "an account revived": [update(p.people).where(p.people.c.id == "local:fred").values(active=True)],
    "an account inserted": [
        insert(p.people).values(
            id="local:eve", kind="human", created_at=1, created_by="init", active=True, password=""
        ),
        membership("local:eve", "privacy"),
    ],
    "an account made older": [update(p.people).values(created_at=1)],
    "an agent made a human": [update(p.people).where(p.people.c.id == "local:bot").values(kind="human")],
    "a password replaced": [
        update(p.people).where(p.people.c.id == "local:rita").values(password=PasswordHasher().hash("of my own choice"))
    ],
    "an owner deleted": [delete(p.owners).where(p.owners.c.owner == "local:rita")],
    "an owner's time ended": [update(p.owners).where(p.owners.c.owner == "local:rita").values(until_at=1)],
    "the seal's number raised": [update(seals).where(seals.c.name == "register").values(number=99)],
    "the seal deleted": [delete(seals).where(seals.c.name == "register")],
}


@pytest.mark.parametrize("attack", REGISTER.values(), ids=REGISTER.keys())
async def test_the_register_counts_as_a_whole(world, attack):
    session = await world.accounts.login("rita", PASSWORD)
    token = await world.accounts.connection_token("local:bot", "clinic", by="local:ana")
    await world.write(*attack)
    for refused in (
        world.accounts.everybody(),
        world.accounts.session(session.token),
        world.accounts.login("rita", PASSWORD),
        world.accounts.login("rita", "of my own choice"),
        world.accounts.connection_login("bot", token.token, "clinic", "10.0.0.1"),
        world.approvals.kill_switch(True, by=world.voter("root")),
        world.accounts.create_user("mine", PASSWORD, by="local:root"),
        world.accounts.check_with_log(),
    ):
        with pytest.raises(StoreError):
            await refused


async def test_two_accounts_of_one_human_are_not_parted(world):
    await world.accounts.link("local:ana", "local:rita", by="local:root")
    await world.write(delete(p.links))
    with pytest.raises(StoreError):
        await world.accounts.everybody()


async def older(world):
    """The register with its seal, as it was before ana lost a group."""
    await world.accounts.change_groups("local:ana", join=["privacy"], by="local:root")
    members = await world.rows(p.memberships)
    seal = (await world.rows(seals, name="register"))[0]
    await world.accounts.change_groups("local:ana", leave=["privacy"], by="local:root")
    await world.write(
        delete(p.memberships),
        insert(p.memberships).values(members),
        update(seals).where(seals.c.name == "register").values(**seal),
    )


async def test_a_whole_older_register_is_not_put_back(world):
    await older(world)
    with pytest.raises(StoreError, match="older"):
        await world.accounts.everybody()


async def test_a_whole_older_register_is_found_at_the_next_start(world, store_url, keys):
    await older(world)
    async with running(store_url, keys) as again:
        with pytest.raises(StoreError, match="older"):
            await again.accounts.check_with_log()
        with pytest.raises(StoreError, match="older"):
            await again.accounts.everybody()


async def test_an_event_about_the_register_that_was_changed_is_found(world):
    await world.write(update(events).where(events.c.type == "user.created").values(mac=b"\0" * 32))
    with pytest.raises(StoreError):
        await world.accounts.check_with_log()


# credentials ---------------------------------------------------------------------------------------------------------
async def test_a_token_of_ones_own_making_opens_nothing(world):
    await world.accounts.login("rita", PASSWORD)
    row = (await world.rows(p.credentials, person="local:rita"))[0]
    token = new_token(TokenKind.SESSION)
    await world.write(insert(p.credentials).values(**{**row, "id": "crd_mine", "hash": token_hash(token)}))
    with pytest.raises(AuthenticationError):
        await world.accounts.session(token)


CREDENTIALS = {
    "another audience": {"audience": "connection:clinic"},
    "another person": {"person": "local:root"},
    "on behalf of somebody": {"on_behalf_of": "local:root"},
    "no actors": {"actors": '["local:bot"]'},
    "a longer life": {"expires_at": 1 << 52},
    "another root": {"root": "login:local:root"},
}


@pytest.mark.parametrize("change", CREDENTIALS.values(), ids=CREDENTIALS.keys())
async def test_a_changed_token_opens_nothing(world, change):
    token = await world.accounts.connection_token("local:bot", "records", by="local:ana")
    for connection in ("clinic", "records"):
        await world.write(update(p.credentials).values(**change))
        with pytest.raises(AuthenticationError):
            await world.accounts.connection_login("bot", token.token, connection, "10.0.0.1")


async def test_a_hash_replaced_opens_nothing(world):
    await world.accounts.login("rita", PASSWORD)
    token = new_token(TokenKind.SESSION)
    await world.write(update(p.credentials).values(hash=token_hash(token)))
    with pytest.raises(AuthenticationError):
        await world.accounts.session(token)


async def test_a_revoked_session_is_not_unrevoked(world):
    session = await world.accounts.login("rita", PASSWORD)
    await world.accounts.logout(session.token)
    await world.write(update(p.credentials).values(revoked_at=0))
    with pytest.raises(AuthenticationError):
        await world.accounts.session(session.token)


@pytest.mark.parametrize("way", ["deleted", "replaced"])
async def test_who_was_shown_a_key_is_not_forgotten(world, way):
    """They would no longer be in the conflict set of what is done with it."""
    key = await world.accounts.register_key("local:bot", by="local:rita")
    token = await world.accounts.token_for_key(key.token, "clinic")
    requester = await world.accounts.connection_login("bot", token.token, "clinic", "10.0.0.1")
    mine = p.credentials.c.id == key.id
    await world.write(
        delete(p.credentials).where(mine) if way == "deleted" else update(p.credentials).values(minted_by="local:ana")
    )
    assert not await world.accounts.still_valid(requester)
    if way == "replaced":
        with pytest.raises(StoreError):
            await world.store.read(lambda conn: world.accounts.minters(conn, key.id))


# what is lent --------------------------------------------------------------------------------------------------------
async def test_a_place_that_nobody_lent_is_nobodys(world):
    values = {"giver": "local:rita", "receiver": "local:ana", "group": "privacy", "from_at": 1, "until_at": 1 << 52}
    await world.write(insert(t.delegations).values(id="dlg_mine", revoked=False, **values))
    with pytest.raises(StoreError):
        await world.approvals.kill_switch(True, by=world.voter("root"))


async def test_a_place_taken_back_is_not_lent_again(world):
    lent = await world.approvals.delegate(giver=world.voter("rita"), receiver="local:ana", group="privacy", ttl_s=60)
    await world.approvals.undelegate(lent.id, giver=world.voter("rita"))
    await world.write(update(t.delegations).values(revoked=False))
    with pytest.raises(StoreError):
        await world.approvals.kill_switch(True, by=world.voter("root"))


# the kill switch -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("attack", [update(t.kill_switch).values(on=False), delete(t.kill_switch)])
async def test_the_kill_switch_is_not_lifted_by_its_row(world, store_url, keys, attack):
    await world.approvals.kill_switch(True, by=world.voter("root"))
    await world.write(attack)
    assert (await world.approvals.stopped()).on
    async with running(store_url, keys) as again:
        assert (await again.approvals.stopped()).on


async def test_an_agreement_that_nobody_gave_does_not_lift_it(world):
    await world.approvals.kill_switch(True, by=world.voter("root"))
    now_at = world.store.clock()
    await world.write(update(t.kill_switch).values(lifts=f'[["local:rick",{now_at}]]'))
    assert (await world.approvals.kill_switch(False, by=world.voter("root"))).on
    assert not (await world.approvals.kill_switch(False, by=world.voter("rick"))).on
    assert not (await world.approvals.stopped()).on


async def test_one_person_does_not_agree_twice(world):
    await world.approvals.kill_switch(True, by=world.voter("root"))
    await world.approvals.kill_switch(False, by=world.voter("root"))
    await world.write(update(t.kill_switch).values(lifts="[]"))
    assert isinstance(await world.approvals.kill_switch(False, by=world.voter("root")), Refusal)
    assert (await world.approvals.stopped()).on


# the PHI map ---------------------------------------------------------------------------------------------------------
async def test_the_phi_map_in_force_is_the_one_that_was_accepted(world):
    await world.catalog.accept("clinic", CATALOG.read_text(), by="local:root")
    await CatalogHolder(world.store).load()
    row = (await world.rows(catalog_versions))[0]
    looser = row["body"].replace("ssn: ssn", "ssn: none")
    assert looser != row["body"]
    attacks = (
        [update(catalog_versions).values(body=looser)],
        [delete(catalog_versions)],
        [insert(catalog_versions).values(**{**row, "version": 2, "body": looser})],
        [insert(catalog_versions).values(**{**row, "connection": "records", "body": looser})],
    )
    for attack in attacks:
        await world.write(*attack)
        with pytest.raises(LockgateError):
            await CatalogHolder(world.store).load()
        await world.store.transact(lambda conn: (conn.execute(delete(catalog_versions)), []))
        await world.write(insert(catalog_versions).values(**row))
    await CatalogHolder(world.store).load()


async def test_an_older_phi_map_does_not_come_back(world):
    first = CATALOG.read_text()
    await world.catalog.accept("clinic", first.replace("ssn: ssn", "ssn: none"), by="local:root")
    await world.catalog.accept("clinic", first, by="local:root")
    await world.write(delete(catalog_versions).where(catalog_versions.c.version == 2))
    with pytest.raises(StoreError):
        await CatalogHolder(world.store).load()
