"""What `lockgate doctor` looks at: files, keys, policies, and what the gateway's role may do that it should not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from lockgate.cli.provider_check import provider_lines
from lockgate.cli.reviewers import benches, lines
from lockgate.errors import LockgateError
from lockgate.gateways.postgres.connection import EPOCH_QUERY
from lockgate.gateways.postgres.lineage import By, ServerError
from lockgate.gateways.postgres.resolve.side import SidePool
from lockgate.gateways.postgres.wire.target import Target
from lockgate.gateways.postgres.wire.upstream import SEARCH_PATH
from lockgate.policy import check
from lockgate.server import vault_keeping
from lockgate.server.config import Config, ConnectionConfig, key_ring, load_config
from lockgate.server.serve import read_signing_key
from lockgate.services.checkpoint_dir import CheckpointDir
from lockgate.services.log_keys import earlier_keys
from lockgate.services.log_tree import must_continue
from lockgate.store.event_mac import event_key
from lockgate.store.reading import read_store, sqlite_path
from lockgate.store.schema import newest_revision, revision_of
from lockgate.store.vault import is_there

ROLE = """
SELECT r.rolsuper, r.rolcreaterole OR r.rolcreatedb OR r.rolbypassrls,
       (SELECT pg_catalog.string_agg(g.rolname, ', ') FROM pg_catalog.pg_roles g
         WHERE g.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program',
                             'pg_signal_backend', 'pg_read_all_data', 'pg_write_all_data', 'pg_maintain')
           AND pg_catalog.pg_has_role(r.oid, g.oid, 'USAGE')),
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class c WHERE c.relowner = r.oid AND c.relpersistence <> 't'),
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMP'),
       pg_catalog.current_setting('server_version_num')::int >= 150000,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_roles o
         WHERE o.rolcanlogin AND NOT o.rolsuper AND o.oid <> r.oid),
       pg_catalog.pg_is_in_recovery()
  FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """`level` is ok, warning or error."""

    level: str
    what: str
    hint: str = ""


async def diagnose(path: Path) -> list[Finding]:
    try:
        config = load_config(path)
    except LockgateError as error:
        return [Finding("error", error.message, error.hint)]
    findings = [Finding("ok", f"{path.name} is readable"), *_files(config), *await _schema(config), *await _log(config)]
    findings += _told(config)
    findings += await asyncio.to_thread(_vault, config)
    findings += [Finding(*line) for line in await provider_lines(config.oidc)]
    for name, connection in config.connections.items():
        findings += await _upstream(name, connection)
    if not config.connections:
        findings.append(Finding("warning", "no connection is configured", "add one under connections:"))
    return [*findings, *await _reviewers(config)]


async def _reviewers(config: Config) -> list[Finding]:
    """Who may decide for each agent: a request that nobody may decide is refused at once, so it is said before."""
    try:
        found = list(lines(await benches(config, key_ring(config))))
    except LockgateError as error:
        return [Finding("warning", error.message, error.hint)]
    return [
        Finding("ok", line) if enough else Finding("warning", line, "lockgate user add NAME --group GROUP")
        for enough, line in found
    ]


def _files(config: Config) -> list[Finding]:
    findings: list[Finding] = []
    try:
        key_ring(config)
        signer = read_signing_key(config.signing_key)
        findings.append(Finding("ok", f"keys are there and closed; the log's key is {signer.verifier.fingerprint}"))
    except LockgateError as error:
        findings.append(Finding("error", error.message, error.hint))
    try:
        found = check(config.policies)
        findings += [Finding(f.severity if f.severity == "error" else "warning", str(f)) for f in found]
        findings.append(Finding("ok", f"policies: {len(found)} findings"))
    except LockgateError as error:
        findings.append(Finding("error", error.message, error.hint))
    if config.certificate is None:
        findings.append(
            Finding("warning", "no certificate: only loopback clients can connect", "set tls.cert and tls.key")
        )
    if config.cooling_s < 3600:
        findings.append(
            Finding("warning", f"a new account may vote after {config.cooling_s} s", "raise rules.cooling_s")
        )
    else:
        findings.append(Finding("ok", f"an account or membership younger than {config.cooling_s} s does not vote"))
    return findings


def _told(config: Config) -> list[Finding]:
    """What is configured, never what is secret; nothing where there is none."""
    found = [Finding("ok", f"{teller.name}: tells of what waits, and takes no votes") for teller in config.tellers]
    slack = config.slack
    if slack is None:
        return found
    found += [
        Finding(
            "ok",
            f"slack: asks in {slack.room} of {slack.team}; linked accounts decide there up to medium risk",
        )
    ]
    ways = [way for way, by in (("HTTP", slack.signing_secret), ("Socket Mode", slack.app_token)) if by]
    found.append(Finding("ok", f"slack: clicks come by {' and '.join(ways)}"))
    if not slack.bot_token.startswith("xoxb-"):
        hint = "it begins with xoxb-: OAuth & Permissions, Bot User OAuth Token"
        found.append(Finding("warning", "slack: bot_token is no token of a bot", hint))
    return found


async def _schema(config: Config) -> list[Finding]:
    path = sqlite_path(config.store)
    if path is not None and not path.exists():
        return []
    try:
        found, ours = await read_store(config.store, revision_of), newest_revision()
    except LockgateError as error:
        return [Finding("error", error.message, error.hint)]
    if found == ours:
        return [Finding("ok", f"the store has schema {ours}")]
    return [Finding("error", f"the store has schema {found}, this version needs {ours}", "lockgate upgrade")]


