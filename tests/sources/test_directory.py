"""The directory is read from a real domain controller, and the recording is the one that the lab writes by itself."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dns.rdata
import dns.resolver
import msgspec
import pytest

from comgmt_audit import baselines, packs
from comgmt_audit import design as designs
from comgmt_audit.connections import Connections, Ldap
from comgmt_audit.engine import Evaluation
from comgmt_audit.facts import Environment
from comgmt_audit.model import CheckResult
from comgmt_audit.recording import Observation, Reason, Recording, RecordingWriter
from comgmt_audit.sources import directory, ldap
from comgmt_audit.sources.ldap import DirectoryError, Found, Login
from comgmt_audit.sources.session import Probe, Session
from tests.lab import directory as lab
from tests.lab import estate as estates
from tests.lab import pki
from tests.lab.directory import Domain, Entry
from tests.lab.estate import Estate, contoso, contoso_2018
from tests.lab.names import NOW, Names
from tests.lab.servers import active_directory, process
from tests.lab.servers.active_directory import Address
from tests.lab.servers.process import Endpoint, free_endpoint

try:
    import bonsai
except ImportError:
    MISSING = "not installed: bonsai (pip install 'comgmt-audit[live]')"
else:
    MISSING = active_directory.missing()

library = pytest.mark.skipif("bonsai" in MISSING, reason=MISSING or "all is there")
real = pytest.mark.skipif(bool(MISSING), reason=MISSING or "all is there")
PASSWORD = "COMGMT_TEST_DIRECTORY_PASSWORD"
EMEA = Names(
    ad_domain="emea.contoso.com",
    netbios="EMEA",
    domain_sid="S-1-5-21-1844237615-1957994488-725345543",
    ca_server="CA01.emea.contoso.com",
)
"""Another domain of Contoso's forest, which has the CA's computer."""


@pytest.fixture(scope="module")
def contoso_dc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with active_directory.running(contoso(), tmp_path_factory.mktemp("dc")) as address:
        yield address


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD, active_directory.READER_PASSWORD)


def simple(address: Address, **changes: Any) -> Ldap:
    """LDAPS with the reader's name and password."""
    fields = {
        "server": address.ldaps,
        "authentication": "simple",
        "user": address.reader,
        "password": f"env:{PASSWORD}",
        "ca_file": str(address.ca_file),
    }
    return Ldap(**(fields | changes))


def somebody(server: str, authentication: Any = "simple") -> Ldap:
    """An account that no server is to hear of."""
    return Ldap(server=server, authentication=authentication, user="u@corp", password=f"env:{PASSWORD}")


def session(
    estate: Estate, writer: RecordingWriter, settings: Ldap, wanted: Callable[[str], bool] = lambda _: True
) -> Session:
    return Session(
        design=designs.from_mapping(estate.design, "the lab's design"),
        connections=Connections(directory=settings),
        writer=writer,
        wanted=wanted,
        progress=lambda *_: None,
        clock=lambda: NOW,
        timeout=3,
    )


def recorded(estate: Estate, settings: Ldap, folder: Path) -> Path:
    """The estate's recording with the directory read live instead, but for the clock: there it is another time."""
    design = designs.from_mapping(estate.design, "the lab's design")
    with RecordingWriter(folder, recorded_at=NOW, design=design) as writer:
        for recorder in estates.RECORDERS:
            if recorder is not lab.record:
                recorder(estate, writer)
        asyncio.run(directory.record(session(estate, writer, settings, lambda id: id != "directory/clock")))
    return folder


def observations(settings: Ldap, folder: Path, estate: Estate | None = None, **rest: Any) -> dict[str, Observation]:
    """What reading the directory alone gives, by the name of the observation."""
    estate = estate or contoso()
    design = designs.from_mapping(estate.design, "the lab's design")
    with RecordingWriter(folder, recorded_at=NOW, design=design) as writer:
        asyncio.run(directory.record(session(estate, writer, settings, **rest)))
    with contextlib.closing(Recording.load(folder)) as recording:
        return {found.id.partition("/")[2]: found for found in recording.manifest.observations}


def probed(settings: Ldap, folder: Path) -> Probe:
    design = designs.from_mapping(contoso().design, "the lab's design")
    with RecordingWriter(folder, recorded_at=NOW, design=design) as writer:
        (found,) = asyncio.run(directory.probe(session(contoso(), writer, settings)))
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def judged(folder: Path) -> dict[str, CheckResult]:
    with contextlib.closing(Recording.load(folder)) as recording:
        environment = Environment(recording, recording.design, baselines.load(recording.design.baseline))
        evaluation = Evaluation(packs.combine([packs.builtin()]), environment)
        return {id: evaluation.result(id) for id in evaluation.checks}


