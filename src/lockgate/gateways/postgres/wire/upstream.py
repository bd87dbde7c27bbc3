"""The gateway's own connection to a PostgreSQL server: dial, TLS, SCRAM, and then bytes.

The credential used here is the connection's, never the requester's, and never leaves this module.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509
from scramp import ScramClient
from scramp.core import ScramException

from lockgate.errors import ProtocolError, UpstreamError
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.parsing import parse_data_row, parse_fields
from lockgate.gateways.postgres.wire.peer import Peer
from lockgate.gateways.postgres.wire.pins import PINS, READ, moved
from lockgate.gateways.postgres.wire.target import Target

SEARCH_PATH = '"$user", public, pg_temp'
"""`pg_temp` last: otherwise a temporary table shadows a real one (PostgreSQL searches it first by default)."""

DIAL_TIMEOUT_S = 15.0


@dataclass(slots=True)
class Upstream:
    """A logged-in connection: its peer, what the server reported, and the key that cancels it."""

    peer: Peer
    parameters: dict[str, str]
    process_id: int
    secret_key: bytes


async def dial(target: Target, settings: Mapping[str, str]) -> Upstream:
    """Connect and log in; `settings` join the pins. `UpstreamError` says what failed, never the credential."""
    try:
        async with asyncio.timeout(DIAL_TIMEOUT_S):
            peer = await _connect(target)
            try:
                upstream = await _login(peer, target, {"search_path": SEARCH_PATH, **settings, **PINS})
                await _compare(peer, target)
                return upstream
            except BaseException:
                peer.abort()
                raise
    except TimeoutError as error:
        raise UpstreamError("the upstream did not answer in time") from error
    except ProtocolError as error:
        raise UpstreamError(f"login upstream failed: {error.message}") from error
    except (OSError, ssl.SSLError) as error:
        raise UpstreamError(f"the upstream cannot be reached ({type(error).__name__})") from error
    except (ValueError, LookupError, ScramException) as error:
        raise UpstreamError("login upstream failed: the upstream's messages are malformed") from error


async def cancel(target: Target, process_id: int, secret_key: bytes) -> None:
    """Ask the server to cancel what another connection runs (CancelRequest); quiet when that fails, as cancels are."""
    try:
        async with asyncio.timeout(DIAL_TIMEOUT_S):
            peer = await _connect(target)
            try:
                peer.write(m.cancel_request(process_id, secret_key))
                await peer.read(1)
            finally:
                peer.abort()
    except (OSError, TimeoutError, ProtocolError, UpstreamError):
        return


async def _connect(target: Target) -> Peer:
    loop = asyncio.get_running_loop()
    if target.socket_path:
        _, peer = await loop.create_unix_connection(Peer, target.socket_path)
    else:
        _, peer = await loop.create_connection(Peer, target.host, target.port)
    context = target.ssl_context()
    if context is not None:
        peer.write(m.ssl_request())
        if await peer.read(1) != b"S":
            peer.abort()
            raise UpstreamError("the upstream offers no TLS", hint="enable ssl there, or sslmode=disable on loopback")
        await peer.start_tls(context, server_side=False, host=target.host)
    return peer


async def _login(peer: Peer, target: Target, settings: Mapping[str, str]) -> Upstream:
    upstream = Upstream(peer, {}, 0, b"")
    peer.write(m.startup({"user": target.user, "database": target.database, **settings}))
    scram: ScramClient | None = None
    # Only the address says who answers where there is no password (trust on loopback, peer on a Unix socket).
    proven = not target.password
    while True:
        kind, body = await peer.message()
        if kind == ord("R"):
            method = int.from_bytes(body[:4], "big")
            if method != 0:
                scram, proven = _authenticate(peer, method, body[4:], target, scram)
            elif not proven:
                raise UpstreamError(
                    "the upstream skipped the proof that it knows the gateway's password",
                    hint="use scram-sha-256 in pg_hba.conf, or `password: none` where the server asks for none",
                )
        elif kind == ord("S"):
            name, value = body[:-1].split(b"\0", 1)
            upstream.parameters[name.decode()] = value.decode()
        elif kind == ord("K"):
            upstream.process_id, upstream.secret_key = int.from_bytes(body[:4], "big"), body[4:]
        elif kind == ord("E"):
            raise UpstreamError(f"the upstream refused the gateway's login (SQLSTATE {parse_fields(body).get('C')})")
        elif kind == ord("Z"):
            if not proven:
                raise ProtocolError("ready before the login was over")
            return upstream
        elif kind not in b"Nv":
            raise ProtocolError("unexpected message during login")


async def _compare(peer: Peer, target: Target) -> None:
    """Refuse a server that starts sessions with another role or mode than the one that was logged in with (ALTER ROLE
    … SET, ALTER DATABASE … SET): a startup packet does not go before all of that."""
    peer.write(m.query(f"SELECT {READ}".encode()))
    found: list[str] | None = None
    while True:
        kind, body = await peer.message()
        if kind == ord("D"):
            found = [(value or b"").decode() for value in parse_data_row(body)]
        elif kind == ord("Z"):
            break
        elif kind == ord("E"):
            raise UpstreamError("the upstream refused the gateway's own question")
    setting = "session" if found is None else moved(found, target.user)
    if setting:
        raise UpstreamError(
            f"the upstream starts sessions with another {setting}",
            hint="undo ALTER ROLE … SET or ALTER DATABASE … SET there",
        )


def _authenticate(
    peer: Peer, method: int, rest: bytes, target: Target, scram: ScramClient | None
) -> tuple[ScramClient, bool]:
    """One step of SCRAM-SHA-256 (RFC 5802, RFC 7677); with channel binding where there is TLS."""
    try:
        if method == 10:
            offered = [name.decode() for name in rest.split(b"\0") if name]
            binding = _channel_binding(peer)
            if binding is None:
                offered = [name for name in offered if not name.endswith("-PLUS")]
            scram = ScramClient(offered, target.user, target.password, channel_binding=binding)
            peer.write(m.sasl_initial(scram.mechanism_name, scram.get_client_first().encode()))
            return scram, False
        if method == 11 and scram is not None:
            scram.set_server_first(rest.decode())
            peer.write(m.sasl_response(scram.get_client_final().encode()))
            return scram, False
        if method == 12 and scram is not None:
            scram.set_server_final(rest.decode())
            return scram, True
    except ScramException as error:
        raise UpstreamError("SCRAM with the upstream failed: wrong password there, or an impostor") from error
    raise UpstreamError(
        "the upstream asks for a login method that sends or weakly hashes the password",
        hint="use scram-sha-256 in pg_hba.conf",
    )


def _channel_binding(peer: Peer) -> tuple[str, bytes] | None:
    """tls-server-end-point (RFC 5929): a hash of the server's certificate ties the login to this TLS session."""
    tls = None if peer.transport is None else peer.transport.get_extra_info("ssl_object")
    certificate = None if tls is None else tls.getpeercert(binary_form=True)
    if not certificate:
        return None
    algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    name = "sha256" if algorithm is None or algorithm.name in ("md5", "sha1") else algorithm.name
    return "tls-server-end-point", hashlib.new(name, certificate).digest()
