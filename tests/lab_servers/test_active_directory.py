"""The real domain controller holds what the lab's recording says; asked with OpenLDAP's own tools."""

from __future__ import annotations

import base64
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.lab.directory import connection_point_dn, searches, services_dn
from tests.lab.estate import contoso
from tests.lab.names import Names
from tests.lab.servers import active_directory, process
from tests.lab.servers.active_directory import Address
from tests.lab.servers.process import Endpoint, ServerError, accepts

MISSING = active_directory.missing() or process.missing_programs({"ldapsearch": "ldap-utils", "klist": "krb5-user"})
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING or "all is there")

BASE = "DC=corp,DC=contoso,DC=com"
DESCRIPTOR_WITHOUT_AUDIT = "!1.2.840.113556.1.4.801=::MAMCAQc="
"""ldapsearch's spelling of LDAP_SERVER_SD_FLAGS_OID with flags 7."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """Healthy Contoso, with one template whose descriptor the reader is not shown."""
    folder = tmp_path_factory.mktemp("dc")
    estate = contoso(directory__client__entries=None)
    with active_directory.running(estate, folder, services=["HTTP/127.0.0.1"]) as address:
        yield address


def _run(command: list[str], environment: dict[str, str], input: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, input=input, capture_output=True, text=True, check=False)


def _tool(directory: Address, program: str, url: str, *arguments: str, input: str = "", user: str = ""):
    login = ["-x", "-D", user or directory.reader, "-w", directory.password]
    if user == directory.administrator:
        login[-1] = directory.administrator_password
    command = [process.program(program), "-H", url, *login, *arguments]
    return _run(command, {"LDAPTLS_CACERT": str(directory.ca_file)}, input)


def _read(directory: Address, dn: str, *attributes: str, control: str = "") -> dict[str, list[bytes]]:
    """One object by LDAPS."""
    extension = ["-E", control] if control else []
    options = ["-LLL", "-o", "ldif-wrap=no", *extension, "-s", "base", "-b", dn, "(objectClass=*)", *attributes]
    found = _tool(directory, "ldapsearch", directory.ldaps, *options)
    assert found.returncode == 0, found.stderr
    values: dict[str, list[bytes]] = {}
    for line in found.stdout.splitlines()[1:]:
        name, _, value = line.partition(":")
        if name:
            raw = base64.b64decode(value[1:]) if value.startswith(":") else value.strip().encode()
            values.setdefault(name, []).append(raw)
    return values


def _template(name: str) -> str:
    return f"CN={name},CN=Certificate Templates,{services_dn(Names())}"


def test_the_reader_binds_in_every_way_that_shows_no_password(directory, tmp_path):
    base = ["-LLL", "-s", "base", "-b", BASE, "dn"]
    for url, extra in ((directory.ldaps, []), (directory.ldap, ["-ZZ"])):
        assert f"dn: {BASE}" in _tool(directory, "ldapsearch", url, *extra, *base).stdout
    environment = directory.sign_in(tmp_path / "tickets")
    sealed = ["-Y", "GSSAPI", "-O", "minssf=56", "-Q"]
    found = _run([process.program("ldapsearch"), "-H", directory.ldap, *sealed, *base], environment)
    assert f"dn: {BASE}" in found.stdout, found.stderr


def test_a_password_in_the_clear_is_refused(directory):
    found = _tool(directory, "ldapsearch", directory.ldap, "-s", "base", "-b", BASE)
    assert "Strong(er) authentication required" in found.stderr


def test_the_reader_may_change_nothing(directory):
    change = f"dn: {_template('Machine')}\nchangetype: modify\nreplace: displayName\ndisplayName: changed\n"
    found = _tool(directory, "ldapmodify", directory.ldaps, input=change)
    assert "Insufficient access (50)" in found.stderr


def test_descriptors_are_those_of_the_estate_to_the_byte(directory):
    wanted = searches(contoso())["certificate-templates"].objects[0]
    assert wanted["cn"] == "ConfigMgrCloudWebServer"
    shown = _read(directory, wanted["dn"], "nTSecurityDescriptor", control=DESCRIPTOR_WITHOUT_AUDIT)
    assert shown == {"nTSecurityDescriptor": [wanted["nTSecurityDescriptor"]]}


def test_without_the_control_a_descriptor_is_missing_and_no_error_says_so(directory):
    dn = _template("ConfigMgrCloudWebServer")
    assert _read(directory, dn, "nTSecurityDescriptor", "cn") == {"cn": [b"ConfigMgrCloudWebServer"]}


def test_a_hidden_descriptor_is_missing_with_the_control_as_well(directory):
    dn = _template("ConfigMgrWorkstationAuth")
    shown = _read(directory, dn, "nTSecurityDescriptor", "cn", control=DESCRIPTOR_WITHOUT_AUDIT)
    assert shown == {"cn": [b"ConfigMgrWorkstationAuth"]}


@pytest.mark.parametrize("kind", ["computers", "groups", "accounts"])
def test_sids_are_those_of_the_estate(directory, kind):
    for wanted in searches(contoso())[kind].objects:
        raw = _read(directory, wanted["dn"], "objectSid")["objectSid"][0]
        parts = [int.from_bytes(raw[at : at + 4], "little") for at in range(8, len(raw), 4)]
        assert f"S-1-5-{'-'.join(map(str, parts))}" == wanted["objectSid"]


def test_what_ad_cs_and_entra_connect_publish_is_there(directory):
    services = services_dn(Names())
    assert len(_read(directory, f"CN=NTAuthCertificates,{services}", "cACertificate")["cACertificate"]) == 1
    lists = _read(directory, f"CN={Names().ca_name},CN=CA01,CN=CDP,{services}")
    assert all(lists[name][0][:1] == b"\x30" for name in ("certificateRevocationList", "deltaRevocationList"))
    keywords = _read(directory, connection_point_dn(Names()), "keywords")["keywords"]
    assert sorted(keywords) == [f"azureADId:{Names().tenant_id}".encode(), b"azureADName:contoso.onmicrosoft.com"]


@pytest.mark.parametrize("service", ["HTTP/CM01.corp.contoso.com", "HTTP/127.0.0.1"])
def test_keys_of_a_service_are_those_that_its_tickets_are_made_with(directory, tmp_path, service):
    keytab = directory.export_keytab(service, tmp_path / "keytab")
    environment = directory.sign_in(tmp_path / "tickets")
    kvno = _run([process.program("kvno"), "-k", str(keytab), f"{service}@{directory.realm}"], environment)
    assert "keytab entry valid" in kvno.stdout, kvno.stderr


def test_accounts_and_primary_groups_are_as_the_estate_says(tmp_path):
    estate = contoso(
        directory__admin_groups=(),
        directory__admin_primary_group=512,
        directory__admin_control=0x202,
        directory__computers_primary_group=516,
        directory__nested_group_members=("CM01",),
    )
    with active_directory.running(estate, tmp_path) as directory:
        admin = _read(directory, f"CN=cmadmin,CN=Users,{BASE}", "primaryGroupID", "userAccountControl")
        assert admin == {"primaryGroupID": [b"512"], "userAccountControl": [b"514"]}
        assert _read(directory, f"CN=CM01,OU=Servers,{BASE}", "primaryGroupID") == {"primaryGroupID": [b"516"]}
        group = _read(directory, f"CN=Cloud role servers,CN=Users,{BASE}", "member", "memberOf")
        assert group == {
            "member": [f"CN=CM01,OU=Servers,{BASE}".encode()],
            "memberOf": [f"CN=ConfigMgr IIS Servers,CN=Users,{BASE}".encode()],
        }


def test_two_run_side_by_side_and_leave_nothing_running(tmp_path):
    folders = [tmp_path / "one", tmp_path / "a folder whose path is long" / ("x" * 100)]
    for folder in folders:
        folder.mkdir(parents=True)
    with active_directory.running(contoso(), folders[0]) as one, active_directory.running(contoso(), folders[1]) as two:
        assert one.host != two.host
        assert all(accepts(Endpoint(address.host, 636)) for address in (one, two))
    assert not any(accepts(Endpoint(address.host, port)) for address in (one, two) for port in (88, 389, 636))


def test_it_is_up_in_seconds(directory, tmp_path):
    """The archive exists, since *directory* runs."""
    started = time.monotonic()
    with active_directory.running(contoso(), tmp_path):
        assert time.monotonic() - started < 10


def test_without_tls_there_is_none(tmp_path):
    with active_directory.running(contoso(), tmp_path, tls=False) as directory:
        assert accepts(Endpoint(directory.host, 389))
        assert not accepts(Endpoint(directory.host, 636))
        assert _tool(directory, "ldapsearch", directory.ldap, "-ZZ", "-s", "base", "-b", "").returncode != 0


def test_a_server_that_does_not_come_up_says_what_it_said(tmp_path):
    with (
        pytest.raises(ServerError, match=r"(?s)samba.*192\.0\.2\.1|interfaces"),
        active_directory.running(contoso(), tmp_path, host="192.0.2.1"),
    ):
        pass


def test_an_object_that_the_database_refuses_is_named(tmp_path):
    twice = contoso(names__management_point="CM01.elsewhere.example")
    with pytest.raises(ServerError, match="CN=CM01,OU=Servers"), active_directory.running(twice, tmp_path):
        pass


@pytest.mark.parametrize(
    "change",
    [{"directory__forest_root": False}, {"directory__web__descriptor": b"\x01"}],
    ids=["not root", "descriptor"],
)
def test_what_no_domain_controller_of_samba_can_hold_is_an_error(tmp_path, change):
    with pytest.raises(ValueError, match=r"forest|well-formed"), active_directory.running(contoso(**change), tmp_path):
        pass