def the_absence(found: dict[str, Observation]) -> Any:
    """The one reason why nothing was read."""
    assert set(found) == set(directory.SEARCHES)
    reasons = {msgspec.json.encode(observation.absence) for observation in found.values()}
    assert len(reasons) == 1
    return found["domains"].absence


# Both ways give the same files


ENTRIES = lab.WEB.entries or ()
AWKWARD = "IIS (cloud) Zoë"
ESTATES: dict[str, Callable[[], Estate]] = {
    "healthy": contoso,
    "healthy 2018": contoso_2018,
    "hidden descriptor": lambda: contoso(directory__web__entries=None),
    "hidden templates": lambda: contoso(directory__web__hidden=True, directory__client__hidden=True),
    "hidden flags": lambda: contoso(directory__web__private_key_flag=None, directory__client__name_flag=None),
    "denied": lambda: contoso(directory__web__entries=(Entry("iis-group", lab.ENROLL, deny=True), *ENTRIES)),
    "unsigned flags": lambda: contoso(directory__web__name_flag=-2113929216),
    "key storage provider": lambda: contoso_2018(
        directory__web__schema_version=4,
        directory__web__providers=("1,Microsoft Software Key Storage Provider",),
        directory__web__request_policies=("msPKI-Asymmetric-Algorithm`PZPWSTR`RSA`",),
    ),
    "no template": lambda: contoso(directory__web__exists=False),
    "no CA": lambda: contoso(directory__ca_published=False),
    "two roots": lambda: contoso(directory__published_roots=("public-root", "root")),
    "nesting": lambda: contoso_2018(directory__iis_members=("MP01",), directory__nested_group_members=("CM01",)),
    "no group": lambda: contoso(directory__iis_group_exists=False),
    "name for a filter": lambda: contoso(names__iis_group=AWKWARD, design__names__iis_group=AWKWARD),
    "primary groups": lambda: contoso(
        directory__admin_groups=(), directory__admin_primary_group=512, directory__client_user_certificates=0
    ),
    "no admin": lambda: contoso(directory__admin_exists=False, directory__ca_has_account=False),
    "hidden state": lambda: contoso(directory__admin_control=None, directory__ca_system_version=None),
    "no lists": lambda: contoso(
        certificates__root_ldap=None, certificates__issuing_ldap=None, certificates__issuing_delta_ldap=None
    ),
    "no delta list": lambda: contoso(certificates__issuing_delta_ldap=None),
    "no base list": lambda: contoso(certificates__issuing_ldap=None),
    "no connection point": lambda: contoso(directory__connection_point_exists=False),
}


@real
@pytest.mark.parametrize("name", ESTATES)
def test_the_recording_is_the_one_that_the_estate_writes(tmp_path, name):
    """Byte for byte, the manifest too: Samba holds all that these estates say, so nothing is excepted."""
    estate = ESTATES[name]()
    folder = tmp_path / "dc"
    folder.mkdir()
    with active_directory.running(estate, folder) as address:
        live = files(recorded(estate, simple(address), tmp_path / "live"))
    assert live == files(estates.record(estate, tmp_path / "estate"))


@real
@pytest.mark.parametrize("way", ["LDAPS", "StartTLS", "Kerberos", "Kerberos with a password", "Kerberos in pages"])
def test_every_way_of_binding_reads_the_same_and_judges_the_same(contoso_dc, tmp_path, monkeypatch, way):
    settings = simple(contoso_dc)
    if way == "StartTLS":
        settings = simple(contoso_dc, server=contoso_dc.ldap)
    if way.startswith("Kerberos"):
        tickets = contoso_dc.sign_in(tmp_path / "tickets")
        for name, value in tickets.items():
            monkeypatch.setenv(name, value)
        settings = Ldap(server=contoso_dc.ldap)
    if way == "Kerberos with a password":
        monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path / 'nobody'}")
        settings = simple(contoso_dc, server=contoso_dc.ldap, authentication="kerberos", ca_file="")
    if way == "Kerberos in pages":
        monkeypatch.setattr(ldap, "PAGE", 2)
    live = recorded(contoso(), settings, tmp_path / "live")
    written = estates.record(contoso(), tmp_path / "estate")
    assert files(live) == files(written)
    assert judged(live) == judged(written)


