"""Evidence that was collected on computers comes in as files."""

from __future__ import annotations

import json

import pytest

from comgmt_audit.facts import gpresult
from comgmt_audit.inspect_file import inspect
from comgmt_audit.sources import hosts
from comgmt_audit.sources.host_files import PARTS
from tests.lab import certutil
from tests.lab import hosts as lab
from tests.sources.files_session import absences, probed, recorded

HOST = "cm01.corp.contoso.com"
GPRESULT = lab.gpresult(("Everyone",))
DSREGCMD = "| Device State  |\r\n\r\n  AzureAdJoined : YES\r\n"
LISTING = 'My "Personal"\r\nCertUtil: -store command completed successfully.\r\n'
STORES = {"stores": [{"store": "My", "certificates": []}]}


def _collection(**change):
    whole = {
        "collector": 1,
        "host": "CM01.corp.contoso.com",
        "elevated": True,
        "certificates": STORES,
        "registry": {"HKLM\\Key": {"AEPolicy": 7}},
        "outputs": {"gpresult": GPRESULT, "dsregcmd": DSREGCMD},
        "logs": {"CloudMgr.log": "line", "../evil.log": "x"},
        "errors": {},
    }
    return json.dumps(whole | change)


def _read(tmp_path, **more):
    return recorded(tmp_path / "recording", hosts, hosts=(str(tmp_path / "in"),), **more)


@pytest.fixture
def inbox(tmp_path):
    """The folder that is handed in."""
    place = tmp_path / "in"
    place.mkdir()
    return place


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_collection_gives_its_parts(inbox, tmp_path, encoding):
    (inbox / "any.json").write_text(_collection(), encoding=encoding)
    recording = _read(tmp_path)
    parts = ("certificates", "dsregcmd", "gpresult", "registry")
    assert recording.ids("") == [*(f"host/{HOST}/{part}" for part in parts), f"log/{HOST}/cloudmgr.log"]
    assert recording.json(f"host/{HOST}/certificates", dict) == STORES
    assert recording.text(f"host/{HOST}/gpresult") == GPRESULT
    assert recording.answered(f"log/{HOST}/cloudmgr.log").about["complete"] is False


def test_what_was_printed_and_redirected_to_a_file_is_read(inbox, tmp_path):
    printed = _collection()
    pieces = "\r\n".join(printed[at : at + 100] for at in range(0, len(printed), 100))
    (inbox / "any.json").write_text(pieces, encoding="utf-16")
    assert _read(tmp_path).text(f"host/{HOST}/gpresult") == GPRESULT
    assert inspect(inbox / "any.json").kind == "output of the collect script"


def test_a_log_that_is_read_from_its_folder_is_not_taken_twice(inbox, tmp_path):
    (inbox / "any.json").write_text(_collection(), encoding="utf-8")
    recording = _read(tmp_path, logs={"CM01.corp.contoso.com": "elsewhere"})
    assert recording.ids("log/") == []


RSOP = (
    '<?xml version="1.0" encoding="utf-16"?><Rsop xmlns="http://www.microsoft.com/GroupPolicy/Rsop"><ComputerResults>'
    "<SecurityGroup><Name xmlns='http://www.microsoft.com/GroupPolicy/Types'>ConfigMgr IIS Servers</Name>"
    "</SecurityGroup>"
    "<ExtensionData><Extension xmlns:q1='x'><q1:User cpassword='CANARY-cpassword'/></Extension></ExtensionData>"
    "<ExtensionData><Name>CANARY-setting</Name></ExtensionData></ComputerResults></Rsop>"
)


@pytest.mark.parametrize("as_file", [True, False], ids=["as it is", "collected"])
def test_what_group_policy_sets_is_not_kept(inbox, tmp_path, as_file):
    if as_file:
        (inbox / "cm01").mkdir()
        (inbox / "cm01" / "gpresult.xml").write_text(RSOP, encoding="utf-16")
    else:
        (inbox / "any.json").write_text(_collection(outputs={"gpresult": RSOP}), encoding="utf-8")
    kept = _read(tmp_path).text(f"host/{HOST}/gpresult")
    assert "CANARY" not in kept
    assert gpresult.parse(kept).has("ConfigMgr IIS Servers")


def test_a_private_key_and_a_log_of_another_kind_are_never_kept(inbox, tmp_path):
    key = {"stores": [{"store": "My", "certificates": [{"pem": "-----BEGIN RSA PRIVATE KEY-----\nCANARY"}]}]}
    logs = {"ccmsetup.log": 'Command line: ccmsetup.exe /regtoken:"CANARY"', "mpcontrol.log": "x"}
    (inbox / "any.json").write_text(_collection(certificates=key, logs=logs), encoding="utf-8")
    recording = _read(tmp_path)
    assert absences(recording) == {f"host/{HOST}/certificates": ("unreadable", "it holds a private key")}
    assert recording.ids("log/") == [f"log/{HOST}/mpcontrol.log"]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "recording").rglob("*") if path.is_file())
    assert b"CANARY" not in kept


def test_what_the_script_could_not_read_is_an_absence(inbox, tmp_path):
    text = _collection(certificates=None, outputs={}, errors={"certificates": "denied", "gpresult": "ended with 1"})
    (inbox / "any.json").write_text(text, encoding="utf-8")
    found = absences(_read(tmp_path))
    assert {id: reason for id, (reason, _) in found.items()} == {
        f"host/{HOST}/certificates": "unreadable",
        f"host/{HOST}/gpresult": "unreadable",
    }


