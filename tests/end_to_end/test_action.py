"""The composite GitHub Action: by GitHub's schema, and its script as a runner's shell runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from msgspec import Struct

from tests.end_to_end.test_schedule import schema
from tests.lab.estate import contoso, record

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
pytestmark = pytest.mark.skipif(os.name == "nt" or not shutil.which("bash"), reason="there is no bash here")


class Ran(Struct, frozen=True, kw_only=True):
    code: int
    outputs: dict[str, str]
    summary: str
    said: str


@pytest.fixture
def action(tmp_path: Path) -> Any:
    def action(source: Path, **inputs: str) -> Ran:
        step = ACTION["runs"]["steps"][1]
        given = {name: stated.get("default", "") for name, stated in ACTION["inputs"].items()}
        given |= {"source": str(source)} | {name.replace("_", "-"): value for name, value in inputs.items()}
        variables = {
            name: given[value.removeprefix("${{ inputs.").removesuffix(" }}")] for name, value in step["env"].items()
        }
        files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        (tmp_path / "step.sh").write_text(step["run"])
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        # As a runner calls `shell: bash`.
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "step.sh"],
            cwd=tmp_path,
            env={**os.environ, "PATH": path, **variables, **{name: str(file) for name, file in files.items()}},
            capture_output=True,
            text=True,
            check=False,
        )
        lines = files["GITHUB_OUTPUT"].read_text().splitlines()
        return Ran(
            code=done.returncode,
            outputs=dict(line.split("=", 1) for line in lines),
            summary=files["GITHUB_STEP_SUMMARY"].read_text(),
            said=done.stdout + done.stderr,
        )

    return action


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("recordings")
    estates = {
        "ready": contoso(),
        "not-ready": contoso(tenant__mdm_authority="sccm"),
        "thin": contoso().refusing("graph/mdm-authority"),
    }
    return {name: record(estate, folder / name) for name, estate in estates.items()}


def test_github_would_take_it():
    jsonschema.Draft7Validator(schema("github-actions")).validate(ACTION)


@pytest.mark.parametrize(
    ("recording", "code", "verdict"), [("ready", 0, "ready"), ("not-ready", 1, "not ready"), ("thin", 3, "cannot tell")]
)
def test_the_job_ends_as_the_scan_does(action, recordings, tmp_path, recording, code, verdict):
    ran = action(recordings[recording])
    assert (ran.code, ran.outputs) == (code, {"exit-code": str(code), "verdict": verdict}), ran.said
    assert ran.summary.startswith(f"# {verdict.upper()}")
    assert {path.name for path in (tmp_path / "comgmt-audit-reports").iterdir()} == {
        f"report.{end}" for end in ("html", "xml", "json", "md", "sarif")
    }


def test_what_could_not_be_told_may_pass(action, recordings):
    assert action(recordings["thin"], allow_unknown="true").code == 0
    assert action(recordings["not-ready"], allow_unknown="true").code == 1


def test_a_run_without_a_verdict_fails_and_shows_no_old_report(action, recordings, tmp_path):
    action(recordings["ready"])
    ran = action(tmp_path / "nowhere")
    assert (ran.code, ran.outputs, ran.summary) == (2, {"exit-code": "2"}, "")
    assert list((tmp_path / "comgmt-audit-reports").iterdir()) == []


@pytest.mark.parametrize("text", ["$(touch bad)", "`touch bad`", '"; touch bad; "', "--help", "a b"])
def test_an_input_is_never_a_command(action, tmp_path, text):
    ran = action(Path(text), select=text, fail_on=text)
    assert ran.code == 2
    assert not (tmp_path / "bad").exists()


def test_every_input_is_used_and_described():
    used = str(ACTION["runs"]["steps"][1]["env"])
    for name, stated in ACTION["inputs"].items():
        assert f"inputs.{name} " in used
        assert stated["description"]
