"""Recording live: sources side by side, and what is left when one of them crashes, hangs, or is interrupted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from comgmt_audit import baselines, engine, packs, recorder
from comgmt_audit.connections import Connections, Ldap, Web
from comgmt_audit.design import Design, Site
from comgmt_audit.errors import DesignError, RecordingError
from comgmt_audit.facts import Environment
from comgmt_audit.recorder import Needs
from comgmt_audit.recording import Absence, Form, Reason, Recording
from comgmt_audit.recording.reader import FolderStore
from comgmt_audit.sources.session import Permission, Probe, Session
from tests.lab.estate import contoso, record
from tests.lab.names import NOW

Asked = Callable[["Fake", Session], Awaitable[None]]
NEEDS = Needs(frozenset({"graph/users", "graph/groups", "directory/domains", "log/"}))


class Fake:
    """A source that answers as the test says; by default everything that is wanted of it."""

    def __init__(self, name: str, *ids: str, then: Asked | None = None) -> None:
        self.NAME = name
        self.PERMISSIONS: dict[str, tuple[Permission, ...]] = {
            id: (Permission(name="Read", kind="network"),) for id in ids
        }
        self.asked: list[str] = []
        self._then = then

    def keep(self, session: Session, id: str) -> None:
        self.asked.append(id)
        session.writer.json(id, {"id": id}, source=self.NAME, request=f"GET {id}", at=session.clock())

    async def record(self, session: Session) -> None:
        if self._then:
            await self._then(self, session)
            return
        for id in self.PERMISSIONS:
            if session.wanted(id):
                self.keep(session, id)

    async def probe(self, session: Session) -> list[Probe]:
        return []


def graph(then: Asked | None = None) -> Fake:
    return Fake("graph", "graph/groups", "graph/users", then=then)


def directory(then: Asked | None = None) -> Fake:
    return Fake("directory", "directory/domains", "directory/groups", then=then)


def recording(target: Path, *read: Fake, design: Design | None = None, **more: Any) -> Coroutine[Any, Any, Path]:
    options: dict[str, Any] = {
        "wanted": NEEDS,
        "clock": lambda: NOW,
        "progress": lambda *_: None,
        "timeout": 60.0,
    } | more
    return recorder.record(design or Design(), Connections(), target, read=read, **options)


def made(target: Path, *read: Fake, **more: Any) -> Recording:
    return Recording.load(asyncio.run(recording(target, *read, **more)))


def kept(of: Recording) -> dict[str, str]:
    """What was recorded, by id: "answer", or why there is none."""
    return {one.id: one.absence.detail if one.absence else "answer" for one in of.manifest.observations}


async def one_then_crash(source: Fake, session: Session) -> None:
    source.keep(session, next(iter(source.PERMISSIONS)))
    raise ZeroDivisionError("what it held is not for the recording")


async def one_then_hang(source: Fake, session: Session) -> None:
    source.keep(session, next(iter(source.PERMISSIONS)))
    await asyncio.Event().wait()


def test_only_what_is_needed_is_asked_and_the_recording_is_whole(tmp_path):
    found = made(tmp_path / "r", graph(), directory())
    assert kept(found) == dict.fromkeys(("directory/domains", "graph/groups", "graph/users"), "answer")
    assert found.manifest.partial == ""


def test_sources_run_side_by_side(tmp_path):
    meeting = asyncio.Barrier(2)

    async def meet(source: Fake, session: Session) -> None:
        await meeting.wait()
        source.keep(session, next(iter(source.PERMISSIONS)))

    found = made(tmp_path / "r", graph(meet), directory(meet))
    assert kept(found) == {"graph/groups": "answer", "directory/domains": "answer"}


@pytest.mark.parametrize("reverse", [False, True])
def test_the_order_in_which_sources_answer_does_not_show(tmp_path, reverse):
    made(tmp_path / "a.zip", graph(), directory())
    read = [graph(), directory()]
    made(tmp_path / "b.zip", *(read[::-1] if reverse else read))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_crash_costs_that_source_only_and_is_called_our_defect(tmp_path):
    found = made(tmp_path / "r", graph(one_then_crash), directory())
    why = "a defect of comgmt-audit in the source graph: ZeroDivisionError"
    assert kept(found) == {"graph/groups": "answer", "graph/users": why, "directory/domains": "answer"}
    assert found.manifest.partial == why


def test_what_was_not_reached_in_time_is_recorded_as_such(tmp_path):
    found = made(tmp_path / "r", graph(one_then_hang), directory(), timeout=0.05)
    why = "not reached within 0.05 s"
    assert kept(found) == {"graph/groups": "answer", "graph/users": why, "directory/domains": "answer"}
    assert found.manifest.partial == f"{why}: graph"
    absence = found.observation("graph/users").absence
    assert absence
    assert "--resume" in absence.cure


def test_an_interruption_leaves_a_valid_partial_recording(tmp_path):
    async def interrupted() -> None:
        reached = asyncio.Event()

        async def hang(source: Fake, session: Session) -> None:
            reached.set()
            await one_then_hang(source, session)

        task = asyncio.ensure_future(recording(tmp_path / "r", graph(hang)))
        await reached.wait()
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    found = Recording.load(tmp_path / "r")
    why = "not reached before the recording was interrupted"
    assert kept(found)["graph/users"] == why
    assert found.manifest.partial == f"{why}: graph"


def test_resume_asks_for_the_rest_only(tmp_path):
    made(tmp_path / "first", graph(one_then_hang), directory(), timeout=0.05)
    again = [graph(), directory()]
    found = made(tmp_path / "second", *again, resume=tmp_path / "first")
    assert [source.asked for source in again] == [["graph/users"], []]
    assert set(kept(found).values()) == {"answer"}
    assert found.manifest.partial == ""
    assert found.json("graph/groups", dict) == {"id": "graph/groups"}


def test_resume_asks_again_for_what_names_the_groups(tmp_path):
    needs = Needs(frozenset({"graph/mdm-policies", "graph/users"}))
    first = Fake("graph", "graph/mdm-policies", then=one_then_hang)
    made(tmp_path / "first", first, wanted=needs, timeout=0.05)
    again = Fake("graph", "graph/mdm-policies", "graph/users")
    made(tmp_path / "second", again, wanted=needs, resume=tmp_path / "first")
    assert again.asked == ["graph/mdm-policies", "graph/users"]


WEB = Needs(frozenset({"graph/users", "crl/", "tls/", "dns/"}))


def web(*ids: str) -> Fake:
    async def ask(fake: Fake, session: Session) -> None:
        assert session.connections.web.vantage == "outside"
        for id in ids:
            if session.wanted(id):
                fake.keep(session, id)

    return Fake("crl", then=ask)


def test_outside_adds_what_is_seen_there_to_all_that_was_seen_inside(tmp_path):
    async def inside(fake: Fake, session: Session) -> None:
        for id in ("crl/inside/a", "crl/outside/old", "dns/inside/n", "dns/outside/n"):
            fake.keep(session, id)
        absence = Absence(reason=Reason.UNREACHABLE, detail="timeout")
        for id in ("graph/users", "dns/outside/m", "tls/inside/h:443"):
            session.writer.absent(id, absence, source="x", request=id)

    made(tmp_path / "inside", Fake("all", then=inside), wanted=WEB)
    ids = ("crl/inside/a", "crl/inside/b", "crl/outside/a", "dns/inside/m", "dns/outside/m", "dns/outside/n")
    fake = web(*ids, "tls/outside/h:443", "graph/users")
    found = made(tmp_path / "whole", fake, wanted=WEB, outside=tmp_path / "inside")
    assert fake.asked == ["crl/outside/a", "dns/outside/m", "tls/outside/h:443"]
    assert set(found.ids("")) == {
        *("crl/inside/a", "crl/outside/a", "dns/inside/n", "dns/outside/m", "dns/outside/n", "graph/users"),
        *("tls/inside/h:443", "tls/outside/h:443"),
    }
    assert kept(found)["graph/users"] == "timeout"
    assert found.manifest.partial == ""


def test_what_was_missing_inside_is_missing_still(tmp_path):
    made(tmp_path / "inside", graph(one_then_hang), timeout=0.05)
    found = made(tmp_path / "whole", web("crl/outside/a"), wanted=WEB, outside=tmp_path / "inside")
    assert found.manifest.partial == "not reached within 0.05 s: graph"
    assert "crl/outside/a" in found.ids("")


def test_a_recording_of_another_design_is_not_seen_from_outside(tmp_path):
    made(tmp_path / "inside", graph())
    with pytest.raises(RecordingError, match="another design"):
        made(tmp_path / "b", web(), design=Design(site=Site(code="XYZ")), outside=tmp_path / "inside")


def test_where_the_network_is_not_read_nothing_can_be_added(tmp_path):
    made(tmp_path / "inside", graph())
    off = Connections(web=Web(use=False))
    run = recorder.record(
        Design(), off, tmp_path / "x", wanted=WEB, clock=lambda: NOW, progress=lambda *_: None, timeout=9,
        outside=tmp_path / "inside",
    )  # fmt: skip
    with pytest.raises(DesignError, match=r"connect\.web\.use is false"):
        asyncio.run(run)
    assert not (tmp_path / "x").exists()


def test_from_outside_only_the_network_is_read():
    names = [source.NAME for source in recorder.sources(Connections(), {"web"})]
    assert names == ["dns", "crl", "aia", "ocsp", "tls"]


def test_a_whole_recording_or_one_of_another_design_is_not_gone_on_with(tmp_path):
    made(tmp_path / "whole", graph())
    with pytest.raises(RecordingError, match="is whole"):
        made(tmp_path / "a", graph(), resume=tmp_path / "whole")
    made(tmp_path / "partial", graph(one_then_hang), timeout=0.05)
    other = Design(site=Site(code="XYZ"))
    with pytest.raises(RecordingError, match="another design"):
        made(tmp_path / "b", graph(), design=other, resume=tmp_path / "partial")


def test_a_thread_that_comes_late_changes_nothing(tmp_path):
    """Nor does a file that it has begun: only what the manifest names is published."""
    begun, go_on, refused = threading.Event(), threading.Event(), []

    def chunks():
        begun.set()
        yield b"{}\n"
        go_on.wait(30)

    def write(session: Session) -> None:
        try:
            session.writer.stream("graph/groups", Form.LINES, chunks(), source="graph", request="GET")
        except ValueError as error:
            refused.append(str(error))

    async def slow(_: Fake, session: Session) -> None:
        threads.append(threading.Thread(target=write, args=(session,)))
        threads[0].start()
        await asyncio.Event().wait()

    threads: list[threading.Thread] = []
    found = made(tmp_path / "r", graph(slow), timeout=0.05)
    go_on.set()
    threads[0].join()
    assert begun.is_set()
    assert set(kept(found)) == {"graph/groups", "graph/users"}
    assert refused == ["observation graph/groups came after the recording was closed"]
    assert not (tmp_path / "r" / "graph").exists() or not list((tmp_path / "r" / "graph").iterdir())


def test_a_prefix_is_needed_where_something_below_it_is():
    assert [NEEDS(id) for id in ("log/a/b", "log/", "graph/", "graph/users", "graph/user", "dns/")] == [
        *(True, True, True, True),
        *(False, False),
    ]


def test_every_source_module_is_in_the_table():
    folder = Path(recorder.__file__).parent / "sources"
    found = {path.stem for path in folder.glob("*.py") if "\nasync def probe(" in path.read_text(encoding="utf-8")}
    assert found == set(recorder.SOURCES)


def test_a_source_that_is_not_to_be_used_is_left_out():
    assert "directory" in {source.NAME for source in recorder.sources(Connections())}
    stated = Connections(directory=Ldap(use=False))
    assert "directory" not in {source.NAME for source in recorder.sources(stated)}


def test_every_observation_of_the_cloud_that_a_check_needs_has_a_permission():
    needs = Needs.of(packs.builtin()).names
    rights = {id for source in recorder.sources(Connections()) for id in source.PERMISSIONS}
    assert {id for id in needs if id.startswith(("graph/", "arm/"))} <= rights


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return record(contoso(), tmp_path_factory.mktemp("recordings") / "contoso")


@pytest.mark.parametrize("check", packs.builtin(), ids=lambda check: check.id)
def test_a_check_can_be_judged_by_what_its_facts_say_they_need(whole, check):
    """What a fact reads by way of another one counts as well."""
    recording = Recording.load(whole)
    needs = Needs.of([check])
    needed = tuple(one for one in recording.manifest.observations if needs(one.id))
    part = Recording(FolderStore(whole), replace(recording.manifest, observations=needed))
    found = [
        engine.Evaluation([check], Environment(of, of.design, baselines.load(of.design.baseline))).result(check.id)
        for of in (recording, part)
    ]
    assert found[1].outcome is found[0].outcome


@pytest.mark.parametrize("first", [None, one_then_crash], ids=["answers", "crashes"])
def test_a_source_waits_for_those_whose_answers_it_reads(tmp_path, first):
    async def slowly(source: Fake, session: Session) -> None:
        await asyncio.sleep(0)
        source.keep(session, next(iter(source.PERMISSIONS)))
        if first:
            raise ZeroDivisionError

    async def look(source: Fake, session: Session) -> None:
        seen.extend(id for id, _ in session.writer.answers(("directory/",)))
        source.keep(session, next(iter(source.PERMISSIONS)))

    seen: list[str] = []
    later = graph(look)
    later.AFTER = ("directory", "not read in this run")  # type: ignore[attr-defined]  # what a source module may have
    made(tmp_path / "r", later, directory(slowly))
    assert seen == ["directory/domains"]


def test_a_source_that_waits_in_vain_is_what_was_not_reached(tmp_path):
    later = graph()
    later.AFTER = ("directory",)  # type: ignore[attr-defined]  # what a source module may have
    found = made(tmp_path / "r", later, directory(one_then_hang), timeout=0.2)
    assert later.asked == []
    assert "graph" in found.manifest.partial
    assert kept(found)["graph/users"] != "answer"