@real
def test_no_file_of_the_recording_holds_the_password(contoso_dc, tmp_path):
    for content in files(recorded(contoso(), simple(contoso_dc), tmp_path / "live")).values():
        assert active_directory.READER_PASSWORD.encode() not in content


@real
def test_a_list_that_is_too_large_is_left_out_and_named(contoso_dc, tmp_path, monkeypatch):
    of_root = len(pki.crl_der(contoso(), contoso().certificates.root_crl))
    monkeypatch.setattr(directory, "_LARGEST_LIST", of_root)
    found = observations(simple(contoso_dc), tmp_path / "r", wanted=lambda id: id == "directory/revocation-lists")
    left_out = found["revocation-lists"].about["too_large"]
    assert left_out == [
        f"{name} of CN=Contoso Issuing CA 1,CN=CA01,CN=CDP,{lab.services_dn(contoso().names)}"
        for name in ("certificateRevocationList", "deltaRevocationList")
    ]


@real
def test_the_domain_controller_says_what_time_it_is(contoso_dc, tmp_path):
    found = observations(simple(contoso_dc), tmp_path / "live", wanted=lambda name: name == "directory/clock")
    assert found["clock"].answer is not None
    told = json.loads((tmp_path / "live/directory/clock.json").read_text())
    assert abs(told["ahead"]) <= 2  # it runs on this machine
    assert told["server"] == contoso_dc.host


@real
def test_only_what_is_wanted_is_recorded(contoso_dc, tmp_path):
    found = observations(simple(contoso_dc), tmp_path / "live", wanted=lambda name: name == "directory/groups")
    assert set(found) == {"groups"}
    assert found["groups"].answer is not None


@pytest.mark.parametrize("settings", [Ldap(), Ldap(server="ldaps://192.0.2.1", use=False)], ids=["none", "not used"])
def test_a_directory_that_is_not_configured_is_not_asked(tmp_path, settings):
    assert observations(settings, tmp_path / "live") == {}


# Read-only


class Witness:
    """A connection that says what it is asked."""

    def __init__(self, connection: Any, calls: list[tuple[str, tuple[Any, ...]]]) -> None:
        self._connection = connection
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._connection, name)

        def called(*arguments: Any, **rest: Any) -> Any:
            self._calls.append((name, arguments))
            return method(*arguments, **rest)

        return called


@real
def test_nothing_but_searches_is_sent_for_attributes_of_the_list(contoso_dc, tmp_path, monkeypatch):
    calls: list[tuple[str, tuple[Any, ...]]] = []
    clients = []
    connect = bonsai.LDAPClient.connect

    def witnessed(client: Any, *arguments: Any, **rest: Any) -> Witness:
        clients.append(client)
        return Witness(connect(client, *arguments, **rest), calls)

    monkeypatch.setattr(bonsai.LDAPClient, "connect", witnessed)
    observations(simple(contoso_dc), tmp_path / "live")
    probed(simple(contoso_dc), tmp_path / "probe")
    assert {name for name, _ in calls} == {"paged_search", "close"}
    asked = {attribute for name, arguments in calls if name == "paged_search" for attribute in arguments[3]}
    assert asked == {attribute for shape in directory.SHAPES for attribute in shape} | set(ldap.ROOT) | {"objectClass"}
    assert {client.sd_flags for client in clients} == {ldap.OWNER_GROUP_DACL}


def test_no_attribute_of_the_list_is_a_secret():
    """[MS-ADTS] 3.1.1.4.4: what no client may read; LAPS, BitLocker, managed passwords and keys: what few may."""
    asked = {attribute.casefold() for shape in directory.SHAPES for attribute in shape}
    words = ("pwd", "password", "laps", "recovery", "managed", "supplemental", "keycredential", "trustauth", "hash")
    assert [attribute for attribute in asked if any(word in attribute for word in words)] == []


def test_every_attribute_of_the_list_is_documented():
    text = (Path(__file__).parents[2] / "docs" / "recording" / "directory.md").read_text(encoding="utf-8")
    asked = {attribute for shape in directory.SHAPES for attribute in shape}
    assert [attribute for attribute in sorted(asked) if f"`{attribute}`" not in text] == []


# What goes wrong


