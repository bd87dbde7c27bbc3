"""TLS, certificate checks and channel binding upstream, against Debian's PostgreSQL (the embedded one has no TLS)."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from lockgate.cli.certificates import make_certificates
from lockgate.demo.embedded import free_port
from lockgate.errors import UpstreamError
from lockgate.gateways.postgres.resolve.side import SideConnection
from lockgate.gateways.postgres.wire.target import parse_target
from lockgate.gateways.postgres.wire.upstream import dial

PROGRAMS = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
needs_debian = pytest.mark.skipif(not PROGRAMS, reason="Debian's postgresql is not installed (make test-packages)")


@pytest.fixture(scope="module")
def server():
    """A server that takes only TLS with SCRAM; `(port, CA's path)`."""
    folder = Path(tempfile.mkdtemp(prefix="lg-tls-", dir="/tmp"))
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    options = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}

    def run(*arguments: object) -> None:
        subprocess.run(
            [str(a) for a in arguments],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **options,
        )

    certificate, key = make_certificates(folder / "tls", ["localhost"])
    (folder / "pw").write_text("upstream secret")
    (folder / "data").mkdir()
    if account:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, account.pw_uid, account.pw_gid)
    run(
        f"{PROGRAMS[-1]}/initdb",
        "-D",
        folder / "data",
        "-U",
        "gw",
        "-A",
        "scram-sha-256",
        "--pwfile",
        folder / "pw",
        "-N",
    )
    (folder / "data" / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    port = free_port()
    settings = f"-p {port} -c ssl=on -c ssl_cert_file={certificate} -c ssl_key_file={key} -c listen_addresses=127.0.0.1"
    run(
        f"{PROGRAMS[-1]}/pg_ctl", "-D", folder / "data", "-l", folder / "data" / "log", "-w",
        "-o", f"{settings} -c unix_socket_directories={folder} -F", "start",
    )  # fmt: skip
    yield port, str(folder / "tls" / "ca.pem")
    run(f"{PROGRAMS[-1]}/pg_ctl", "-D", folder / "data", "-m", "immediate", "-w", "stop")
    shutil.rmtree(folder, ignore_errors=True)


@needs_debian
async def test_verify_full_with_channel_binding(server):
    port, ca = server
    target = parse_target(
        f"postgresql://gw@localhost:{port}/postgres?sslmode=verify-full&sslrootcert={ca}", "upstream secret"
    )
    side = SideConnection(await dial(target, {}))
    rows = await side.fetch("SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    assert rows == [("true",)]
    side.close()


@needs_debian
@pytest.mark.parametrize(
    ("host", "options", "password"),
    [
        ("127.0.0.1", "?sslmode=disable", "upstream secret"),
        ("localhost", "?sslmode=verify-full", "upstream secret"),
        ("localhost", "?sslmode=verify-full&sslrootcert={ca}", "wrong"),
    ],
    ids=["no-tls", "unknown-ca", "wrong-password"],
)
async def test_what_cannot_be_trusted_is_not_used(server, host, options, password):
    port, ca = server
    target = parse_target(f"postgresql://gw@{host}:{port}/postgres{options.format(ca=ca)}", password)
    with pytest.raises(UpstreamError) as refused:
        await dial(target, {})
    assert password not in str(refused.value)
