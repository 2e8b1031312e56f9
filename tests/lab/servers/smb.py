"""The site server's share ``SMS_<site code>`` with its folder ``Logs``, on a real Samba."""

from __future__ import annotations

import contextlib
import getpass
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path, PureWindowsPath

from msgspec import Struct

from comgmt_audit import design as designs
from comgmt_audit.recording import Recording, RecordingWriter
from tests.lab import logs as site_logs
from tests.lab.estate import Estate
from tests.lab.names import NOW
from tests.lab.servers import process
from tests.lab.servers.process import Endpoint, ServerError, free_endpoint

USER, PASSWORD = "reader", "Lab-only-1"


class Address(Struct, frozen=True, kw_only=True):
    """Where the share is, who may read it, and the folder behind it, for a test that plays the writing server."""

    endpoint: Endpoint
    share: str
    domain: str
    user: str
    """Empty: guests may read."""
    password: str
    logs: Path
    configuration: Path

    def client(self, commands: str) -> list[str]:
        """The smbclient command line that does *commands* on the share."""
        who = ["-U", f"{self.domain}\\{self.user}%{self.password}"] if self.user else ["-N"]
        place = [f"//{self.endpoint.host}/{self.share}", "-p", str(self.endpoint.port), "-s", str(self.configuration)]
        return [process.program("smbclient"), *place, *who, "-c", commands]


def missing() -> str:
    """Which Debian package is not installed, or nothing where all are."""
    return process.missing_programs({"smbd": "samba", "pdbedit": "samba-common-bin", "smbclient": "smbclient"})


@contextlib.contextmanager
def running(
    estate: Estate, folder: Path, *, logs: Mapping[str, bytes] | None = None, guest: bool = False
) -> Iterator[Address]:
    """The share with the site server's logs, until the block is left; for guests, or for one user.

    *logs* (file name to content) come besides those of the estate, or in place of one of the same name.
    """
    address = Address(
        endpoint=free_endpoint(),
        share=f"SMS_{estate.names.site_code}",
        domain=estate.names.netbios,
        user="" if guest else USER,
        password="" if guest else PASSWORD,
        logs=folder / "share" / "Logs",
        configuration=folder / "smb.conf",
    )
    address.logs.mkdir(parents=True)
    (folder / "state").mkdir()
    for name, content in (_recorded(estate, folder / "recording") | dict(logs or {})).items():
        (address.logs / name).write_bytes(content)
    # Samba's users are users of the machine; the only one that is surely there is whoever runs this.
    (folder / "users").write_text(f"{getpass.getuser()} = {USER}\n", encoding="utf-8")
    address.configuration.write_text(_configuration(estate, address, folder), encoding="utf-8")
    if not guest:
        _add_user(address.configuration)
    command = [process.program("smbd"), "-F", "--no-process-group", "--debug-stdout", "-s", str(address.configuration)]
    with process.running(command, ready=lambda: _answers(address), folder=folder):
        yield address


def _recorded(estate: Estate, folder: Path) -> dict[str, bytes]:
    """The site server's log files by name: what the lab records of them is the whole file."""
    design = designs.from_mapping(estate.design, "the lab's design")
    with RecordingWriter(folder, recorded_at=NOW, design=design) as writer:
        site_logs.record(estate, writer)
    with contextlib.closing(Recording.load(folder)) as recording:
        return {
            PureWindowsPath(recording.answered(id).about["path"]).name: recording.text(id).encode()
            for id in recording.ids(f"log/{estate.names.site_server.lower()}/")
        }


def _configuration(estate: Estate, address: Address, folder: Path) -> str:
    """One folder holds all of Samba's own: the names of its sockets may not be longer than 107 characters (unix(7))."""
    own = ("private dir", "state directory", "cache directory", "lock directory", "pid directory", "ncalrpc dir")
    places = "\n".join(f"  {setting} = {folder}/state" for setting in own)
    return f"""[global]
  server role = standalone server
  workgroup = {estate.names.netbios}
  netbios name = {estate.names.site_server.partition(".")[0]}
  interfaces = {address.endpoint.host}/8
  bind interfaces only = yes
  smb ports = {address.endpoint.port}
  disable netbios = yes
{places}
  passdb backend = tdbsam:{folder}/state/passdb.tdb
  username map = {folder}/users
  map to guest = {"never" if address.user else "bad user"}
  guest account = {getpass.getuser()}
  load printers = no
  printing = bsd
  disable spoolss = yes
  usershare path =
[{address.share}]
  path = {folder}/share
  read only = yes
  guest ok = {"no" if address.user else "yes"}
"""


def _add_user(configuration: Path) -> None:
    command = [process.program("pdbedit"), "-s", str(configuration), "-a", "-t", "-u", getpass.getuser()]
    done = subprocess.run(command, input=f"{PASSWORD}\n" * 2, capture_output=True, text=True, timeout=15)
    if done.returncode:
        raise ServerError(f"{command!r} ended with status {done.returncode}:\n{done.stderr}")


def _answers(address: Address) -> bool:
    """Does the server there let its client into the share?"""
    if not process.accepts(address.endpoint):
        return False
    return subprocess.run(address.client("exit"), capture_output=True, timeout=15).returncode == 0
