"""Every evidence file says what is in it, or why it cannot be read; nothing ends in a traceback."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import re
import time
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs7, pkcs12
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comgmt_audit import inspect_file, inspect_json, log_catalogue
from comgmt_audit.cli import cli, main
from comgmt_audit.inspect_file import inspect, table
from tests.lab import hosts, logs, pki
from tests.lab.estate import contoso

DSREGCMD = "| Device State  |\r\n\r\n  AzureAdJoined : YES\r\n  DomainJoined : NO\r\n"
LISTING = 'My "Personal"\r\nCertUtil: -store command completed successfully.\r\n'
GRAPH = {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users", "value": [{"id": "1"}]}
SITE = {"@odata.context": "https://cm01/AdminService/wmi/$metadata#SMS_Site", "value": []}
AZURE = {"id": "/subscriptions/0", "displayName": "Production", "state": "Enabled"}
REFUSED = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges"}}
ROW = {"@odata.etag": "FC1", "SiteName": "Contoso Primary", "SiteCode": "CON"}
RSOP = "<Rsop xmlns='http://www.microsoft.com/GroupPolicy/Rsop'><ComputerResults>{}</ComputerResults></Rsop>"
BOMB = (
    '<!DOCTYPE l [<!ENTITY k "k">'
    + "".join(f'<!ENTITY l{n} "{(f"&l{n - 1};" if n else "&k;") * 10}">' for n in range(12))
    + '<!ENTITY l "&l11;">]>'
)
"""A billion laughs: ten thousand billion letters, where entities are expanded."""
MANIFEST: dict[str, object] = {"format": 1, "seal": "", "observations": []}
COLLECTED = {"collector": 1, "host": "cm01", "elevated": False, "errors": {"gpresult": "denied"}}


@pytest.fixture
def seen(tmp_path):
    """What we see in a file of that name and content."""

    def look(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return inspect(path)

    return look


@pytest.mark.parametrize(
    ("name", "content", "kind", "facts"),
    [
        (
            "a.txt",
            hosts.gpresult(("Everyone",)),
            "gpresult",
            {"groups of the computer": ["everyone", "system mandatory level"]},
        ),
        ("a.txt", LISTING, "certutil output", {"certificates": "none"}),
        ("a.json", json.dumps(GRAPH), "Microsoft Graph answer", {"objects": 1, "properties": "id", "names": ["1"]}),
        ("a.json", json.dumps(SITE), "AdminService answer", {"objects": 0, "names": None}),
        ("a.json", json.dumps(AZURE), "Azure Resource Manager answer", {"names": ["Production"]}),
        ("a.json", json.dumps(REFUSED), "error of a service", {"code": "Authorization_RequestDenied"}),
        (
            "a.jsonl",
            json.dumps(ROW) + "\n" + json.dumps(ROW) + "\n",
            "lines of JSON, as a recording keeps a list",
            {"objects": 2, "names": ["Contoso Primary", "Contoso Primary"], "properties": "SiteName, SiteCode"},
        ),
        ("manifest.json", json.dumps(MANIFEST), "manifest of a recording", {}),
        ("a.json", json.dumps(COLLECTED), "output of the collect script", {"host": "cm01", "elevated": False}),
        ("a.txt", DSREGCMD, "dsregcmd /status", {"entra_joined": True, "domain_joined": False}),
    ],
)
def test_evidence_is_recognised_by_its_content(seen, name, content, kind, facts):
    found = seen(name, content)
    assert found.kind == kind
    assert {key: found.facts[key] for key in facts} == facts


def test_what_the_collect_script_wrote_is_shown_part_by_part(seen):
    evidence = json.loads(hosts.collections(contoso())["cm01.corp.contoso.com"])
    evidence["logs"] = {"CloudMgr.log": "".join(
        logs.server_line(hours, text, "X") for hours, text in contoso().logs.cloud_manager.current
    )}  # fmt: skip
    evidence["errors"] = {"dsregcmd": "not found"}
    evidence["outputs"]["other"] = "x"
    found = seen("cm01.json", json.dumps(evidence))
    assert found.kind == "output of the collect script"
    (row,) = found.facts["store My"]
    assert pki.thumbprint(contoso(), "site-client") in row
    assert "key yes, exportable no, Microsoft RSA SChannel Cryptographic Provider" in row
    assert "configmgr iis servers" in found.facts["gpresult: groups of the computer"]
    assert found.facts["store Root"] == 1
    assert {hit.log for hit in found.hits} == {"cloudmgr"}
    assert found.facts["trusted roots of the site"] == ["CN=Contoso Root CA"]
    assert found.unread == ("dsregcmd: not found", "other: is no command's output that we know")


def test_the_name_of_a_file_need_not_be_in_any_encoding(tmp_path, capsys):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.cer"))
    path.write_text(pki.pem(contoso(), "root"))
    assert main(["inspect", "--json", str(path)]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["facts"]["file"] == "\ufffd.cer"


def _seeds():
    certificate = x509.load_der_x509_certificate(pki.der(contoso(), "client"))
    sealed = BestAvailableEncryption(b"pw")
    return {
        "a.pfx": pkcs12.serialize_key_and_certificates(b"x", pki.key("client"), certificate, None, sealed),
        "a.cer": pki.der(contoso(), "root"),
        "a.p7b": pkcs7.serialize_certificates([certificate], Encoding.DER),
        "a.pem": pki.pem(contoso(), "client").encode(),
        "a.crl": pki.crl(contoso(), contoso().certificates.root_crl).encode(),
        "a.json": hosts.collections(contoso())["cm01.corp.contoso.com"],
        "graph.json": json.dumps(GRAPH).encode(),
        "gpresult.txt": hosts.gpresult(("Everyone",)).encode("utf-16"),
        "dsregcmd.txt": DSREGCMD.encode(),
        "certutil.txt": LISTING.encode(),
        "CloudMgr.log": "".join(logs.server_line(h, t, "X") for h, t in contoso().logs.cloud_manager.current).encode(),
        "CoManagementHandler.log": "".join(
            logs.client_line(h, t, "X") for h, t in contoso().logs.co_management.current
        ).encode("utf-16"),
        "rsop.xml": RSOP.format("<SecurityGroup><SID>S-1-1-0</SID><Name>Everyone</Name></SecurityGroup>").encode(
            "utf-16"
        ),
        "users.jsonl": (json.dumps(ROW) + "\n").encode() * 3,
        "azure.json": json.dumps({"value": [AZURE], "nextLink": "https://management.azure.com/x"}).encode(),
        "site.json": json.dumps({**SITE, "value": [ROW]}).encode(),
        "refused.json": json.dumps(REFUSED).encode(),
        "manifest.json": json.dumps(MANIFEST).encode(),
        "u_ex261124.log": b"2026-11-24 05:12:00 10.0.0.5 GET /SMS_MP/.sms_aut MPLIST 443 - 10.0.0.9 - - 403 7 64 31\r\n"
        * 3,
        "recording.zip": b"PK\x03\x04" + bytes(60),
    }


SEEDS = _seeds()


@st.composite
def damaged(draw):
    """A file of a kind that we know, under its name or another, cut off, with bits turned over and bytes put in.

    It may be in another encoding, have a number far too large, or a piece of itself many times.
    """
    name = draw(st.sampled_from(sorted(SEEDS)))
    content = bytearray(SEEDS[name])
    encoding = draw(st.sampled_from(["", "", "utf-16", "utf-16-be", "utf-32", "utf-8-sig", "cp037"]))
    if encoding:
        content = bytearray(content.decode("utf-8", "replace").encode(encoding, "replace"))
    if draw(st.booleans()) and (numbers := [*re.finditer(rb"[0-9]+", content)]):
        number = draw(st.sampled_from(numbers))
        content[number.start() : number.end()] = b"9" * draw(st.sampled_from([1, 19, 20, 400, 5000]))
    if draw(st.booleans()):
        start = draw(st.integers(0, len(content) - 1))
        piece = content[start : start + draw(st.integers(1, 60))]
        content[start:start] = piece * draw(st.sampled_from([2, 50, 3000]))
    for at, mask in draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(1, 255)), max_size=6)):
        content[at] ^= mask
    at = draw(st.integers(0, len(content)))
    content[at:at] = draw(st.binary(max_size=12))
    called = draw(st.sampled_from([name, name, "x", "x.log", "x.pfx", "x.json", "x.xml", "x.crl", "x.p7b"]))
    return called, bytes(content[: draw(st.integers(0, len(content)))])


@settings(
    max_examples=int(os.environ.get("COMGMT_DAMAGE", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(damaged())
def test_no_damage_ends_in_a_traceback(seen, file):
    start = time.process_time()
    found = seen(*file)
    assert found.kind or found.unread
    assert list(table(found))
    assert json.loads(msgspec.json.encode(found))
    assert not any("\n" in why for why in found.unread)
    assert time.process_time() - start < 5


WORDS = [
    *("collector", "host", "elevated", "certificates", "stores", "store", "registry", "outputs", "logs", "errors"),
    *("value", "error", "code", "@odata.context", "id", "format", "seal", "observations", "displayName"),
    *("My", "1", "gpresult"),
]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(WORDS)
    | st.text(max_size=5)
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=12,
)
COLLECTIONS = st.fixed_dictionaries(
    {"collector": st.just(1), "host": st.just("x"), "elevated": st.booleans()},
    optional=dict.fromkeys(("certificates", "registry", "outputs", "logs", "errors"), DOCUMENTS),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DOCUMENTS | COLLECTIONS)
def test_no_json_ends_in_a_traceback(seen, document):
    found = seen("x.json", json.dumps(document))
    assert found.kind or found.unread
    assert list(table(found))
    assert json.loads(msgspec.json.encode(found))


def test_a_certificate_shows_its_names_and_dates(seen):
    found = seen("root.cer", pki.pem(contoso(), "root"))
    assert found.kind == "certificate"
    (line,) = found.facts["certificates"]
    assert line.startswith(pki.thumbprint(contoso(), "root"))


def test_a_log_shows_its_known_lines_with_times_and_its_state(seen):
    text = logs.server_line(3, logs.PUBLISHED, "X") + logs.server_line(1, logs.PUBLISHED, "X") + "torn"
    found = seen("SMS_AZUREAD_DISCOVERY_AGENT.log", text)
    (hit,) = found.hits
    assert (hit.id, hit.kind, hit.count, hit.line) == ("discovery-users-published", "success", 2, 2)
    assert hit.last
    assert hit.first == hit.last - dt.timedelta(hours=2)
    assert found.facts["state"] == "success"
    assert any("torn" in why for why in found.unread)


def test_a_log_that_begins_like_json_is_a_log(seen):
    found = seen("setup.log", logs.server_line(1, "[CCMHTTP] ERROR: URL=https://x", "X"))
    assert (found.kind, found.facts["records"]) == ("log", 1)


def test_what_a_noise_excuses_is_no_failure_here_either(seen):
    lines = contoso().logs.cloud_manager.current
    found = seen("CloudMgr.log", "".join(logs.server_line(hours, text, "X") for hours, text in lines))
    assert {hit.kind for hit in found.hits} == {"noise", "pending"}
    assert found.facts["state"] == "pending"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a", b""),
        ("a.pfx", b"\x30\x82"),
        ("a.crl", b"\x30\x03\x02\x01\x01"),
        ("a.json", "{"),
        ("a.json", "[" * 100_000),
        ("a.json", '{"collector": 7}'),
        ("a.json", "[1]"),
        ("a.txt", "hello"),
        ("a.xml", "<Rsop xmlns='http://www.microsoft.com/GroupPolicy/Rsop'>"),
        ("a.bin", bytes(range(256)) * 50),
        ("a.pem", "-----BEGIN CERTIFICATE-----\nAA"),
        ("a.pem", "-----BEGIN CERTIFICATE-----\n" * 100_000),
        ("a.pem", "-----BEGIN A-----" + " " * 1_000_000),
        ("recording.zip", b"PK\x03\x04" + bytes(100)),
        ("a.xml", RSOP.format("&l;").replace("<Rsop", BOMB + "<Rsop")),
        ("a.xml", RSOP.format("&x;").replace("<Rsop", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Rsop')),
        ("a.xml", RSOP.format("<a>" * 100_000)),
        ("a.xml", RSOP.format("<a>" * 100_000 + "</a>" * 100_000)),
        ("a.json", '{"@odata.context": "x", "value": [{"id": 1' + "0" * 10_000 + "}]}"),
        ("a.json", '{"a":' * 100_000 + "1" + "}" * 100_000),
        ("a.log", "<![LOG[" * 200_000),
        ("a.log", "$$<" * 300_000),
    ],
)
def test_what_cannot_be_read_says_why(seen, name, content):
    start = time.process_time()
    found = seen(name, content)
    assert found.unread
    assert list(table(found))
    assert [why for why in found.unread if "\n" in why or len(why) > 600] == []
    assert time.process_time() - start < 5


def test_a_document_of_too_many_objects_is_not_decoded(seen):
    found = seen("x.json", "[" + "{}," * inspect_json.MAX_OBJECTS + "{}]")
    assert found.unread == ("is like JSON, and has more than 1000000 objects and lists",)


def test_of_a_log_of_too_many_records_the_first_are_read(seen, monkeypatch):
    monkeypatch.setattr(inspect_file, "MAX_RECORDS", 3)
    lines = [logs.server_line(hours, logs.PUBLISHED, "X") for hours in (4, 3, 2, 1)]
    found = seen("SMS_AZUREAD_DISCOVERY_AGENT.log", "".join(lines))
    assert (found.facts["records"], found.hits[0].count) == (3, 3)
    assert "what comes after 3 records" in found.unread
    assert seen("SMS_AZUREAD_DISCOVERY_AGENT.log", "".join(lines[:3])).unread == ()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe.log")
    assert main(["inspect", str(tmp_path / "pipe.log")]) == 2
    assert "cannot be read: is not a plain file" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["", "/dev/null"])
def test_a_folder_and_a_device_are_refused(tmp_path, capsys, place):
    assert main(["inspect", place or str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert "is a directory" in said.err or "is not a plain file" in said.out


@pytest.mark.parametrize("name", ["mpcontrol.log", "a.log", "sms_cloud_proxyconnector.log", "cmgservice.log"])
def test_a_line_that_begins_like_a_known_one_again_and_again_is_read_in_time(seen, name):
    known = [entry.example for log in log_catalogue.names() for entry in log_catalogue.log(log).entries]
    start = time.process_time()
    found = seen(name, "".join(f"{line[: len(line) * 2 // 3]} " * 20 for line in known))
    assert found.kind == "log"
    assert time.process_time() - start < 10


@pytest.fixture
def pfx(tmp_path, monkeypatch):
    """A sealed file, its password in the environment, and a wrong one beside it."""
    monkeypatch.setenv("RIGHT", "CANARY-right")
    monkeypatch.setenv("WRONG", "CANARY-wrong")
    certificate = x509.load_der_x509_certificate(pki.der(contoso(), "client"))
    sealed = BestAvailableEncryption(b"CANARY-right")
    path = tmp_path / "client.pfx"
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"x", pki.key("client"), certificate, None, sealed))
    return path


@pytest.mark.parametrize(
    ("references", "opened", "unread"),
    [
        ([], None, "say where the password is"),
        (["env:WRONG"], False, "the password does not open it"),
        (["env:WRONG", "env:WRONG"], False, "none of the passwords"),
        (["env:WRONG", "env:RIGHT"], True, None),
    ],
)
def test_a_sealed_file_opens_with_a_password_from_its_place(pfx, capsys, references, opened, unread):
    options = [word for reference in references for word in ("--password", reference)]
    assert main(["inspect", "--json", *options, str(pfx)]) == 0
    out = capsys.readouterr().out
    (found,) = json.loads(out)
    assert found["facts"]["opened"] is opened
    assert found["facts"]["key_matches"] is (True if opened else None)
    assert [why for why in found["unread"] if unread and unread in why] == found["unread"]
    assert "CANARY" not in out
    assert "PRIVATE" not in out


def test_a_password_can_be_asked_for(pfx):
    answer = CliRunner().invoke(cli, ["inspect", "--password", "ask", str(pfx)], input="CANARY-right\n")
    assert "opened:" in answer.output
    assert "key_matches:             True" in answer.output
    assert "CANARY" not in answer.output


def test_a_password_on_the_command_line_is_refused_and_not_repeated(pfx, capsys):
    assert main(["inspect", "--password", "CANARY-right", str(pfx)]) == 2
    err = capsys.readouterr().err
    assert "--password does not say where the secret is" in err
    assert "CANARY" not in err


def test_a_file_that_is_not_there_says_so(tmp_path, capsys):
    assert main(["inspect", str(tmp_path / "gone")]) == 2
    assert "cannot be read: No such file" in capsys.readouterr().out


def test_hostile_text_is_made_safe_for_the_terminal(tmp_path, capsys):
    path = tmp_path / "mpcontrol.log"
    path.write_text(logs.server_line(1, "\x1b[2J" + logs.MP_ANSWERED, "X"), encoding="utf-8")
    assert main(["inspect", str(path)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\\u001b[2J" in out


def test_as_json_it_is_one_document(tmp_path, capsys):
    path = tmp_path / "a.txt"
    path.write_text(DSREGCMD, encoding="utf-8")
    assert main(["inspect", "--json", str(path)]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["kind"] == "dsregcmd /status"


def test_the_collect_script_is_printed_as_it_is(capsys):
    assert main(["collect-script"]) == 0
    assert capsys.readouterr().out.startswith("#Requires -Version 5.1\n")


@pytest.mark.samples
def test_every_sample_is_looked_at_without_a_traceback_whole_and_damaged(tmp_path, capsys):
    folder = os.environ.get("COMGMT_SAMPLES", "")
    if not folder:
        pytest.skip("COMGMT_SAMPLES does not name a folder of public samples")
    files = sorted(path for path in Path(folder).iterdir() if path.suffix in {".log", ".lo_", ".txt", ".xml"})
    assert len(files) > 30
    chance = random.Random(20)
    for path in files:
        found = inspect(path)
        assert found.kind or found.unread, path
        assert main(["inspect", str(path)]) in {0, 2}
        assert "Traceback" not in capsys.readouterr().err
        content = bytearray(path.read_bytes())
        for _ in range(5):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            (tmp_path / path.name).write_bytes(content[: chance.randrange(1, len(content))])
            found = inspect(tmp_path / path.name)
            assert found.kind or found.unread, path
            assert json.loads(msgspec.json.encode(found))
