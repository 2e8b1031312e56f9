"""The embedded environments: up to date, made of real cryptography, and judged as the README says."""

from __future__ import annotations

import zipfile

import pytest
from click.testing import CliRunner

from comgmt_audit.cli import cli
from comgmt_audit.model import Outcome
from comgmt_audit.recording import Recording
from comgmt_audit.sources import certificate_files
from tests.lab import embed, judging, pki, real_files
from tests.lab.certificates import Pfx, pfx_about
from tests.lab.estate import contoso, contoso_2018
from tests.lab.names import NOW

DEMOS = ["ready", "not-ready"]
needs_openssl = pytest.mark.skipif(bool(real_files.missing()), reason=real_files.missing())
SALTED = {"path", "size", "sha256", "friendly_name", "key_container"}
"""What a real file has of its own: where it lies, its salt, and (with openssl) one name for key and certificate."""


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_embedded_environments_are_those_of_the_lab(tmp_path):
    """Where this fails: python -m tests.lab.embed"""
    for made in embed.write(tmp_path):
        new, kept = members(made), members(embed.FOLDER / made.name)
        stale = sorted(name for name in new.keys() | kept.keys() if new.get(name) != kept.get(name))
        assert stale == []  # names only: the contents would fill the screen


@pytest.mark.parametrize(("demo", "code", "verdict"), [("ready", 0, "READY: "), ("not-ready", 1, "NOT READY: ")])
def test_the_demo_ends_as_the_readme_says(demo, code, verdict):
    result = CliRunner().invoke(cli, ["scan", "--demo", demo], standalone_mode=False)
    assert (result.return_value, result.exception) == (code, None)
    assert result.stdout.startswith(verdict)


def outcomes(demo):
    return judging.results(embed.FOLDER / f"{demo}.zip")


def test_in_the_ready_one_nothing_is_unsure():
    assert {result.outcome for result in outcomes("ready").values()} == {Outcome.PASS, Outcome.NOT_APPLICABLE}


def test_in_the_other_a_believable_mess_shows():
    """About fifteen things are wrong, some stand in the way of others, and nothing is an error of ours."""
    mess = outcomes("not-ready")
    failed = {id for id, result in mess.items() if result.outcome is Outcome.FAIL}
    assert len(failed) >= 15
    assert not [id for id, result in mess.items() if result.outcome is Outcome.ERROR]
    assert [id for id, result in mess.items() if result.blocked_by]


@pytest.mark.openssl
@needs_openssl
@pytest.mark.parametrize("demo", DEMOS)
def test_a_pfx_that_openssl_makes_reads_as_it_was_recorded(demo, tmp_path):
    estate = {"ready": embed.ready, "not-ready": embed.not_ready}[demo]()
    file: Pfx = estate.certificates.gateway_pfx
    name = "ConfigMgrCloudMGServer.pfx"
    read = certificate_files.read(real_files.pfx(estate, name, file, "Contoso-1", tmp_path), "Contoso-1")
    recorded = pfx_about(estate, name, file)
    assert {k: v for k, v in read.about.items() if k not in SALTED} == {
        k: v for k, v in recorded.items() if k not in SALTED
    }
    recording = Recording.load(embed.FOLDER / f"{demo}.zip")
    assert recording.pem(f"certificate-file/{name.lower()}").decode() == "".join(read.certificates)
    recording.close()


@pytest.mark.openssl
@needs_openssl
@pytest.mark.parametrize("estate", [contoso(), contoso_2018()], ids=["current", "tutorial-2018"])
def test_openssl_trusts_the_chains_and_the_lists(estate, tmp_path):
    for role in ("management-point", "site-client", "gateway"):
        *between, root = pki.issuers(estate, role)
        for name, roles in {"leaf": [role], "between": between, "root": [root]}.items():
            (tmp_path / name).write_text("".join(pki.pem(estate, r) for r in roles))
        moment = str(int(NOW.timestamp()))
        said = real_files.openssl(
            "verify",
            "-attime",
            moment,
            "-CAfile",
            tmp_path / "root",
            "-untrusted",
            tmp_path / "between",
            tmp_path / "leaf",
        )
        assert said.strip().endswith(": OK")
    for issuer, crl in (("root", estate.certificates.root_crl), ("issuing", estate.certificates.issuing_crl)):
        (tmp_path / "crl").write_text(pki.crl(estate, crl))
        (tmp_path / "issuer").write_text(pki.pem(estate, issuer))
        real_files.openssl("crl", "-in", tmp_path / "crl", "-CAfile", tmp_path / "issuer", "-noout")


def test_a_defect_of_the_mess_is_named_once():
    estate = embed.ready()
    changes = [key for change in embed.DEFECTS.values() for key in change(estate)]
    assert len(changes) == len(set(changes)), "a later defect would undo an earlier one"