@real
def test_a_wrong_password_is_named_and_not_shown(contoso_dc, tmp_path, monkeypatch):
    monkeypatch.setenv(PASSWORD, "Not-the-password-1")
    absence = the_absence(observations(simple(contoso_dc), tmp_path / "live"))
    assert (absence.reason, absence.status) == (Reason.REFUSED, 49)
    assert absence.detail == f"{contoso_dc.host} does not let us in as {contoso_dc.reader}: the password is wrong"
    assert "connect.directory.user" in absence.cure
    assert all(b"Not-the-password-1" not in content for content in files(tmp_path / "live").values())


@contextlib.contextmanager
def sockets_left_to_the_collector() -> Iterator[None]:
    """bonsai 1.5.5 does not close a pair of sockets of its own where a login or StartTLS fails early."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


@real
def test_a_wrong_password_by_kerberos_is_named(contoso_dc, tmp_path, monkeypatch):
    monkeypatch.setenv("KRB5_CONFIG", str(contoso_dc.krb5_conf))
    monkeypatch.setenv(PASSWORD, "Not-the-password-1")
    settings = simple(contoso_dc, server=contoso_dc.ldap, authentication="kerberos")
    with sockets_left_to_the_collector():
        absence = the_absence(observations(settings, tmp_path / "live"))
    assert absence.reason is Reason.REFUSED
    assert "the password is wrong" in absence.detail


@real
def test_nobody_signed_in_is_named(contoso_dc, tmp_path, monkeypatch):
    monkeypatch.setenv("KRB5_CONFIG", str(contoso_dc.krb5_conf))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path / 'nobody'}")
    absence = the_absence(observations(Ldap(server=contoso_dc.ldap), tmp_path / "live"))
    assert absence.reason is Reason.REFUSED
    assert "nobody is signed in here with Kerberos" in absence.detail
    assert "kinit" in absence.cure


@real
@pytest.mark.parametrize("url", ["ldaps", "ldap"])
def test_a_certificate_that_is_not_trusted_is_named(contoso_dc, tmp_path, url):
    settings = simple(contoso_dc, server=getattr(contoso_dc, url), ca_file="")
    absence = the_absence(observations(settings, tmp_path / "live"))
    assert absence.reason is Reason.UNREACHABLE
    assert absence.detail.startswith(f"the certificate of {contoso_dc.host} is not trusted: ")
    assert "connect.directory.ca_file" in absence.cure


@real
def test_the_library_itself_refuses_what_is_not_trusted(contoso_dc, monkeypatch):
    """Should our own look at the way there ever miss something."""
    monkeypatch.setattr(ldap, "reach", lambda *_, **__: None)
    login = Login(authentication="simple", user=contoso_dc.reader, password="never sent", timeout=3)
    for url in (contoso_dc.ldaps, contoso_dc.ldap):
        with sockets_left_to_the_collector():
            with pytest.raises(DirectoryError) as caught, ldap.connected(url, login):
                pass
            assert caught.value.absence.reason is Reason.UNREACHABLE
            del caught


@real
def test_a_certificate_for_another_name_is_named(contoso_dc, tmp_path):
    with forwarding(Endpoint(contoso_dc.host, 636)) as at:
        settings = simple(contoso_dc, server=f"ldaps://{at.host}:{at.port}")
        absence = the_absence(observations(settings, tmp_path / "live"))
    assert absence.reason is Reason.UNREACHABLE
    assert "not trusted" in absence.detail
    assert "mismatch" in absence.detail


@contextlib.contextmanager
def forwarding(target: Endpoint) -> Iterator[Endpoint]:
    """Another address by which a server is reached, for one connection."""
    at = free_endpoint()
    with socket.create_server((at.host, at.port)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                near, _ = listener.accept()
                with near, socket.create_connection((target.host, target.port)) as far:
                    back = threading.Thread(target=copy, args=(far, near), daemon=True)
                    back.start()
                    copy(near, far)

        def copy(source: socket.socket, sink: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)

        threading.Thread(target=serve, daemon=True).start()
        yield at


@real
def test_a_domain_controller_without_tls_is_never_told_a_password(tmp_path):
    folder = tmp_path / "dc"
    folder.mkdir()
    with active_directory.running(contoso(), folder, tls=False) as address:
        absence = the_absence(observations(simple(address, server=address.ldap), tmp_path / "live"))
    assert absence.reason is Reason.UNREACHABLE
    assert "no password is sent without" in absence.detail


@contextlib.contextmanager
def listening(answer: bytes) -> Iterator[tuple[Endpoint, bytearray]]:
    """A server that answers everything alike, and what it is told."""
    at, told = free_endpoint(), bytearray()
    with socket.create_server((at.host, at.port)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        while data := connection.recv(65536):
                            told.extend(data)
                            connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield at, told


REFUSAL = bytes.fromhex("300c02010178070a010204000400")
"""An extended response with result 2, protocolError."""


@library
def test_all_that_a_server_without_starttls_hears_is_the_question_for_it(tmp_path):
    with listening(REFUSAL) as (at, told):
        absence = the_absence(observations(somebody(f"ldap://{at.host}:{at.port}"), tmp_path / "live"))
    assert absence.reason is Reason.UNREACHABLE
    assert "offers no StartTLS" in absence.detail
    assert bytes(told) == bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"user": "", "password": ""}, "needs an account and its password"),
        ({"user": "u@corp", "password": ""}, "needs an account and its password"),
        ({"user": "u@corp", "password": "env:COMGMT_TEST_NOT_SET"}, "COMGMT_TEST_NOT_SET is not set"),
        ({"user": "u@corp", "password": "Secret-1"}, "does not say where the secret is"),
        ({"server": "https://dc.example"}, "not an address of a domain controller"),
        ({"server": "ldap://user:Secret-1@dc.example"}, "not an address of a domain controller"),
        ({"server": "ldaps://dc.example:port"}, "not an address of a domain controller"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_meant_are_named_before_anything_is_sent(tmp_path, settings, said):
    fields = {"server": "ldaps://192.0.2.1", "user": "u@corp", "password": f"env:{PASSWORD}"} | settings
    absence = the_absence(observations(Ldap(authentication="simple", **fields), tmp_path / "live"))
    assert absence.reason is Reason.REFUSED
    assert said in absence.detail
    assert absence.cure
    assert "Secret-1" not in absence.detail + absence.cure


@real
def test_a_ca_file_that_is_none_is_named(contoso_dc, tmp_path):
    (tmp_path / "empty.pem").write_text("nothing", encoding="ascii")
    for file in ("not-there.pem", "empty.pem"):
        settings = simple(contoso_dc, ca_file=str(tmp_path / file))
        absence = the_absence(observations(settings, tmp_path / f"live-{file}"))
        assert "connect.directory.ca_file" in absence.detail
        assert absence.reason is Reason.REFUSED


@library
@pytest.mark.parametrize("authentication", ["simple", "kerberos"])
def test_a_port_that_nobody_opens_is_named(tmp_path, authentication):
    at = free_endpoint()
    settings = somebody(f"ldap://{at.host}:{at.port}", authentication)
    absence = the_absence(observations(settings, tmp_path / "live"))
    assert absence.reason is Reason.UNREACHABLE
    assert absence.detail.startswith(f"{at.host}:{at.port} cannot be reached: ")
    assert f"port {at.port}" in absence.cure


@library
@pytest.mark.parametrize("scheme", ["ldaps", "ldap"])
def test_a_server_that_never_answers_ends_in_time(tmp_path, scheme):
    with process.silence() as at:
        started = time.monotonic()
        absence = the_absence(observations(somebody(f"{scheme}://{at.host}:{at.port}"), tmp_path / "live"))
    assert time.monotonic() - started < 8
    assert absence.reason is Reason.UNREACHABLE
    assert absence.detail == f"{at.host}:{at.port} does not answer within 3 s"


@real
def test_a_domain_controller_that_stops_answering_ends_in_time(tmp_path):
    """It hangs between the bind and the first search."""
    folder = tmp_path / "dc"
    folder.mkdir()
    with active_directory.running(contoso(), folder) as address:
        login = Login(
            authentication="simple",
            user=address.reader,
            password=address.password,
            ca_file=str(address.ca_file),
            timeout=1,
        )
        with ldap.connected(address.ldaps, login) as connection:
            os.kill(int((folder / "lock" / "samba.pid").read_text()), signal.SIGSTOP)
            started = time.monotonic()
            for _ in range(20):
                with pytest.raises(DirectoryError, match="no answer within 1 s") as caught:
                    connection.search(lab.base_dn(Names()), "(objectClass=*)", ("cn",))
                assert caught.value.absence.reason is Reason.UNREACHABLE
            assert time.monotonic() - started < 8


@library
def test_a_cancellation_is_let_through_and_nothing_is_recorded(tmp_path):
    design = designs.from_mapping(contoso().design, "the lab's design")
    with process.silence() as at, RecordingWriter(tmp_path / "live", recorded_at=NOW, design=design) as writer:
        settings = somebody(f"ldaps://{at.host}:{at.port}")
        with pytest.raises(TimeoutError):
            asyncio.run(asyncio.wait_for(directory.record(session(contoso(), writer, settings)), 0.2))
    with contextlib.closing(Recording.load(tmp_path / "live")) as recording:
        assert recording.manifest.observations == ()


def test_a_missing_library_is_named_with_its_cure(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "bonsai", None)
    absence = the_absence(observations(somebody("ldaps://192.0.2.1"), tmp_path / "live"))
    assert absence == ldap.MISSING
    assert "pip install 'comgmt-audit[live]'" in absence.cure
    assert "libldap-dev" in absence.cure


@real
def test_a_bind_in_the_clear_which_we_never_do_is_explained(contoso_dc):
    clear = bonsai.LDAPClient(contoso_dc.ldap)
    clear.set_credentials("SIMPLE", contoso_dc.reader, contoso_dc.password)
    with pytest.raises(bonsai.LDAPError) as caught:
        clear.connect(timeout=3)
    absence = ldap.explain(caught.value, contoso_dc.host)
    assert (absence.reason, absence.status) == (Reason.REFUSED, 8)
    assert "strongerAuthRequired" in absence.detail
    assert "ldaps://" in absence.cure


class SaidError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@pytest.mark.parametrize(
    ("code", "message", "reason", "detail"),
    [
        (4, "Size limit exceeded", Reason.REFUSED, "part of the answer only (sizeLimitExceeded)"),
        (49, "80090308: LdapErr: DSID-0C0903A9, data 775, v1db1", Reason.REFUSED, "the account is locked out"),
        (49, "80090308: LdapErr: DSID-0C0903A9, data 533, v1db1", Reason.REFUSED, "the account is disabled"),
        (49, "80090346: LdapErr: DSID-0C090588, data 80090346, v4563", Reason.REFUSED, "channel binding"),
        (49, "Invalid credentials", Reason.REFUSED, "Invalid credentials"),
        (50, "Insufficient access", Reason.REFUSED, "refuses"),
        (11, "Administrative limit exceeded", Reason.REFUSED, "part of the answer only"),
        (10, "Referral", Reason.UNREACHABLE, "refers to another domain controller"),
        (51, "Busy", Reason.UNREACHABLE, "Busy"),
        (32, "No such object", Reason.ABSENT, "noSuchObject"),
        (-5, "Timed out", Reason.UNREACHABLE, "Timed out"),
        (-2, "Local error. SASL(-1): GSSAPI Error: Clock skew too great", Reason.REFUSED, "the clocks differ"),
        (-2, "Local error. (Server not found in Kerberos database)", Reason.REFUSED, "Kerberos knows no such server"),
        (12, "Critical extension is unavailable", Reason.UNREADABLE, "LDAP result 12"),
    ],
    ids=str,
)
def test_every_answer_has_a_reason(code, message, reason, detail):
    absence = ldap.explain(SaidError(code, message), "dc01.corp.contoso.com")
    assert absence.reason is reason
    assert detail in absence.detail
    assert absence.cure or reason is Reason.ABSENT


@real
def test_kerberos_inside_tls_that_a_server_wants_sealed_says_how_else(contoso_dc, tmp_path, monkeypatch):
    for name, value in contoso_dc.sign_in(tmp_path / "tickets").items():
        monkeypatch.setenv(name, value)
    settings = Ldap(server=contoso_dc.ldaps, ca_file=str(contoso_dc.ca_file))
    absence = the_absence(observations(settings, tmp_path / "live"))
    assert (absence.reason, absence.status) == (Reason.REFUSED, 8)
    assert "ldap://DC" in absence.cure


@library
@pytest.mark.parametrize(
    ("can_seal", "scheme", "authentication", "tls", "security"),
    [
        (True, "ldap", "simple", True, None),
        (True, "ldaps", "simple", False, None),
        (True, "ldap", "kerberos", False, "minssf=56"),
        (True, "ldaps", "kerberos", False, "minssf=0,maxssf=0"),
        (False, "ldap", "kerberos", True, "minssf=0,maxssf=0"),
    ],
    ids=str,
)
def test_there_is_no_way_without_encryption(monkeypatch, can_seal, scheme, authentication, tls, security):
    """``tls`` is StartTLS to the library. Windows' own client cannot be told to seal."""
    made, tried = [], []

    def connect(client: Any, **_: Any) -> None:
        made.append(client)
        raise bonsai.ConnectionError

    monkeypatch.setattr(ldap, "CAN_SEAL", can_seal)
    monkeypatch.setattr(ldap, "reach", lambda *_, **ways: tried.append(ways))
    monkeypatch.setattr(bonsai.LDAPClient, "connect", connect)
    login = Login(authentication=authentication, user="u@corp", password="p")
    with pytest.raises(DirectoryError), ldap.connected(f"{scheme}://192.0.2.1", login):
        pass
    assert (made[0].tls, made[0].sasl_security_properties) == (tls, security)
    assert tried == [{"start_tls": tls, "tls": security != "minssf=56"}]
    assert made[0].cert_policy == 2  # OpenLDAP's LDAP_OPT_X_TLS_DEMAND