ROOTS = "site/trusted-root-list"


@pytest.mark.parametrize(
    ("host", "text", "found"),
    [
        (HOST, "CertificateIssuers=CN=A; O=B, Inc.|CN=C", [("CN=A; O=B, Inc.", ""), ("CN=C", "")]),
        (HOST, "CertificateIssuers=", []),
        (HOST, "CertificateIssuers", None),
        ("mp01.corp.contoso.com", "CertificateIssuers=CN=A", "nothing"),
    ],
)
def test_the_trusted_roots_are_those_that_the_site_server_hands_out(inbox, tmp_path, host, text, found):
    (inbox / "any.json").write_text(_collection(host=host, outputs={"mobileclient": text}), encoding="utf-8")
    recording = _read(tmp_path)
    if found is None:
        assert absences(recording)[ROOTS] == ("unreadable", "mobileclient.tcf: has no attribute CertificateIssuers.")
    elif found == "nothing":
        assert ROOTS not in recording.ids("")
    else:
        assert [(row["Subject"], row["Thumbprint"]) for _, row in recording.lines(ROOTS, dict)] == found
        assert recording.observation(ROOTS).request == f"CertificateIssuers in mobileclient.tcf on {HOST}"


def test_roots_that_comgmt_toml_names_go_before_those_of_the_collect_script(inbox, tmp_path):
    (inbox / "any.json").write_text(_collection(outputs={"mobileclient": "CertificateIssuers="}), encoding="utf-8")
    assert ROOTS not in _read(tmp_path, trusted_roots=("mobileclient.tcf",)).ids("")


def test_why_the_script_could_not_read_them_is_kept(inbox, tmp_path):
    (inbox / "any.json").write_text(_collection(errors={"mobileclient": "denied"}), encoding="utf-8")
    assert absences(_read(tmp_path))[ROOTS] == ("unreadable", "the collect script: denied")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", _collection(collector=2), _collection(host="../../x"), "[" * 20_000, _collection()[:200]]
)
def test_a_file_that_is_no_collection_is_an_absence_of_its_computer(inbox, tmp_path, text):
    (inbox / "CM01.json").write_text(text, encoding="utf-8")
    found = absences(_read(tmp_path))
    assert set(found) == {f"host/{HOST}/{part}" for part in PARTS}
    assert {reason for reason, _ in found.values()} == {"unreadable"}


@pytest.mark.parametrize("name", ["CM01.corp.contoso.com", "cm01"])
def test_outputs_of_commands_are_known_by_their_content(inbox, tmp_path, name):
    place = inbox / name
    place.mkdir()
    (place / "a.txt").write_text(LISTING, encoding="utf-16")
    (place / "b.out").write_text(GPRESULT, encoding="utf-8")
    (place / "c").write_text(DSREGCMD, encoding="cp1252")
    (place / "readme.txt").write_text("Collected by us.", encoding="utf-8")
    recording = _read(tmp_path)
    assert recording.ids("") == [f"host/{HOST}/{what}" for what in ("certutil-my", "dsregcmd", "gpresult")]
    assert recording.text(f"host/{HOST}/certutil-my") == LISTING


@pytest.mark.parametrize("language", certutil.FOREIGN)
def test_a_listing_of_any_language_is_known(inbox, tmp_path, language):
    (inbox / "cm01").mkdir()
    (inbox / "cm01" / "listing.txt").write_text(certutil.foreign(language), encoding="utf-8")
    assert _read(tmp_path).ids("") == [f"host/{HOST}/certutil-my"]


def test_a_policy_result_of_any_language_is_known(inbox, tmp_path):
    (inbox / "cm01").mkdir()
    text = GPRESULT.replace("Group Policy Result tool", "Gruppenrichtlinienergebnis").replace("RSOP data", "RSOP-Daten")
    (inbox / "cm01" / "policy.txt").write_text(text.replace("COMPUTER SETTINGS", "COMPUTEREINSTELLUNGEN"))
    assert _read(tmp_path).ids("") == [f"host/{HOST}/gpresult"]


def test_another_store_than_the_personal_one_is_not_taken_for_it(inbox, tmp_path):
    (inbox / "cm01").mkdir()
    (inbox / "cm01" / "certutil-root.txt").write_text(LISTING.replace("My", "Root"))
    assert absences(_read(tmp_path))[f"host/{HOST}/certutil-my"][0] == "unreadable"


def test_a_file_that_is_called_like_a_command_and_is_none_is_told(inbox, tmp_path):
    (inbox / "cm01").mkdir()
    (inbox / "cm01" / "gpresult.txt").write_text("'gpresult' is not recognized as an internal or external command")
    (reason, detail) = absences(_read(tmp_path))[f"host/{HOST}/gpresult"]
    assert reason == "unreadable"
    assert "gpresult.txt: it is no output of gpresult" in detail


def test_what_nobody_wants_is_left(inbox, tmp_path):
    (inbox / "any.json").write_text(_collection(), encoding="utf-8")
    assert _read(tmp_path, wanted=lambda id: id.endswith("registry")).ids("") == [f"host/{HOST}/registry"]


def test_the_probe_names_the_computers_or_what_is_missing(inbox, tmp_path):
    (inbox / "any.json").write_text(_collection(), encoding="utf-8")
    (probe,) = probed(hosts, hosts=(str(inbox),))
    assert (probe.answers, probe.detail) == (True, f"evidence of {HOST}")
    (probe,) = probed(hosts, hosts=(str(tmp_path / "gone"),))
    assert not probe.answers
    assert probed(hosts) == []
