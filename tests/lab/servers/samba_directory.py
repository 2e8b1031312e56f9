#!/usr/bin/python3
"""What only Samba's own Python can do to a domain controller's database: write entries as the system, export keys.

Run by the system's Python (Debian package python3-samba) in the folder of a domain controller, never imported:

    samba_directory.py load entries.json
    samba_directory.py keytab SERVICE/HOST@REALM FILE

``entries.json`` has three lists of ``[dn, {attribute: [value, …]}]``, values in Base64: ``add`` (new entries),
``extend`` (further values of entries that are there) and ``replace``.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import ldb
import samba.dckeytab  # noqa: F401 -- gives Net its export_keytab
from samba.auth import system_session
from samba.net import Net
from samba.param import LoadParm
from samba.samdb import SamDB

AS_GIVEN = ["relax:0"]
"""The control by which the system may choose an objectSid."""


def main(arguments: list[str]) -> None:
    command, *rest = arguments
    parameters = LoadParm()
    parameters.load("smb.conf")
    if command == "load":
        _load(parameters, rest[0])
    else:
        principal, file = rest
        Net(None, parameters).export_keytab(keytab=file, principal=principal)


def _load(parameters: LoadParm, file: str) -> None:
    database = SamDB(url=str(Path("private/sam.ldb").absolute()), session_info=system_session(), lp=parameters)
    entries = json.loads(Path(file).read_text(encoding="utf-8"))
    database.transaction_start()
    try:
        for dn, attributes in entries["add"]:
            database.add(_message(database, dn, attributes, ldb.FLAG_MOD_ADD), controls=AS_GIVEN)
        for kind, flag in (("extend", ldb.FLAG_MOD_ADD), ("replace", ldb.FLAG_MOD_REPLACE)):
            for dn, attributes in entries[kind]:
                database.modify(_message(database, dn, attributes, flag))
    except ldb.LdbError as error:
        database.transaction_cancel()
        raise SystemExit(f"{dn}: {error.args[1]}") from None
    database.transaction_commit()


def _message(database: SamDB, dn: str, attributes: dict[str, list[str]], flag: int) -> ldb.Message:
    message = ldb.Message(ldb.Dn(database, dn))
    for name, values in attributes.items():
        message[name] = ldb.MessageElement([base64.b64decode(value) for value in values], flag, name)
    return message


if __name__ == "__main__":
    main(sys.argv[1:])
