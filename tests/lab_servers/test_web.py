"""The web servers answer as the lab's recording says, over real HTTP and real TLS."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID

from comgmt_audit.recording import Form, Recording
from tests.lab import pki
from tests.lab.estate import Estate, contoso, contoso_2018, record
from tests.lab.names import NOW
from tests.lab.servers import process, web
from tests.lab.servers.process import Endpoint

pytestmark = pytest.mark.skipif(bool(web.missing()), reason=web.missing() or "all is there")
needs_openssl = pytest.mark.skipif(
    bool(process.missing_programs({"openssl": "openssl"})), reason="not installed: openssl (Debian package openssl)"
)

PAGE = "<html><title>404 - File or directory not found.</title></html>"
NAMES = contoso().names
DELTA = pki.crl_url(NAMES, "issuing", delta=True)
ISSUING = pki.crl_url(NAMES, "issuing")


@pytest.mark.parametrize(
    "estate",
    [
        contoso(),
        contoso_2018(),
        contoso(certificates__issuing_crl__outside=404),
        contoso(certificates__root_crl__inside=503, certificates__issuing_delta__days_after=-0.1),
        contoso(certificates__issuing_delta__place="issuing-2+"),
    ],
    ids=["healthy", "healthy 2018", "gone outside", "failing and expired", "in the wrong place"],
)
def test_what_is_fetched_is_what_the_recording_holds(estate, tmp_path):
    expected = _recorded(estate, tmp_path / "recording")
    with web.running(estate, tmp_path) as address:
        fetched = {(vantage, url): _get(address, url, vantage) for vantage, url in expected}
    assert {key: (answer.status_code, _list(answer)) for key, answer in fetched.items()} == expected


def test_lists_come_as_iis_serves_them(tmp_path):
    with web.running(contoso(), tmp_path) as address:
        answer = _get(address, DELTA)
    assert DELTA.endswith("Contoso%20Issuing%20CA%201+.crl")
    assert answer.headers["content-type"] == "application/pkix-crl"
    indicator = x509.load_der_x509_crl(answer.content).extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    assert indicator.value.crl_number == contoso().certificates.issuing_delta.base_number


def test_without_double_escaping_only_the_delta_list_is_refused(tmp_path):
    with web.running(contoso(), tmp_path, double_escaping=False) as address:
        statuses = {url: _get(address, url).status_code for url in (ISSUING, DELTA, DELTA.replace("+", "%2B"))}
    assert [*statuses.values()] == [200, 404, 200]


def test_a_page_in_place_of_a_list_comes_with_status_200(tmp_path):
    with web.running(contoso(certificates__issuing_crl__text=PAGE), tmp_path) as address:
        answer = _get(address, ISSUING)
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (200, "text/html", PAGE)


def test_another_host_name_has_no_lists(tmp_path):
    with web.running(contoso(), tmp_path) as address:
        assert _get(address, ISSUING.replace("pki.contoso.com", "www.contoso.com")).status_code == 404


@pytest.mark.parametrize("role", ["gateway", "issuing", "client"])
def test_every_certificate_says_where_its_issuer_is_and_there_it_is(role, tmp_path):
    estate = contoso()
    extension = pki.certificate(estate, role).extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    issuers = [
        d.access_location.value for d in extension.value if d.access_method == AuthorityInformationAccessOID.CA_ISSUERS
    ]
    (url,) = [url for url in issuers if url.startswith("http:")]
    with web.running(estate, tmp_path) as address:
        assert _get(address, url).content == pki.der(estate, pki.issuers(estate, role)[0])


def test_the_gateway_shows_its_certificate(tmp_path):
    estate = contoso_2018()
    with web.running(estate, tmp_path) as address:
        assert _shown(address.gateway) == pki.der(estate, "gateway")


@pytest.mark.parametrize(
    ("estate", "gateway", "role"),
    [
        (contoso(certificates__gateway__days_after=-1), web.GATEWAY, "gateway"),
        (contoso(certificates__gateway__key="rsa-1024"), web.GATEWAY, "gateway"),
        (contoso(certificates__gateway__signature_hash="sha1"), web.GATEWAY, "gateway"),
        (contoso(), web.Tls(role="management-point"), "management-point"),
    ],
    ids=["expired", "short key", "SHA-1", "another certificate"],
)
def test_a_bad_certificate_is_shown_like_a_good_one(estate, gateway, role, tmp_path):
    with web.running(estate, tmp_path, gateway=gateway) as address:
        assert _shown(address.gateway) == pki.der(estate, role)


@needs_openssl
@pytest.mark.openssl
@pytest.mark.parametrize(
    ("chain", "verdict"),
    [(True, r"0 \(ok\)"), (False, r"2[01] \(unable to (get local issuer|verify the first) certificate\)")],
)
def test_the_chain_leads_to_the_root_only_if_it_is_sent(chain, verdict, tmp_path):
    estate = contoso()
    (tmp_path / "root.pem").write_text(pki.pem(estate, "public-root"), encoding="ascii")
    with web.running(estate, tmp_path, gateway=web.Tls(role="gateway", chain=chain)) as address:
        at = f"{address.gateway.host}:{address.gateway.port}"
        command = ["openssl", "s_client", "-connect", at, "-servername", NAMES.gateway_service]
        command += ["-CAfile", str(tmp_path / "root.pem"), "-no-CApath", "-attime", str(int(NOW.timestamp()))]
        said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20).stdout
    assert re.search(f"Verify return code: {verdict}", said)


@pytest.mark.parametrize(("role", "status"), [("client", 200), ("gateway", 403), ("", 403)])
def test_the_management_point_admits_clients_of_the_own_ca(role, status, tmp_path):
    estate = contoso()
    with web.running(estate, tmp_path) as address:
        at = address.management_point
        with httpx.Client(verify=_context(estate, role, tmp_path), trust_env=False) as client:
            assert client.get(f"https://{at.host}:{at.port}/SMS_MP/.sms_aut?mplist").status_code == status


def test_the_management_point_can_do_without_a_client_certificate(tmp_path):
    with web.running(contoso(), tmp_path, management_point=web.Tls(role="management-point")) as address:
        at = address.management_point
        with httpx.Client(verify=_context(contoso(), "", tmp_path), trust_env=False) as client:
            assert client.get(f"https://{at.host}:{at.port}/").status_code == 200


def _recorded(estate: Estate, folder: Path) -> dict[tuple[str, str], tuple[int, x509.CertificateRevocationList | None]]:
    """Status and list of each vantage and URL, from the observations ``crl/``."""
    found = {}
    with contextlib.closing(Recording.load(record(estate, folder))) as recording:
        for observation in recording.manifest.observations:
            if observation.source == "crl":
                about, list_ = observation.about, None
                if observation.answer:
                    assert observation.answer.form is Form.PEM
                    list_ = x509.load_pem_x509_crl((folder / observation.answer.file).read_bytes())
                found[about["vantage"], about["url"]] = (about["status"], list_)
    assert len(found) >= 6
    return found


def _list(answer: httpx.Response) -> x509.CertificateRevocationList | None:
    return x509.load_der_x509_crl(answer.content) if answer.status_code == 200 else None


def _get(address: web.Address, url: str, vantage: str = "outside") -> httpx.Response:
    place, headers = address.locate(url, vantage)
    return httpx.get(place, headers=headers, trust_env=False)


def _shown(endpoint: Endpoint) -> bytes | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    plain = socket.create_connection((endpoint.host, endpoint.port), timeout=5)
    with plain, context.wrap_socket(plain) as secured:
        return secured.getpeercert(binary_form=True)


def _context(estate: Estate, role: str, folder: Path) -> ssl.SSLContext:
    """A client that shows the certificate of a role, and trusts everybody: the clock of the test is not the lab's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if role:
        file = folder / "client.pem"
        key = pki.key(role).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
        file.write_text(pki.pem(estate, role) + key, encoding="ascii")
        context.load_cert_chain(file)
    return context
