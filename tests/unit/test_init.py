"""The first comgmt.toml: every key is offered, what is written is read again, and nobody's text becomes TOML."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comgmt_audit import connections, design
from comgmt_audit.connections import Connections
from comgmt_audit.design import Design
from comgmt_audit.errors import ComgmtError, DesignError
from comgmt_audit.init import answers, discovery, file
from comgmt_audit.init.discovery import Discovery, Seen
from comgmt_audit.init.questions import QUESTIONS
from tests.lab.defects import CATALOGUE
from tests.lab.estate import contoso, contoso_2018, record

ROOT = Path(__file__).parents[2]
NOTHING = Discovery()
SECRETS = {
    *("connect.cloud.secret", "connect.cloud.certificate_password", "connect.admin_service.password"),
    *("connect.directory.password", "connect.files.certificate_password", "connect.files.certificate_passwords"),
    *("connect.files.log_password", "connect.hosts.password", "connect.notify.targets"),
}


def lines(text: str) -> dict[str, str]:
    """Every line of a key, commented out or not, by its dotted name."""
    found, table = {}, ""
    for line in text.splitlines():
        if header := re.fullmatch(r"\[([\w.]+)\]", line):
            table = header[1] + "."
        elif key := re.match(r"#?([a-z_]+) = ", line):
            found[table + key[1]] = line
    return found


def documented() -> set[str]:
    """Every key of docs/configuration.md by its dotted name."""
    found, table = set(), ""
    for line in (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8").splitlines():
        if header := re.fullmatch(r"## \[([\w.]+)\]", line):
            table = header[1] + "."
        elif key := re.match(r"\| `(\w+)` \|", line):
            found.add(table + key[1])
    return found


def defect(name: str):
    return next(one for one in CATALOGUE if one.name == name).estate()


def look(estate, tmp_path) -> Discovery:
    return discovery.look(record(estate, tmp_path / "recording"))


def test_every_documented_key_is_offered():
    assert len(documented()) > 100
    assert set(lines(file.text({}, NOTHING))) == documented() == set(answers.all_keys())


def test_every_line_that_is_commented_out_states_the_default():
    text = file.text({}, NOTHING)
    assert [line for line in text.splitlines() if line and not line.startswith(("#", "["))] == []
    optional = {name for name, key in answers.all_keys().items() if key.default is None}
    named = {line: name for name, line in lines(text).items()}
    uncommented = re.sub(r"(?m)^#([a-z_]+ = .*)$", r"\1", text)
    raw = tomllib.loads(uncommented)
    for name in optional:
        del raw["connect"]["files"][name.rpartition(".")[2]]
    assert len(named) > 50
    assert design.from_mapping(raw, "defaults") == Design()
    connect = answers.checked({f"connect.{n}.{k}": v for n, t in raw["connect"].items() for k, v in t.items()}, "x")
    assert connect == (Design(), Connections())


def test_no_line_is_longer_than_a_screen_is_wide():
    assert max(map(len, file.text({}, NOTHING).splitlines())) <= 110


def test_the_file_of_answers(snapshot):
    given = {"name": "Contoso", "site.code": "PS1", "dns.inside": ["10.0.0.1"], "connect.cloud.secret": "env:S"}
    seen = Discovery(
        found={"site.code": Seen("PS2", "a place"), "site.server": Seen("cm01.contoso.com", "a place")},
        notes={"clients.settings": "Not seen: refused. Grant it."},
        remarks=["Domains of the forest: contoso.com"],
    )
    text = file.text(given, seen)
    assert text.partition("[management_certificate]")[0] == snapshot
    assert tomllib.loads(text)["site"] == {"code": "PS1", "server": "cm01.contoso.com"}


def test_an_answer_that_is_empty_is_one_and_an_empty_list_of_what_was_seen_as_empty_stays():
    seen = Discovery(found={"site.code": Seen("PS1", "a place")})
    text = file.text({"site.code": "", "connect.files.trusted_roots": []}, seen)
    assert lines(text)["site.code"] == '#code = ""'
    assert "Answered otherwise than seen in a place: PS1" in text
    assert lines(text)["connect.files.trusted_roots"] == "trusted_roots = []"


hostile = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60) | st.sampled_from(
    ['"]\n[connect.cloud]\nuse = false\n#', "'''", '"""', "\\", "\r", "\x00", "\u2028x = 1", "\x1b[2J", "# a\n\nb = 2"]
)


