"""``record``, ``scan``, ``doctor`` and ``permissions`` on a comgmt.toml, against the lab's cloud."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from comgmt_audit import cli, live_cli, recorder
from comgmt_audit.recording import Recording
from comgmt_audit.sources import graph, http, sign_in
from tests.lab.estate import contoso, record
from tests.lab.names import NOW
from tests.lab.servers import cloud
from tests.lab.servers.cloud_tokens import ROLES

pytest.importorskip("azure.identity", reason="not installed: azure-identity (extra live)")

MISSING = cloud.missing()
lab = pytest.mark.skipif(bool(MISSING), reason=MISSING)
TENANT = "TEN,SUB"
OTHERS = "\n".join(f"[connect.{name}]\nuse = false" for name in ("admin_service", "directory", "web"))


@pytest.fixture
def run(capsys):
    """Run the command here; returns its exit code, output and errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = cli.main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def patched(monkeypatch):
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(NOW.timestamp())))  # the lab's tenant was synchronised then
    sign_in.sign_in.cache_clear()
    return monkeypatch


@pytest.fixture
def live(patched, tmp_path):
    """The lab's cloud, and the comgmt.toml that leads to it."""
    with cloud.running(contoso(), tmp_path) as at:
        patched.setattr(sign_in, "credential", lambda *_: at.credential())
        yield comgmt_toml(tmp_path, at)


def comgmt_toml(folder: Path, at: cloud.Address) -> Path:
    """Contoso's design, and how to reach its cloud."""
    sections = {name: value for name, value in at.estate.design.items() if isinstance(value, dict)}
    top = {name: value for name, value in at.estate.design.items() if name not in sections}
    sections["connect.cloud"] = {"graph_root": at.graph_root, "arm_root": at.arm_root, "ca_file": str(at.ca_file)}
    lines = _keys(top)
    for name, keys in sections.items():
        lines += [f"[{name}]", *_keys(keys)]
    path = folder / "comgmt.toml"
    path.write_text("\n".join([*lines, OTHERS]), encoding="utf-8")
    return path


def _keys(table: dict[str, object]) -> list[str]:
    return [f"{key} = {json.dumps(value)}" for key, value in table.items()]


@lab
def test_a_live_scan_says_what_the_scan_of_its_recording_says(run, live, tmp_path):
    kept, first, second = (tmp_path / name for name in ("kept.zip", "first.json", "second.json"))
    code, out, err = run("scan", live, "--select", TENANT, "--keep", kept, "--json", first)
    assert (code, out.startswith("READY: ")) == (0, True)
    assert f"Kept {kept}" in err
    assert run("scan", kept, "--select", TENANT, "--json", second)[0] == 0
    results = [msgspec.json.decode(path.read_bytes())["results"] for path in (first, second)]
    assert results[0] == results[1]