@real
def test_a_name_of_another_partition_is_no_empty_answer(contoso_dc):
    login = Login(
        authentication="simple",
        user=contoso_dc.reader,
        password=contoso_dc.password,
        ca_file=str(contoso_dc.ca_file),
    )
    with ldap.connected(contoso_dc.ldaps, login) as connection:
        for elsewhere in ("DC=other,DC=example", "DC=notcorp,DC=contoso,DC=com", f"X{lab.base_dn(Names())}"):
            with pytest.raises(DirectoryError) as caught:
                connection.search(elsewhere, "(objectClass=*)", ("cn",))
            assert caught.value.absence.reason is Reason.UNREACHABLE
        with pytest.raises(DirectoryError) as caught:
            connection.at(f"CN=nothing,{lab.base_dn(Names())}", ("cn",))
        assert caught.value.absence.reason is Reason.ABSENT


# Other domains of the forest


def _forest(**changes: Any) -> Estate:
    """Contoso, whose CA is in the domain emea."""
    emea = Domain(name=EMEA.ad_domain, sid=EMEA.domain_sid)
    return contoso(names__ca_server=EMEA.ca_server, directory__ca_has_account=False, directory__other_domains=(emea,))


@real
def test_the_cas_own_domain_is_read_as_well(tmp_path):
    for name in ("corp", "emea"):
        (tmp_path / name).mkdir()
    other = contoso(names=EMEA)
    with (
        active_directory.running(_forest(), tmp_path / "corp") as corp,
        active_directory.running(other, tmp_path / "emea", reader=corp.reader) as emea,
    ):
        settings = simple(corp, servers={"EMEA.contoso.com": emea.ldaps})
        live = recorded(_forest(), settings, tmp_path / "live")
    results = judged(live)
    assert results["DIR020"].outcome.value == "pass"
    with contextlib.closing(Recording.load(live)) as recording:
        found = {
            name: [item for _, item in recording.lines(f"directory/{name}", dict[str, Any])]
            for name in ("domains", "computers", "accounts", "groups")
        }
    assert found["domains"] == [
        {"dn": "DC=corp,DC=contoso,DC=com", "netbios": "CONTOSO", "sid": Names().domain_sid, "forestRoot": True},
        {"dn": "DC=emea,DC=contoso,DC=com", "netbios": "EMEA", "sid": EMEA.domain_sid, "forestRoot": False},
    ]
    assert "CN=CA01,OU=Servers,DC=emea,DC=contoso,DC=com" in [item["dn"] for item in found["computers"]]
    administrators = [item["dn"] for item in found["accounts"] if item["sAMAccountName"] == "Administrator"]
    assert administrators == [f"CN=Administrator,CN=Users,{domain['dn']}" for domain in found["domains"]]
    admins = [item["objectSid"] for item in found["groups"] if item["sAMAccountName"] == "Domain Admins"]
    assert admins == [f"{domain['sid']}-512" for domain in found["domains"]]


