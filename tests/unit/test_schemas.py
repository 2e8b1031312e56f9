"""The schemas are those of the types, and the real documents fit them."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import jsonschema
import msgspec
import pytest

from comgmt_audit import engine, packs
from comgmt_audit.model import Severity
from comgmt_audit.recording.format import MANIFEST
from comgmt_audit.schemas import configuration, schemas
from tests.lab.estate import contoso, contoso_2018, record
from tests.unit.checks_by_hand import environment
from tests.unit.recordings import write

ROOT = Path(__file__).parent.parent.parent
ANEW = "is stale: run python -m comgmt_audit.schemas"


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = msgspec.json.decode(schemas()[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", schemas())
def test_the_files_are_those_of_the_types(name):
    path = ROOT / "comgmt_audit" / "schemas" / name
    assert path.read_text(encoding="utf-8") == schemas()[name], f"{path} {ANEW}"


def test_there_are_no_other_files():
    assert sorted(path.name for path in (ROOT / "comgmt_audit" / "schemas").glob("*.json")) == sorted(schemas())


def test_the_reference_of_the_configuration_is_that_of_the_types():
    path = ROOT / "docs" / "configuration.md"
    assert path.read_text(encoding="utf-8") == configuration(), f"{path} {ANEW}"


def test_a_design_fits():
    for estate in (contoso(), contoso_2018()):
        validator("design.schema.json").validate(estate.design)


def test_a_wrong_key_and_a_wrong_value_do_not_fit():
    for text in ('[site]\nserverr = "x"', '[rollout]\ncloud = "moon"', "[horizons]\nlog_days = -1"):
        assert not validator("design.schema.json").is_valid(tomllib.loads(text))


def test_a_manifest_fits(tmp_path):
    for folder in (write(tmp_path / "small"), record(contoso(), tmp_path / "contoso")):
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes())
        validator("recording.schema.json").validate(manifest)
        del manifest["observations"]
        assert not validator("recording.schema.json").is_valid(manifest)


def test_a_scan_fits(tmp_path):
    scan = engine.scan(
        packs.builtin(),
        environment(tmp_path / "r"),
        started_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        fail_on=Severity.LOW,
    )
    report = msgspec.json.decode(packs.report("scan_json").render(scan))
    validator("scan.schema.json").validate(report)
    del report["verdict"]
    assert not validator("scan.schema.json").is_valid(report)
