"""Who is told what, and when: through Apprise to a real web server and a real mail server."""

from __future__ import annotations

import contextlib
import datetime as dt
import email
import json
import re
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

pytest.importorskip("apprise", reason="not installed: apprise (extra watch)")
pytest.importorskip("sqlalchemy", reason="not installed: SQLAlchemy (extra watch)")

from comgmt_audit import cli, notify
from comgmt_audit.model import Change, CheckResult, Expiry, History, Outcome, Scan, Severity
from tests.lab.estate import Estate, contoso, record
from tests.scans import RECORDED, finding, scan, text

# A plug-in of Apprise imports a module that Python deprecated in 3.11.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

SECRET = "S3cretToken4711"


class Hook(ThreadingHTTPServer):
    """A webhook that keeps what it is told; *status* is what it answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _HookHandler)
        self.heard: list[dict[str, str]] = []
        self.status = 200

    @property
    def address(self) -> str:
        return f"json://pat:{SECRET}@127.0.0.1:{self.server_port}/hook"


class _HookHandler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(json.loads(body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    with serving(server):
        yield server


class Watched:
    """An environment that is scanned each night, with its history, and notifications to a hook."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys, self.nights = folder, capsys, 0
        self.extra = ""

    def night(self, estate: Estate, *arguments: str) -> tuple[int, str, str]:
        recording = record(estate, self.folder / f"night-{self.nights}")
        self.nights += 1
        (self.folder / "comgmt.toml").write_text(
            f'name = "Contoso"\nrecording = {msgspec.json.encode(recording.name).decode()}\n'
            + "".join(_design(estate))
            + f'[connect.notify]\ntargets = ["env:HOOK"]\n{self.extra}',
        )
        code = cli.main(
            [
                *("scan", str(self.folder / "comgmt.toml"), f"--history={self.folder / 'history.sqlite'}", "--notify"),
                *arguments,
            ]
        )
        return code, *self.capsys.readouterr()


def _design(estate: Estate) -> Iterator[str]:
    """The design as TOML: sections of plain values."""
    for section, keys in estate.design.items():
        if isinstance(keys, dict):
            yield f"[{section}]\n"
            for key, value in keys.items():
                yield f"{key} = {msgspec.json.encode(value).decode()}\n"


@pytest.fixture
def watched(tmp_path, capsys, hook, monkeypatch) -> Watched:
    monkeypatch.setenv("HOOK", hook.address)
    return Watched(tmp_path, capsys)


def test_only_changes_are_told(watched, hook):
    assert watched.night(contoso())[0] == 0
    assert [one["title"] for one in hook.heard] == ["Contoso: ready; the first scan"]
    watched.night(contoso(days_later=1))
    assert len(hook.heard) == 1
    broken = contoso(tenant__mdm_authority="sccm", days_later=2)
    assert watched.night(broken)[0] == 1
    assert hook.heard[1]["title"] == "Contoso: not ready; 1 new, was ready"
    assert "MDM authority; found: sccm" in hook.heard[1]["message"]
    watched.night(broken.with_(days_later=3))
    assert len(hook.heard) == 2
    watched.night(contoso(days_later=4))
    assert hook.heard[2]["title"] == "Contoso: ready; 1 fixed, was not ready"


def test_who_cannot_be_told_is_named_and_changes_no_verdict(watched, hook):
    hook.status = 500
    code, out, err = watched.night(contoso())
    assert (code, out[:6]) == (0, "READY:")
    assert "Error: number 1 (JSON, env:HOOK) was not notified:" in err
    assert "500" in err
    assert SECRET not in err + out


def test_a_server_that_is_not_there_is_named_without_the_secret(watched, hook, monkeypatch):
    monkeypatch.setenv("HOOK", f"json://pat:{SECRET}@127.0.0.1:1/{SECRET}?token={SECRET}")
    code, out, err = watched.night(contoso())
    assert code == 0
    assert "was not notified" in err
    assert SECRET not in err + out


def test_a_template_of_ones_own(watched, hook, tmp_path):
    (tmp_path / "message.md").write_text(
        "{{ verdict }} since {{ recorded_at.year }}{% for g in groups %} {{ g }}{% endfor %}"
    )
    watched.extra = 'template = "message.md"\n'
    watched.night(contoso())
    assert hook.heard[0]["message"].strip() == "ready since 2026"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("\n{% for %}", "wrong in line 2"),
        ("{{ nothing }}", "nobody was notified"),
        ("{{ ''.__class__.__mro__ }}", "nobody was notified"),
    ],
)
def test_a_wrong_template_is_an_error(watched, hook, tmp_path, text, error):
    (tmp_path / "message.md").write_text(text)
    watched.extra = 'template = "message.md"\n'
    assert error in watched.night(contoso())[2]
    assert hook.heard == []


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("json://127.0.0.1/", "does not say where the secret is"),
        ("env:NOT_SET_AT_ALL", "NOT_SET_AT_ALL is not set"),
        ("env:NONSENSE", "leads to no address that Apprise knows"),
    ],
)
def test_a_wrong_target_is_refused_before_anything_is_judged(watched, tmp_path, monkeypatch, target, error, capsys):
    monkeypatch.setenv("NONSENSE", f"nonsense://{SECRET}")
    recording = record(contoso(), tmp_path / "recording")
    (tmp_path / "comgmt.toml").write_text(
        f'name = "Contoso"\nrecording = "{recording.name}"\n[connect.notify]\ntargets = ["{target}"]\n'
    )
    code = cli.main(["scan", str(tmp_path / "comgmt.toml"), f"--history={tmp_path / 'h.sqlite'}", "--notify"])
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert error in err
    assert SECRET not in err