@real
def test_a_domain_that_does_not_answer_leaves_open_what_it_could_change(tmp_path):
    """Groups and accounts are known in all domains or not at all; a computer that is missing proves nothing."""
    folder = tmp_path / "dc"
    folder.mkdir()
    with active_directory.running(_forest(), folder) as address:
        settings = simple(address, servers={"emea.contoso.com": f"ldaps://{process.loopback_address()}"})
        found = observations(settings, tmp_path / "live", _forest())
    assert {name for name, observation in found.items() if observation.absence} == {"accounts", "groups"}
    absence = found["groups"].absence
    assert absence is not None
    assert absence.reason is Reason.UNREACHABLE
    assert absence.detail.startswith("the domain emea.contoso.com cannot be read: ")
    assert "connect.directory.servers" in absence.cure
    assert list(found["computers"].about["unread"]) == ["emea.contoso.com"]


def test_domain_controllers_are_found_in_dns_the_preferred_first(monkeypatch):
    asked = []

    def resolve(name: str, kind: str, lifetime: float) -> list[Any]:
        asked.append((name, kind, lifetime))
        records = [(10, 5, "far"), (0, 1, "small"), (0, 9, "near"), (20, 0, "last")]
        return [
            dns.rdata.from_text("IN", "SRV", f"{priority} {weight} 389 {host}.emea.contoso.com.")
            for priority, weight, host in records
        ]

    monkeypatch.setattr(dns.resolver, "resolve", resolve)
    found = directory.controllers("emea.contoso.com", 3)
    assert found == ["near.emea.contoso.com", "small.emea.contoso.com", "far.emea.contoso.com"]
    assert asked == [("_ldap._tcp.dc._msdcs.emea.contoso.com", "SRV", 3)]