@settings(deadline=None, max_examples=60)
@given(value=hostile, place=hostile, note=hostile, remark=hostile, key=hostile)
def test_nobodys_text_becomes_toml(value, place, note, remark, key):
    seen = Discovery(
        found={"name": Seen(value, place), "site.code": Seen(value, place)},
        notes={"pki.certificate_folder": note, "site.server": note},
        remarks=[remark],
    )
    text = file.text({"clients.settings": value, "connect.web.addresses": {key: value}, "site.code": "PS1"}, seen)
    raw = tomllib.loads(text)
    assert raw["name"] == raw["clients"]["settings"] == value
    assert raw["connect"]["web"] == {"addresses": {key: value}}
    assert raw["site"] == {"code": "PS1"}
    assert {name: table for name, table in raw["connect"].items() if table and name != "web"} == {}
    assert set(raw) == {"name", "connect", *(n.partition(".")[0] for n in answers.all_keys() if "." in n)}
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert all(line.isprintable() for line in comments)


def test_every_key_that_leads_to_a_secret_refuses_the_secret_itself():
    for name, key in answers.all_keys().items():
        shapes: dict[type, object] = {dict: {"x.pfx": "hunter2"}, tuple: ["hunter2"]}
        value = shapes.get(type(key.default), "hunter2")
        if name in SECRETS:
            with pytest.raises(DesignError) as caught:
                answers.checked({name: value}, "x")
            assert "hunter2" not in str(caught.value)
            assert name in str(caught.value)
        elif "keyring" in key.meaning:
            pytest.fail(f"{name} leads to a secret, and nobody refuses one there")


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("site.code=PS1", "site.code", "PS1"),
        ('name="quoted" = x', "name", '"quoted" = x'),
        ("rollout.enabled=TRUE", "rollout.enabled", True),
        ("horizons.log_days=14", "horizons.log_days", 14),
        ("dns.inside=10.0.0.1, 10.0.0.2", "dns.inside", ["10.0.0.1", "10.0.0.2"]),
        ('dns.inside=["10.0.0.1"]', "dns.inside", ["10.0.0.1"]),
        ('connect.files.logs={"CM01" = "C:/logs"}', "connect.files.logs", {"CM01": "C:/logs"}),
        ("connect.cloud.secret=env:NAME", "connect.cloud.secret", "env:NAME"),
    ],
)
def test_an_answer_in_words(words, name, value):
    assert answers.of_words(words) == (name, value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("site.code", "has no value"),
        ("site.kode=PS1", "Did you mean 'code'?"),
        ("nowhere.code=PS1", "nowhere"),
        ("connect.directory.servers.x=y", "no such key"),
        ("rollout.enabled=maybe", "true or false"),
        ("rollout.cloud=mars", "Allowed: public, us-government, china"),
        ("horizons.log_days=-1", "horizons.log_days"),
        ("connect.files.logs=x", "connect.files.logs"),
        ("=x", "no key or section ''"),
    ],
)
def test_an_answer_that_cannot_be_meant(words, said):
    with pytest.raises(DesignError) as caught:
        answers.of_words(words)
    assert said in f"{caught.value}"


def test_answers_of_a_file_are_those_of_a_comgmt_toml(tmp_path):
    path = tmp_path / "answers.toml"
    path.write_text('name = "x"\n[site]\ncode = "PS1"\n[connect.files]\nlogs = {"CM01" = "logs"}\n')
    assert answers.of_file(path) == {"name": "x", "site.code": "PS1", "connect.files.logs": {"CM01": "logs"}}
    path.write_text("[site]\nkode = 1\n")
    with pytest.raises(DesignError, match="Did you mean 'code'"):
        answers.of_file(path)
    path.write_text('name = 1\n[connect.cloud]\nsecret = "hunter2"\n')
    with pytest.raises(DesignError, match="does not say where the secret is"):
        answers.of_file(path)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.key)
def test_what_is_asked_exists_says_why_and_takes_its_own_default(question):
    key = answers.all_keys()[question.key]
    assert len(question.why) > 30
    assert question.why.endswith(".")
    if isinstance(key.default, str):
        assert question.parsed(key.default) == key.default


def test_no_key_is_asked_twice():
    assert len({question.key for question in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("rollout.tenant_id", "contoso"),
        ("site.code", "PS12"),
        ("site.server", "cm01"),
        ("connect.directory.server", "dc01.contoso.com"),
        ("connect.cloud.secret", "hunter2"),
    ],
)
def test_a_form_that_an_answer_has_not_is_said(key, wrong):
    question = next(one for one in QUESTIONS if one.key == key)
    with pytest.raises(DesignError) as caught:
        question.parsed(wrong)
    assert key in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("estate", [contoso, contoso_2018], ids=["current", "tutorial-2018"])