def test_to_notify_needs_a_history(watched, tmp_path, capsys):
    (tmp_path / "comgmt.toml").write_text('name = "Contoso"\nrecording = "x"\n')
    assert cli.main(["scan", str(tmp_path / "comgmt.toml"), "--notify"]) == 2
    assert "--notify needs --history" in capsys.readouterr().err


class Post(socketserver.ThreadingTCPServer):
    """A mail server of RFC 5321, as far as a client needs it."""

    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _PostHandler)
        self.mails: list[bytes] = []


class _PostHandler(socketserver.StreamRequestHandler):
    server: Post

    def handle(self) -> None:
        self.wfile.write(b"220 post\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = list(iter(self.rfile.readline, b".\r\n"))
                self.server.mails.append(b"".join(lines))
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


def test_a_mail(watched, monkeypatch):
    post = Post()
    port = post.server_address[1]
    monkeypatch.setenv("HOOK", f"mailto://127.0.0.1:{port}/?from=audit@contoso.com&to=pat@contoso.com&mode=insecure")
    with serving(post):
        assert watched.night(contoso(tenant__mdm_authority="sccm"))[2].count("Error") == 0
    message = email.message_from_bytes(post.mails[0])
    assert message["To"] == "pat@contoso.com"
    assert "Contoso: not ready" in str(email.header.make_header(email.header.decode_header(message["Subject"])))


# What is worth telling


def after(day: float, *, expiries: tuple[Expiry, ...] = ()) -> Scan:
    result = CheckResult(check=text("LIC040"), outcome=Outcome.PASS, passed=3)
    return scan([result], recorded_at=RECORDED + dt.timedelta(days=day), expiries=expiries)


def ending(day: float, kind: str = "certificate", begun: float | None = None) -> Expiry:
    since = None if begun is None else RECORDED + dt.timedelta(days=begun)
    return Expiry(at=RECORDED + dt.timedelta(days=day), kind=kind, subject="cmg.contoso.com", since=since)


def told(before: Scan, now: Scan) -> list[str]:
    found = notify.news(before, now, (30, 7, 0))
    return [f"{one.kind} {one.subject}" for one in found.expiring] if found else []


def test_an_end_is_told_once_for_each_threshold():
    end = ending(40)
    days = range(45)
    scans = [after(day, expiries=(end,)) for day in days]
    told_on = [day for day in days[1:] if told(scans[day - 1], scans[day])]
    assert told_on == [10, 33, 40]


def test_a_night_that_was_missed_loses_no_threshold():
    end = ending(40)
    assert told(after(5, expiries=(end,)), after(20, expiries=(end,))) == ["certificate cmg.contoso.com"]


def test_what_comes_with_a_near_end_is_told_and_what_was_renewed_is_not():
    assert told(after(0), after(1, expiries=(ending(10),))) == ["certificate cmg.contoso.com"]
    assert told(after(0, expiries=(ending(3),)), after(1, expiries=(ending(400),))) == []


def test_a_list_that_its_ca_renews_each_week_is_not_told_but_an_offline_roots_is():
    weekly = ending(8, "revocation list", begun=0)
    assert told(after(0, expiries=(weekly,)), after(2, expiries=(weekly,))) == []
    yearly = ending(8, "revocation list", begun=-180)
    assert told(after(0, expiries=(yearly,)), after(2, expiries=(yearly,))) == ["revocation list cmg.contoso.com"]


def test_hostile_names_are_no_markup(hook):
    from comgmt_audit import packs
    from comgmt_audit.drift import verdicts

    subject = "@everyone [x](http://evil) `a` <script>\u202e\n# head"
    bad = CheckResult(check=text("LIC040", severity=Severity.HIGH), outcome=Outcome.FAIL, findings=(finding(subject),))
    now = scan([bad], recorded_at=RECORDED + dt.timedelta(days=1), environment="@here\nsecond line")
    now = msgspec.structs.replace(now, history=History(points=(), drift=verdicts.compare(after(0), now)))
    news = notify.news(after(0), now, ())
    assert news
    assert [one.change for one in news.changes] == [Change.NEW]
    title, body = packs.report("notification").render(news)
    assert "\n" not in title
    spans = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", body)
    assert not re.search(r"@|<script|\[x\]|^# head", spans, re.MULTILINE)