def test_a_domain_that_dns_does_not_know_is_unreachable(monkeypatch):
    def resolve(*_: Any, **__: Any) -> None:
        raise dns.resolver.NXDOMAIN

    monkeypatch.setattr(dns.resolver, "resolve", resolve)
    with pytest.raises(DirectoryError) as caught:
        directory.controllers("emea.contoso.com", 3)
    assert caught.value.absence.reason is Reason.UNREACHABLE


# What stands in an answer


@pytest.mark.parametrize(
    ("attribute", "values"),
    [
        ("flags", [b"many"]),
        ("cn", [b"\xff\xfe"]),
        ("pKIDefaultCSPs", [b"1,fine", b"\xff"]),
    ],
)
def test_a_value_that_is_not_what_the_schema_says_is_named(attribute, values):
    (shape,) = [shape for shape in directory.SHAPES if "pKIDefaultCSPs" in shape]
    with pytest.raises(DirectoryError) as caught:
        directory.shaped(Found("CN=x", {attribute.casefold(): values}), shape)
    assert caught.value.absence.reason is Reason.UNREADABLE
    assert caught.value.absence.detail.startswith(f"CN=x: {attribute} is not what the schema says")


@pytest.mark.parametrize("sid", [b"", b"\x01\x05\x00", b"\x02\x00" + bytes(6), b"\x01\x01" + bytes(6)])
def test_a_sid_that_is_none_is_named(sid):
    (shape,) = [shape for shape in directory.SHAPES if "userAccountControl" in shape]
    with pytest.raises(DirectoryError, match="objectSid"):
        directory.shaped(Found("CN=x", {"objectsid": [sid]}), shape)