@lab
def test_a_live_scan_leaves_nothing_behind_where_nothing_is_kept(run, live, tmp_path):
    before = sorted(path.name for path in tmp_path.iterdir())
    assert run("scan", live, "--select", TENANT)[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@lab
def test_record_writes_what_the_checks_need_and_no_connection(run, live, tmp_path):
    code, _, err = run("record", live, "-o", tmp_path / "r", "--select", TENANT)
    assert (code, err) == (0, f"Wrote {tmp_path / 'r'}\n")
    with_all = Recording.load(record(contoso(), tmp_path / "estate"))
    found = Recording.load(tmp_path / "r")
    assert found.ids("") == [
        *("arm/providers", "arm/subscription", "graph/global-administrators", "graph/groups"),
        *("graph/mdm-authority", "graph/organization"),
    ]
    assert found.design == with_all.design
    assert found.manifest.partial == ""
    assert b"127.0.0.1" not in (tmp_path / "r" / "manifest.json").read_bytes()


@lab
def test_doctor_is_content_where_nothing_is_missing(run, live):
    code, out, _ = run("doctor", live, "--select", TENANT)
    assert code == 0
    assert "graph: answers as" in out
    assert "arm: answers as" in out
    assert "  has: Reader\n" in out
    assert "missing:" not in out


@lab
def test_doctor_names_the_permission_that_is_missing_the_checks_that_it_costs_and_the_cure(run, patched, tmp_path):
    lacking = "DeviceManagementServiceConfig.Read.All"
    roles = [role for role in ROLES if not role.startswith("DeviceManagement")]
    with cloud.running(contoso(), tmp_path, roles=roles) as at:
        patched.setattr(sign_in, "credential", lambda *_: at.credential())
        code, out, _ = run("doctor", comgmt_toml(tmp_path, at), "--select", TENANT)
    assert code == live_cli.INCOMPLETE
    assert f"  missing: {lacking}\n  not assessed without it: TEN010\n" in out
    assert f"  cure: Grant the application permission {lacking} to the scanner, with admin consent." in out


def test_doctor_without_sign_in_says_what_to_do(run, tmp_path, monkeypatch):
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    sign_in.sign_in.cache_clear()
    toml = tmp_path / "comgmt.toml"
    toml.write_text(OTHERS)
    code, out, _ = run("doctor", toml, "--select", "TEN010")
    assert code == live_cli.INCOMPLETE
    assert "graph: does not answer (" in out
    assert "  not assessed without it: TEN010" in out
    assert "  cure: " in out


def test_a_defect_of_a_source_does_not_hide_what_others_say(run, tmp_path, monkeypatch):
    async def broken(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(graph, "probe", broken)
    toml = tmp_path / "comgmt.toml"
    toml.write_text(OTHERS)
    code, out, _ = run("doctor", toml, "--select", TENANT)
    assert code == live_cli.INCOMPLETE
    assert "graph: does not answer (a defect of comgmt-audit: ZeroDivisionError)" in out
    assert "arm: " in out


def test_ctrl_c_names_the_partial_recording(run, tmp_path, monkeypatch):
    async def interrupted(*_: object, **__: object) -> None:
        (tmp_path / "r").mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(recorder, "record", interrupted)
    toml = tmp_path / "comgmt.toml"
    toml.write_text(OTHERS)
    code, _, err = run("record", toml, "-o", tmp_path / "r")
    assert code == cli.INTERRUPTED
    assert f"go on with --resume {tmp_path / 'r'}" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[connect.cloud]\nsignin = "browser"', "[connect.cloud] has no key 'signin'. Did you mean 'sign_in'?"),
        ('[connect.cloud]\nsign_in = "magic"', "connect.cloud.sign_in: Invalid enum value 'magic'. Allowed: environm"),
        ("[connect.could]\nuse = true", "[connect] has no key 'could'. Did you mean 'cloud'?"),
        ("[conect.cloud]\nuse = true", "there is no key or section 'conect'. Did you mean 'connect'?"),
        ("[connect.web]\nsign_in = 'x'", "[connect.web] has no key 'sign_in'. It belongs in [connect.cloud]."),
    ],
)
def test_a_wrong_key_of_connect_suggests_the_right_one(run, tmp_path, text, said):
    toml = tmp_path / "comgmt.toml"
    toml.write_text(text)
    code, _, err = run("record", toml, "-o", tmp_path / "r")
    assert code == 2
    assert said in err
    assert not (tmp_path / "r").exists()


def test_permissions_are_the_least_of_the_selected_checks(run):
    code, out, _ = run("permissions", "--select", "TEN010")
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert [row[:3] for row in rows] == [["graph", "application", "DeviceManagementServiceConfig.Read.All"]]


@pytest.mark.parametrize(
    ("check", "needed"),
    [
        ("COM050", {"DeviceManagementApps.Read.All", "DeviceManagementConfiguration.Read.All"}),
        ("ENR020", {"GroupMember.Read.All", "User.Read.All", "Device.Read.All"}),
    ],
)
def test_what_needs_several_permissions_gets_all_of_them(run, check, needed):
    _, out, _ = run("permissions", "--select", check)
    rows = [line.split() for line in out.splitlines()]
    assert needed <= {row[2] for row in rows}
    _, manifest, _ = run("permissions", "--select", check, "--as", "manifest")
    ids = {access["id"] for access in json.loads(manifest)[0]["resourceAccess"]}
    rights = {right.name: right for several in graph.PERMISSIONS.values() for right in several}
    assert {rights[name].ids["application"] for name in needed} <= ids


def test_permissions_as_commands_and_as_manifest_say_the_same(run):
    (authority,) = graph.PERMISSIONS["graph/mdm-authority"]
    right = authority.ids["application"]
    _, commands, _ = run("permissions", "--select", "TEN010", "--as", "az")
    assert f"--api-permissions {right}=Role\n" in commands
    _, manifest, _ = run("permissions", "--select", "TEN010", "--as", "manifest")
    access = [{"id": right, "type": "Role"}]
    graph_id = "00000003-0000-0000-c000-000000000000"
    assert json.loads(manifest) == [{"resourceAppId": graph_id, "resourceAccess": access}]


def test_permissions_of_checks_that_need_none_of_graph(run):
    code, _, err = run("permissions", "--select", "SUB010", "--as", "manifest")
    assert code == 2
    assert "need no permission of Microsoft Graph" in err
    code, _, err = run("permissions", "--select", "DNS010", "--as", "az")
    assert code == 2
    assert "need no permission in Entra ID or Azure" in err


def test_the_role_on_the_subscription_is_a_command_as_well(run):
    role = 'az role assignment create --assignee "$APP_ID" --role Reader --scope "/subscriptions/$SUBSCRIPTION_ID"\n'
    assert run("permissions", "--select", "SUB010", "--as", "az")[:2] == (0, role)
    code, both, _ = run("permissions", "--select", "SUB040", "--as", "az")
    lines = both.splitlines(keepends=True)
    assert (code, len(lines), lines[-1]) == (0, 3, role)