async def _log(config: Config) -> list[Finding]:
    """Whether the store continues the checkpoint that is kept outside of it."""
    if config.checkpoint_dir is None:
        return [
            Finding(
                "warning",
                "no checkpoint_dir: nobody would notice that yesterday's store was put back",
                "set checkpoint_dir to a folder on another disk or machine",
            )
        ]
    path = sqlite_path(config.store)
    if path is not None and not path.exists():
        return [Finding("warning", "there is no store yet")]
    try:
        verifier = read_signing_key(config.signing_key).verifier
        mac_key = event_key(key_ring(config))
        earlier = await read_store(config.store, lambda conn: earlier_keys(conn, mac_key))
        kept = CheckpointDir(config.checkpoint_dir).newest([verifier, *earlier])
        if kept is None:
            return [Finding("warning", "checkpoint_dir is empty", "the next serve begins it; was it emptied?")]
        whose = "the checkpoint kept in checkpoint_dir"
        await read_store(config.store, lambda conn: must_continue(conn, kept.checkpoint, whose))
    except LockgateError as error:
        return [Finding("error", f"LG005, nothing is executed: {error.message}", error.hint)]
    return [Finding("ok", f"the store continues the checkpoint over {kept.checkpoint.size} events kept outside")]


def _vault(config: Config) -> list[Finding]:
    """Whether the vault opens with the key that is here; nothing where there is none."""
    try:
        if not is_there(config.vault):
            return []
        return [Finding("ok", f"the vault opens with the key {vault_keeping.look(config).fingerprint}")]
    except LockgateError as error:
        return [Finding("error", f"vault: {error.message}", error.hint)]


async def _upstream(name: str, connection: ConnectionConfig) -> list[Finding]:
    pool = SidePool(connection.analyse_on or connection.target, 1)
    try:
        async with pool.lend(SEARCH_PATH) as side:
            row = (await side.fetch(ROLE))[0]
    except (LockgateError, ServerError) as error:
        return [Finding("error", f"{name}: {getattr(error, 'message', 'not reachable')}", getattr(error, "hint", ""))]
    finally:
        pool.close()
    superuser, powers, roles, owned, temp, modern, others, standby = row
    findings = [Finding("ok", f"{name}: reachable as {connection.target.user}")]
    if superuser == "t":
        findings.append(Finding("error", f"{name}: the gateway's role is a superuser", "use one that is not"))
    if powers == "t":
        findings.append(Finding("error", f"{name}: the role may create roles or databases, or bypass row security"))
    if roles:
        findings.append(Finding("error", f"{name}: the role belongs to {roles}", "REVOKE them"))
    if owned != "0":
        findings.append(
            Finding("warning", f"{name}: the role owns {owned} relations", "an owner can always grant and drop")
        )
    findings.append(_way(name, connection.analyse_by, temp == "t", standby == "t"))
    if modern != "t":
        findings.append(Finding("warning", f"{name}: PostgreSQL before 15 is not tested"))
    if others != "0":
        findings.append(
            Finding(
                "warning",
                f"{name}: {others} other roles can log in there",
                "a client with such a login goes around Lockgate",
            )
        )
    if connection.target.sslmode != "verify-full" and not connection.target.socket_dir:
        findings.append(
            Finding(
                "warning",
                f"{name}: the upstream's certificate is not verified",
                "add ?sslmode=verify-full to its upstream address",
            )
        )
    if connection.analyse_on is not None:
        findings.append(await _standby(name, connection.analyse_on, connection.target))
    return findings


def _way(name: str, by: By, temp: bool, standby: bool) -> Finding:
    """How statements are analysed, whether that can be, and what it costs."""
    if by is By.LOG:
        return Finding(
            "warning",
            f"{name}: analysed by log: every new statement, with what is written in it, is in the server's log",
            "GRANT TEMP ON DATABASE and leave out analyse_by" if not standby else "set analyse_on to its primary",
        )
    if standby:
        hint = "set analyse_on to its primary, or analyse_by: log"
        return Finding("error", f"{name}: a standby takes no function, so nothing can be analysed", hint)
    if not temp:
        hint = "GRANT TEMP ON DATABASE, or analyse_by: log"
        return Finding("error", f"{name}: the role lacks TEMP, so nothing can be analysed", hint)
    return Finding("ok", f"{name}: analysed by function: nothing of it is in the server's log")


async def _standby(name: str, primary: Target, standby: Target) -> Finding:
    """Whether what is analysed on the one means the same on the other."""
    epochs = []
    for target in (primary, standby):
        pool = SidePool(target, 1)
        try:
            async with pool.lend(SEARCH_PATH) as side:
                epochs.append((await side.fetch(EPOCH_QUERY))[0][0])
        except (LockgateError, ServerError) as error:
            return Finding("error", f"{name}: {getattr(error, 'message', 'not reachable')}", getattr(error, "hint", ""))
        finally:
            pool.close()
    if epochs[0] == epochs[1]:
        return Finding("ok", f"{name}: analysed on its primary, with the same schema")
    return Finding(
        "error",
        f"{name}: analyse_on has another schema than upstream, so nothing is analysed",
        "it is another server or database, or the standby is behind",
    )