def test_values_are_escaped_in_filters():
    assert ldap.escaped("a*(b)\\\0é") == "a\\2a\\28b\\29\\5c\\00é"
    assert ldap.escaped(b"\x01\xff") == "\\01\\ff"


def test_a_login_does_not_show_its_password():
    assert "Secret-1" not in repr(Login(authentication="simple", user="u", password="Secret-1"))


# Who are we


@real
def test_the_probe_says_who_we_are_and_what_we_may_read(contoso_dc, tmp_path):
    found = probed(simple(contoso_dc), tmp_path / "live")
    assert found.answers
    assert found.identity == "CONTOSO\\scanner"
    assert found.granted == frozenset(right.name for rights in directory.PERMISSIONS.values() for right in rights)
    assert found.missing == {}


@real
def test_the_probe_says_which_templates_hide_their_descriptors(tmp_path):
    folder = tmp_path / "dc"
    folder.mkdir()
    with active_directory.running(contoso(directory__web__entries=None), folder) as address:
        found = probed(simple(address), tmp_path / "live")
    ((name, cure),) = (found.missing or {}).items()
    assert name == directory.PERMISSIONS["directory/certificate-templates"][-1].name
    assert "CN=ConfigMgrCloudWebServer," in cure


@library
def test_the_probe_says_why_there_is_no_answer(tmp_path):
    at = free_endpoint()
    found = probed(somebody(f"ldap://{at.host}:{at.port}"), tmp_path / "live")
    assert not found.answers
    assert f"{at.host}:{at.port}" in found.detail
    assert found.cure
    assert not probed(Ldap(), tmp_path / "none").answers
