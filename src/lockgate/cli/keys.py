"""`lockgate keys`: the keys outside of the store. On the machine itself, with no login: who reads them has them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lockgate.cli.show import Json, console, dump
from lockgate.errors import ConfigError

if TYPE_CHECKING:
    from lockgate.server.config import Config

app = typer.Typer(no_args_is_help=True, help="The keys that seal payloads and sign the log.")

ConfigOption = Annotated[Path, typer.Option("--config", "-c", envvar="LOCKGATE_CONFIG", help="the installation's file")]


@app.command(help="Their fingerprints; never the keys. Example: `lockgate keys show --config lockgate.yaml`")
def show(config: ConfigOption = Path("lockgate.yaml"), as_json: Json = False) -> None:
    from lockgate.server.config import key_ring, load_config
    from lockgate.server.serve import read_signing_key

    loaded = load_config(config, connections=False)
    signer = read_signing_key(loaded.signing_key)
    found = {"log": signer.verifier.fingerprint, "sealing": key_ring(loaded).fingerprint}
    if as_json:
        dump(found)
    else:
        for use, fingerprint in found.items():
            console.print(f"{use:8} {fingerprint}")


@app.command(
    help="Seal with a new key from the next start on; the old ones still open what they sealed. "
    "With --log: sign the log with a new key; stop the server first. "
    "Example: `lockgate keys rotate --config lockgate.yaml`, then start the server anew"
)
def rotate(
    config: ConfigOption = Path("lockgate.yaml"),
    log: Annotated[bool, typer.Option("--log", help="the key that signs the log, instead of the sealing key")] = False,
) -> None:
    from lockgate.server.config import load_config
    from lockgate.server.rotating import rotate_log_key, write_closed
    from lockgate.store import KeyRing

    loaded = load_config(config, connections=False)
    if log:
        before, after = asyncio.run(rotate_log_key(loaded))
        console.print(
            f"The log is signed with {after.fingerprint} from here on, before that with {before.fingerprint}."
        )
        console.print(f"Hand the new public key to whoever verifies: {after.to_text()}", soft_wrap=True)
        console.print(
            "Verifying with either follows the log across the change. log.pub is the new one: replace your copies."
        )
        return
    path = _file(loaded)
    fresh = path.with_name(path.name + ".new")
    text = KeyRing.from_file(path).rotated()
    # Made closed and moved in one step: at no instant is there half a key file, or one that others may read.
    write_closed(fresh, text)
    fresh.replace(path)
    console.print(f"{path.name} seals with {KeyRing.parse(text).fingerprint} from the next start on.")
    console.print("Keep a copy of the file elsewhere: without it nothing that waits can be executed.")


def _file(config: Config) -> Path:
    kind, _, rest = config.keys.partition(":")
    if kind == "env":
        raise ConfigError(f"the keys are in the environment, in {rest}", hint="put a new line id:base64 in front of it")
    return config.path.parent / rest
