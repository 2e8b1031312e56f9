"""Which computers are meant, and what Entra ID knows of them; a hundred thousand of them at once."""

from __future__ import annotations

import pytest

from comgmt_audit import baselines
from comgmt_audit import design as designs
from comgmt_audit.errors import FactUnavailable
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.joined_devices import COMPUTERS, ClientComputers, EntraDevices, PilotComputers
from comgmt_audit.recording import Recording, RecordingWriter
from tests.lab import judging
from tests.lab.entra_devices import HEALTHY, device
from tests.lab.estate import contoso, record
from tests.lab.names import NOW
from tests.lab.site_clients import Device


def names(pilot: PilotComputers) -> list[str]:
    return [computer.name for computer in pilot]


def test_the_pilot_is_who_is_in_its_collection(read):
    assert names(read(contoso(), PilotComputers)) == ["PC001", "PC002"]
    assert names(read(contoso(site__devices=(Device(number=1, name="pc002"),)), PilotComputers)) == ["PC002"]


def test_a_member_that_is_no_computer_of_the_domain_cannot_be_hybrid_joined(read):
    members = (Device(), Device(number=1, name="CLOUD1"))
    assert names(read(contoso(site__devices=members), PilotComputers)) == ["PC001"]


def test_for_all_means_every_client_of_the_forest(read):
    estate = contoso(site__enrolment="all", directory__more_clients=("PC002", "PC003"))
    assert names(read(estate, PilotComputers)) == ["PC001", "PC002", "PC003"]


def test_before_there_is_a_pilot_the_designs_samples_are_meant(read):
    assert names(read(contoso().refusing("site/SMS_ConfigurationPolicy"), PilotComputers)) == ["PC001"]
    assert names(read(contoso(site__members_recorded=False), PilotComputers)) == ["PC001"]


def test_without_either_it_is_not_known_who_is_meant(read):
    estate = contoso(site__members_recorded=False, design__clients__samples=[])
    with pytest.raises(FactUnavailable, match="not known which devices"):
        read(estate, PilotComputers)


def test_a_directory_that_shows_no_client_is_no_knowledge(tmp_path):
    declared = designs.from_mapping({"name": "Contoso"}, "test")
    with RecordingWriter(tmp_path / "empty", recorded_at=NOW, design=declared) as writer:
        writer.lines(COMPUTERS, [], source="directory", request="LDAP search", at=NOW)
    recording = Recording.load(tmp_path / "empty")
    environment = Environment(recording, recording.design, baselines.load("current"))
    with pytest.raises(FactUnavailable, match="showed no enabled Windows 10 or 11 computer"):
        environment.fact(ClientComputers)
    recording.close()


def test_names_are_compared_without_case(read):
    found = read(contoso(entra_devices__devices=(device("pc001", 1),)), EntraDevices)
    assert [one.name for one in found.named("PC001")] == ["pc001"]


@pytest.mark.parametrize("missing", ["displayName", "trustType", "accountEnabled"])
def test_a_device_without_what_was_selected_is_unreadable(read, missing):
    thin = {key: value for key, value in HEALTHY[0].items() if key != missing}
    with pytest.raises(FactUnavailable, match="line 1"):
        read(contoso(entra_devices__devices=(thin,)), EntraDevices)


def test_a_large_organisation_is_judged_device_by_device(tmp_path):
    many = tuple(f"N{number:05}" for number in range(5_000))
    devices = tuple(device(name, number) for number, name in enumerate(("PC001", *many[10:])))
    estate = contoso(site__enrolment="all", directory__more_clients=many, entra_devices__devices=devices)
    results = judging.results(record(estate, tmp_path / "large"))
    assert len(results["DEV020"].findings) == 10
    assert results["DEV010"].passed == 5_001
