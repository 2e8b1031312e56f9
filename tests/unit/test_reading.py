"""The guard that sees what is sent: each protocol's write is caught, even where a source swallows what is raised."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from comgmt_audit.sources import http
from tests import reading

PLANTED = str(Path(reading.PACKAGE) / "sources" / "planted.py")


def planted(source: str, **names: Any) -> Any:
    """Run code as if it stood in a source."""
    scope = dict(names)
    exec(compile(source, PLANTED, "exec"), scope)
    return scope["run"]


def library(name: str) -> Any:
    return pytest.importorskip(name, reason=f"not installed: {name}")


def caught(run: Any) -> list[str]:
    with reading.expected() as found:
        with pytest.raises(AssertionError, match="is no read"):
            run()
        assert len(reading.violations) == 1
    return found


def answer(_: Any) -> Any:
    import httpx

    return httpx.Response(200, json={})


def test_a_post_that_is_called_a_question_to_a_responder_and_is_none_is_caught():
    run = planted(
        "import httpx\ndef run(): return httpx.Client(transport=httpx.MockTransport(answer)).post(url, content=b'{}',"
        " headers={'Content-Type': 'application/ocsp-request'})",
        answer=answer,
        url="http://ocsp.example/",
    )
    assert caught(run) == ["http: POST /, OCSP"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_by_another_client_is_caught(method):
    run = planted(
        "import httpx\ndef run(): return httpx.Client(transport=httpx.MockTransport(answer)).request(method, url)",
        answer=answer,
        method=method,
        url="https://graph.microsoft.com/v1.0/users",
    )
    assert caught(run) == [f"http: {method} /v1.0/users"]


def test_a_write_over_the_network_never_leaves():
    run = planted("import httpx\ndef run(): return httpx.post('http://127.0.0.1:9/v1.0/users', trust_env=False)")
    assert caught(run) == ["http: POST /v1.0/users"]


@pytest.mark.parametrize(
    "request_",
    [{"method": "DELETE", "url": "/users/1"}, {"method": "GET", "url": "/users", "body": {}}],
    ids=["method", "body"],
)
def test_a_write_in_a_batch_is_caught(request_):
    run = planted(
        "import httpx\ndef run(): return httpx.Client(transport=httpx.MockTransport(answer)).post(url, json=body)",
        answer=answer,
        url="https://graph.microsoft.com/v1.0/$batch",
        body={"requests": [{"method": "GET", "url": "/users"}, request_]},
    )
    assert caught(run) == ["http: POST /v1.0/$batch"]


def test_a_hole_in_the_products_own_list_is_caught(monkeypatch):
    """The transport lets everything through, and the source swallows what is raised: the guard has kept it."""
    import httpx

    monkeypatch.setattr(http.ReadOnlyTransport, "_check", lambda *_: None)

    async def delete() -> None:
        transport = httpx.MockTransport(answer)
        async with http.Client(["https://graph.microsoft.com"], transport=transport) as client:
            try:
                await client.ask("DELETE", "https://graph.microsoft.com/v1.0/users/1")
            except Exception:  # noqa: BLE001 -- as a careless source would
                return

    with reading.expected() as found:
        asyncio.run(delete())
    assert found == ["http: DELETE /v1.0/users/1"]


def test_a_write_by_requests_is_caught():
    library("requests")
    run = planted("import requests\ndef run(): return requests.put('http://127.0.0.1:9/token')")
    assert caught(run) == ["requests: PUT /token"]


@pytest.mark.parametrize("name", ["add", "delete", "modify_password"])
def test_a_write_to_the_directory_is_caught(name):
    library("bonsai.ldapconnection")
    run = planted(
        f"from bonsai.ldapconnection import BaseLDAPConnection as C\ndef run(): return C.{name}(None, 'cn=x')"
    )
    assert caught(run) == [f"ldap: {name}"]


@pytest.mark.parametrize("name", ["modify", "rename", "delete"])
def test_a_change_of_an_entry_is_caught(name):
    entry = library("bonsai.ldapentry").LDAPEntry
    if not hasattr(entry, name):
        pytest.skip(f"this version of bonsai has no LDAPEntry.{name}")
    run = planted(f"from bonsai.ldapentry import LDAPEntry as E\ndef run(): return E.{name}(None)")
    assert caught(run) == [f"ldap: {name}"]


def test_an_update_of_dns_is_caught():
    library("dns.update")
    run = planted(
        "import dns.query, dns.update\n"
        "def run():\n"
        "    update = dns.update.UpdateMessage('contoso.com')\n"
        "    update.add('cmg', 300, 'A', '192.0.2.1')\n"
        "    return dns.query.udp(update, '127.0.0.1', port=9, timeout=1)\n"
    )
    assert caught(run) == ["dns: opcode 5"]


@pytest.mark.parametrize(("access", "disposition"), [(0x2, 1), (0x40000000, 1), (0x10000, 1), (0x1, 2), (0x1, 5)])
def test_opening_a_file_to_write_is_caught(access, disposition):
    library("smbprotocol.open")
    run = planted(
        "from smbprotocol.open import Open\ndef run(): return Open.create(None, 2, access, 0, 7, disposition, 0)",
        access=access,
        disposition=disposition,
    )
    assert caught(run) == [f"smb: access {access:#x}, {disposition}"]


def test_another_script_than_ours_is_caught():
    library("pypsrp.powershell")
    run = planted(
        "from pypsrp.powershell import PowerShell\ndef run(): return PowerShell.add_script(None, 'Remove-Item x')"
    )
    assert caught(run) == ["winrm: Remove-Item x"]


def test_what_is_read_passes_and_is_counted():
    import httpx

    async def ask() -> None:
        transport = httpx.MockTransport(answer)
        async with http.Client(["https://graph.microsoft.com"], transport=transport) as client:
            await client.get("https://graph.microsoft.com/v1.0/users")
            await client.post(
                "https://graph.microsoft.com/v1.0/$batch", {"requests": [{"method": "GET", "url": "/users", "id": "1"}]}
            )

    before = reading.reads["http"]
    asyncio.run(ask())
    assert reading.reads["http"] == before + 2


def test_what_the_tests_send_themselves_does_not_count():
    import httpx

    assert httpx.Client(transport=httpx.MockTransport(answer)).delete("https://lab.example/x").status_code == 200
    assert reading.violations == []


@pytest.mark.parametrize("name", sorted(reading.WRAPPERS))
def test_every_library_that_is_there_is_wrapped(name):
    library(name)
    module = importlib.import_module(name)
    wrapped = [
        value
        for owner in (module, *(one for one in vars(module).values() if isinstance(one, type)))
        for value in vars(owner).values()
        if getattr(value, "__code__", SimpleNamespace(co_filename="")).co_filename == reading.__file__
    ]
    assert wrapped
