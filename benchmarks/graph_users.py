"""100,000 users from Microsoft Graph: time against the best that the service allows, memory, CPU against msgraph-sdk.

The lab's server waits 50 ms before each of 101 pages of 999. The best is a client that does nothing but follow the
links to the next page. ``python -m benchmarks.graph_users`` runs it alone.
"""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path

from benchmarks.measure import Table, inside
from comgmt_audit.sources.graph_lists import LISTINGS
from tests.lab.estate import contoso
from tests.lab.servers import cloud
from tests.lab.servers.cloud_faults import Fault
from tests.lab.servers.cloud_tokens import GRAPH

USERS = 100_000
LATENCY = 0.05
"""Seconds."""
WALL_FACTOR = 1.5
MEMORY = 200
"""MB."""
SDK_FACTOR = 20
"""The least by which msgraph-sdk's models must cost more CPU a user."""
SAMPLE_PAGES = 1
"""Pages that msgraph-sdk decodes: at some 5 CPU seconds a page, all of them would take ten minutes."""

_PATH = next(listing.path for listing in LISTINGS if listing.id == "graph/users")

_BEST = """
import http.client, re, ssl, sys, time
root, ca, token, path = sys.argv[1:]
host = root.removeprefix("https://")
connection = http.client.HTTPSConnection(host, context=ssl.create_default_context(cafile=ca))
start, pages = time.perf_counter(), 0
while path:
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    body = connection.getresponse().read()
    link = re.search(rb'"@odata.nextLink":"https://[^/]+([^"]+)"', body[:4000])
    path, pages = link and link[1].decode(), pages + 1
figures = {"wall": time.perf_counter() - start, "pages": pages}
"""

_OURS = """
import asyncio, datetime as dt, pathlib, sys, time
from types import SimpleNamespace
from comgmt_audit.connections import Cloud, Connections
from comgmt_audit.design import Design
from comgmt_audit.recording import RecordingWriter
from comgmt_audit.sources import graph, sign_in
from comgmt_audit.sources.session import Session
root, ca, token, _, folder = sys.argv[1:]
answer = SimpleNamespace(token=token, expires_on=time.time() + 3600)
sign_in.credential = lambda *_: SimpleNamespace(get_token=lambda *_, **__: answer)
now = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
start, cpu = time.perf_counter(), time.process_time()
with RecordingWriter(pathlib.Path(folder), recorded_at=now, design=Design()) as writer:
    asyncio.run(graph.record(Session(
        design=Design(), connections=Connections(cloud=Cloud(graph_root=root, ca_file=ca)), writer=writer,
        wanted=lambda id: id == "graph/users", progress=lambda *_: None, clock=lambda: now,
    )))
wall, cpu = time.perf_counter() - start, time.process_time() - cpu
figures = {"wall": wall, "cpu": cpu, "users": sum(1 for _ in pathlib.Path(folder, "graph/users.jsonl").open())}
"""

_SDK = """
import asyncio, ssl, sys, time
import httpx
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from msgraph import GraphServiceClient
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph.graph_request_adapter import GraphRequestAdapter, options
from msgraph_core import GraphClientFactory
from kiota_abstractions.base_request_configuration import RequestConfiguration
root, ca, token, path, pages = sys.argv[1:]
async def main():
    context = ssl.create_default_context(cafile=ca)
    plain = httpx.AsyncClient(verify=context, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    client = GraphClientFactory.create_with_default_middleware(client=plain, options=options)
    adapter = GraphRequestAdapter(AnonymousAuthenticationProvider(), client=client)
    adapter.base_url = f"{root}/v1.0"
    users = GraphServiceClient(request_adapter=adapter).users
    select = path.partition("$select=")[2].partition("&")[0].split(",")
    query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(select=select, top=999)
    page = await users.get(RequestConfiguration(query_parameters=query))
    start, seen = time.process_time(), 0
    for _ in range(int(pages)):
        page = await users.with_url(page.odata_next_link).get()
        seen += len(page.value)
    return {"cpu": time.process_time() - start, "users": seen}
figures = asyncio.run(main())
"""


def graph_users(table: Table, folder: Path) -> None:
    """All three over the same server; the library's cost is that of its second page, when all is imported."""
    estate = contoso(people__users=USERS)
    with cloud.running(estate, folder, faults=[Fault(kind="slow", times=None, seconds=LATENCY)]) as at:
        place = (at.graph_root, str(at.ca_file), at.token(audience=GRAPH), _PATH)
        best = min(inside(_BEST, *place)["wall"] for _ in range(3))
        runs = [inside(_OURS, *place, str(folder / f"recording-{number}")) for number in range(3)]
        if any(run["users"] < USERS for run in runs):
            raise RuntimeError("not all users were read")
        wall, cpu = min(run["wall"] for run in runs), min(run["cpu"] for run in runs)
        claim = f"{USERS:,} users from Graph"
        table.add(f"{claim}, wall", wall, WALL_FACTOR * best, "s", f"links alone: {best:.2f} s")
        table.add(f"{claim}, memory", max(run["memory"] for run in runs), MEMORY, "MB")
        if importlib.util.find_spec("msgraph") is None:
            print(f"skip  {claim}, CPU against msgraph-sdk: it is not installed", flush=True)
            return
        sdk = inside(_SDK, *place, str(SAMPLE_PAGES))
        theirs = sdk["cpu"] / sdk["users"] * USERS
        note = f"msgraph-sdk's models: {theirs:.0f} s by {sdk['users']:.0f} users, {theirs / cpu:.0f} times as much"
        table.add(f"{claim}, CPU", cpu, theirs / SDK_FACTOR, "s CPU", note)


def main() -> int:
    """1 where a claim does not hold."""
    missing = cloud.missing()
    if missing:
        raise SystemExit(missing)
    table = Table()
    with tempfile.TemporaryDirectory() as name:
        graph_users(table, Path(name))
    return 0 if table.holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