def test_a_recording_shows_what_the_design_of_its_estate_says(tmp_path, estate):
    built = estate()
    seen = look(built, tmp_path)
    declared = {
        f"{table}.{key}": value
        for table, keys in built.design.items()
        if isinstance(keys, dict)
        for key, value in keys.items()
    }
    same = {
        *("rollout.tenant_id", "rollout.subscription_id", "rollout.enabled", "site.code", "site.server"),
        *("site.management_point", "site.connection_point", "gateway.service_name", "gateway.deployment_name"),
    }
    assert same <= seen.found.keys()
    for key in same:
        assert str(seen.found[key].value).casefold() == str(declared[key]).casefold(), key
    assert seen.found["gateway.deployment"].value == declared.get("gateway.deployment", "scale-set")
    assert seen.found["name"].value == "Contoso"
    assert seen.found["site.code"].place == "the AdminService (site/SMS_Site)"
    assert any("forest root corp.contoso.com" in remark for remark in seen.remarks)
    assert any("Enterprise CAs: Contoso Issuing CA 1 on " in remark for remark in seen.remarks)
    text = file.text({}, seen)
    answers.checked({key: one.value for key, one in seen.found.items()}, "seen")
    assert "Seen in the AdminService (site/SMS_Site)." in text
    assert "The tenant's own domains: contoso.com" in text


def test_what_another_system_says_otherwise_is_noted(tmp_path):
    seen = look(defect("hybrid-join-scp-names-another-tenant"), tmp_path)
    assert seen.found["rollout.tenant_id"].place == "Microsoft Graph (graph/organization)"
    assert "Otherwise in Active Directory (directory/service-connection-point): " in seen.notes["rollout.tenant_id"]


@pytest.mark.parametrize(
    ("changes", "communication"),
    [
        ({}, "https"),
        ({"site__mp_ssl_state": 0, "site__security_mask": 1216}, "enhanced-http"),
        ({"site__mp_ssl_state": 0}, None),
        ({"site__mp_ssl_state": None, "site__security_mask": 0}, None),
    ],
)
def test_how_clients_reach_the_site(tmp_path, changes, communication):
    seen = look(contoso(**changes), tmp_path)
    found = seen.found.get("site.communication")
    assert (found.value if found else None) == communication
    assert ("site.communication" in seen.notes) == (communication is None)


def test_where_one_system_is_silent_another_one_is_asked(tmp_path):
    seen = look(contoso().refusing("graph/organization", cure="Grant it."), tmp_path)
    assert seen.found["rollout.tenant_id"].place == "Active Directory (directory/service-connection-point)"
    assert "rollout.tenant_id" not in seen.notes
    assert seen.notes["name"].startswith("Not seen: ")
    assert seen.notes["name"].endswith("Grant it.")


def test_what_was_not_seen_says_why_and_stays_commented_out(tmp_path):
    seen = look(contoso().unreachable("site/SMS_Site").refusing("site/SMS_AzureService"), tmp_path)
    text = file.text({}, seen)
    for key in ("site.code", "site.server", "gateway.service_name", "rollout.subscription_id"):
        assert seen.notes[key].startswith("Not seen: ")
        assert lines(text)[key].startswith("#")
    assert "# Not seen: " in text


def test_an_empty_recording_shows_nothing_and_says_so(tmp_path):
    estate = contoso()
    for need in dict.fromkeys(need for fact in discovery.FACTS for need in fact.needs):
        estate = estate.unreachable(need)
    seen = look(estate, tmp_path)
    assert (seen.found, seen.remarks) == ({}, [])
    assert {"name", "site.code", "gateway.service_name", "rollout.enabled"} <= seen.notes.keys()


def test_it_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "comgmt.toml"
    with pytest.raises(DesignError):
        file.write(path, "[site]\nkode = 1\n", force=False)
    assert list(tmp_path.iterdir()) == []
    file.write(path, 'name = "one"\n', force=False)
    with pytest.raises(ComgmtError, match="is there already"):
        file.write(path, 'name = "two"\n', force=False)
    with pytest.raises(DesignError):
        file.write(path, "[site]\nkode = 1\n", force=True)
    assert path.read_text() == 'name = "one"\n'
    file.write(path, 'name = "two"\n', force=True)
    assert [one.name for one in tmp_path.iterdir()] == ["comgmt.toml"]
    assert design.load(path).name == "two"


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ComgmtError, match=r"nowhere.*comgmt.toml: cannot be written"):
        file.write(tmp_path / "nowhere" / "comgmt.toml", 'name = "x"\n', force=False)


def test_what_is_written_is_read_as_it_was_meant(tmp_path):
    given = {"site.code": "PS1", "connect.directory.server": "ldaps://dc01.contoso.com", "dns.outside": ["9.9.9.9"]}
    file.write(tmp_path / "comgmt.toml", file.text(given, NOTHING), force=False)
    declared, connect = answers.checked(given, "given")
    assert design.load(tmp_path / "comgmt.toml") == declared
    assert connections.load(tmp_path / "comgmt.toml") == connections.beside(connect, tmp_path)
