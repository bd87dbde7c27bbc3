"""`lockgate audit receipt`: what the last command is on record by, and a proof of it by the key alone."""

from __future__ import annotations

import json

from support import PASSWORD


def test_from_a_command_to_its_proof(newcomer):
    newcomer.log_in("root")
    newcomer.says("user", "add", "nina", "--password-stdin", given=f"{PASSWORD}\n")
    newcomer.says("requests", "list")
    (event,) = json.loads(newcomer.says("audit", "receipt", "--json"))
    assert f"lockgate audit prove {event} > {event}.tlog-proof" in newcomer.says("audit", "receipt")
    (newcomer.home / "proof").write_text(newcomer.says("audit", "prove", event))
    checked = newcomer.says("audit", "check", "proof", "--key", "lg/log.pub", "--json")
    leaf = json.loads(json.loads(checked)["event"])
    assert (leaf["type"], leaf["body"]["account"]) == ("user.created", "local:nina")
