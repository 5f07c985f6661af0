"""Every setting refuses what some command would refuse or misunderstand later: at load, with file, line and reason, from
the environment with its variable; and `doctor` says the same."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
from pydantic import BaseModel
from tests_support import OF_EVERY_TYPE, Run, in_toml, words_of_a_library

from linktrack.errors import BadInput
from linktrack.settings.tables import Settings
from linktrack.upkeep.doctor import examine
from linktrack.upkeep.making import init_workspace
from linktrack.workspace import Workspace, load_workspace

LONG = "x" * 64
BLANK, CONTROL, COLUMN = "must not be blanks alone", "a text in one line", "must be the name of a column"
ZONE, TWICE, SAME, NOT_EMPTY = "a time zone has a name", "are one name", "is that of", "must not be empty"
HOST, FORMAT, NETWORK, PATH = "a host is written", "can be read back", "is no network", "must be the path"
SEPARATOR, SIZE, LENGTH, ELSEWHERE = "parts the names", "a size is written", "a length of time", "name another place"

# The setting -> a value of the right type that nothing could use, and what is said of it.
REFUSED: dict[str, list[tuple[Any, str]]] = {
    "base_url": [
        ("click.example.com", "must look like https://click.example.com"),
        ("ftp://click.example.com", "must look like"),
        ("https://", "must look like"),
        ("https://anna@click.example.com", "must look like"),
        ("https://click.example.com?x", "must look like"),
        ("https://click.example.com#x", "must look like"),
        ("https://click.example.com:0", "must look like"),
        ("https://click.example.com:65536", "must look like"),
        ("https://click.example.com/a b", "must look like"),
        ("https://click.example.com/a/../b", "must look like"),
        ("https://click.example.com/" + 600 * "x", "must look like"),
        ("https://a..b", "a part is empty"),
        ("https://click.example.com.", "a part is empty"),
        (f"https://{LONG}.example", "longer than 63"),
        ("https://-click.example.com", HOST),
        ("https://300.1.1.1", "no IPv4 address"),
        ("https://127.1", "is written http"),
        ("https://räv.example:8080/x", "https://xn--rv-via.example:8080/x"),
    ],
    "time_zone": [("Mars", ZONE), ("", ZONE), ("right/Europe/Stockholm", ZONE), ("localtime", ZONE), ("Europe", ZONE)],
    "language": [("de", "must be 'en' or 'sv'")],
    "database.url": [
        ("sqlite:///", "write sqlite:///FILE"), ("sqlite:///x.db?mode=ro", "write sqlite:///FILE"),
        ("sqlite:///:memory:", "a database that is kept is a file"), ("sqlite:///data/", "is kept is a file"),
        ("sqlite:///..", "is kept is a file"), ("mysql://host/name", "write sqlite:///FILE"),
        ("postgresql://host:port/name", "port or host"), ("postgresql+psycopg://host/name?sslmod=require", "none of"),
        ("sqlite:///a\0b", CONTROL), (f"sqlite:///{256 * 'x'}", PATH), ("sqlite:///~/x.db", "~ stands for no folder"),
        ("sqlite:///linktrack.key", ELSEWHERE), ("sqlite:///linktrack.toml", ELSEWHERE),
        ("sqlite:///linktrack.snapshot", ELSEWHERE), ("sqlite:///scripts", ELSEWHERE),
        ("sqlite:///scripts/x.db", ELSEWHERE), ("sqlite:///clicklog/x.db", ELSEWHERE), ("sqlite:///full", "must be a file"),
    ],
    "database.id": [(" ", BLANK), ("a\nb", CONTROL)],
    "utm.policy": [("merge", "must be 'keep', 'replace' or 'off'")],
    "utm.medium": [(" ", BLANK), ("e\tmail", CONTROL)],
    "utm.source": [(" ", BLANK), ("a\nb", CONTROL)],
    "utm.campaign": [(" ", BLANK), ("a\nb", CONTROL)],
    "utm.content": [(" ", BLANK), ("a\nb", CONTROL)],
    "utm.term": [(" ", BLANK), ("a\nb", CONTROL)],
    "utm.id": [(" ", BLANK), ("a\nb", CONTROL)],
    "utm.source_platform": [(" ", BLANK), ("a\nb", CONTROL)],
    "utm.creative_format": [(" ", BLANK), ("a\nb", CONTROL)],
    "utm.marketing_tactic": [(" ", BLANK), ("a\nb", CONTROL)],
    "utm.domains": [
        (["https://shop.example"], HOST), (["shop.example/x"], HOST), (["shop.example:443"], HOST), (["com"], HOST),
        (["*.com"], HOST), (["a..b"], "a part is empty"), ([f"{LONG}.example"], "longer than 63"), ([""], HOST),
        (["*.*.example"], HOST), (["1.2.3.999"], "no IPv4 address"),
    ],
    "sender.from": [
        ("anna", "a sender is written"), ("Anna <anna@a..b>", "a sender is written"), ("a@b.example, c@d.example", "a sender"),
        ("Anna <anna@example.com", "a sender is written"), (f"anna@{LONG}.example", "a sender is written"),
    ],
    "mailings.merge_tags": [
        ([["##"]], "must be a list of pairs"), ([["##", "##", "##"]], "must be a list of pairs"), ([[]], "list of pairs"),
        ([["##", ""]], "begins or ends no merge tag"), ([[" ", "##"]], "begins or ends no merge tag"),
        ([["#\n", "##"]], "begins or ends no merge tag"), ([["a", "b"]], "stands in every mail"),
        ([["<", ">"]], "stands in every mail"), ([["/", "/"]], "stands in every mail"),
        ([["##", "##"], ["##", "##"]], "stands there twice"),
    ],
    "clicks.ip": [("half", "must be 'truncate', 'full' or 'none'")],
    "clicks.networks": [
        (["192.0.2.0/33"], NETWORK), (["192.0.2"], NETWORK), ([""], NETWORK), (["fe80::%eth0/64"], NETWORK),
        (["example.com"], NETWORK), (["0.0.0.0/0"], "most of the internet"), (["::/0"], "most of the internet"),
        (["::ffff:192.0.2.0/120"], "the IPv4 addresses in them"),
    ],
    "clicks.trusted_proxies": [
        (["10.0.0.0/40"], NETWORK), (["proxy"], NETWORK), (["2002:c000:200::/40"], "the IPv4 addresses in them"),
    ],
    "clicks.log_format": [
        ("no-such", "unknown log format"), (" ", "unknown log format"), ("%h %l", "clicks.log_format"),
        ("log_format x '$status';", "clicks.log_format"), ("%h %t \"%r\" %>s \"%{Referer", "not closed"),
    ],
    "clicks.time_zone": [("Mars", ZONE), ("Factory", ZONE)],
    "clicks.unsubscribe_on": [("put", "must be 'post' or 'get'")],
    "clicks.contact_variable": [("", NOT_EMPTY), (" ", NOT_EMPTY), ("a\nb", CONTROL), ("Mail-ing", "one variable")],
    "clicks.mailing_variable": [("", NOT_EMPTY), (" ", NOT_EMPTY), ("a\nb", CONTROL)],
    "actions.time_zone": [("Mars", ZONE), ("posix/Europe/Stockholm", ZONE)],
    "actions.working_days": [([], "no time for a follow-up"), (["monday"], "must be 'mon'"), (["mon", "mon"], "stands there twice")],
    "actions.working_hours": [
        ([], "no time for a follow-up"), (["9-17"], "must look like"), (["17:00-09:00"], "must look like"),
        (["09:00-09:00"], "must look like"), (["13:00-17:00", "09:00-12:00"], "must look like"),
        (["09:00-12:00", "11:00-17:00"], "must look like"), (["09:00-25:00"], "must look like"),
        (["0٩:00-17:00"], "must look like"),
    ],
    "actions.holidays": [([datetime(2026, 12, 24, 9)], "must be a date"), (["2026-12-24"], "must be a date")],
    "actions.guard_formulas": [(1, "must be true or false"), ("yes", "must be true or false")],
    "serve.host": [
        ("", HOST), ("http://127.0.0.1", HOST), ("127.0.0.1:8080", HOST), ("[::1]", "without brackets"),
        ("127.0.0.1/8", HOST), ("a..b", "a part is empty"), ("999.0.0.1", "no IPv4 address"), ("a b", HOST),
    ],
    "serve.port": [(-1, "must be at least 0"), (65536, "must be at most 65,535")],
    "serve.workers": [(0, "must be at least 1"), (65, "must be at most 64")],
    "serve.log": [
        (" ", BLANK), ("a\0b", CONTROL), ("~/clicklog", "~ stands for no folder"), (5_000 * "x/", PATH),
        ("linktrack.key", ELSEWHERE), ("scripts", ELSEWHERE), ("scripts/log", ELSEWHERE), ("pages", ELSEWHERE),
        ("sub/../linktrack.db", ELSEWHERE), ("a-file", "must be a folder"),
        ("a-file/x", "a part of this path is a file"), ("loop", "in a circle"), ("loop/x", "in a circle"),
        ("/proc/x", "system's own"), ("/dev/x", "system's own"), ("/sys", "system's own"),
    ],
    "serve.log_size": [("0MB", SIZE), ("100", SIZE), ("-1MB", SIZE), ("", SIZE), ("999999GB", SIZE), ("1٩MB", SIZE)],
    "serve.form_hosts": [
        (["https://forms.example"], HOST), (["forms.example:443"], HOST), (["forms.example/x"], HOST), (["com"], HOST),
        (["*.forms.example"], HOST), ([""], HOST), (["a..b"], "a part is empty"), ([f"{LONG}.example"], "longer than 63"),
        (["anna@forms.example"], HOST),
    ],
    "serve.subscriptions_days": [(0, "must be at least 1"), (-3, "at least 1"), (10**9, "must be at most 36,500")],
    "pages.name": [(" ", BLANK), ("a\nb", CONTROL)],
    "pages.accent": [("", "a colour is written"), ("red", "a colour is written"), ("#fff", "a colour is written")],
    "pages.background": [("red", "a colour is written"), ("#12345g", "a colour is written")],
    "pages.logo": [
        (" ", BLANK), ("~/logo.png", "~ stands for no folder"), (256 * "x", PATH), ("linktrack.key", ELSEWHERE),
        ("full", "must be a file"), ("clicklog/logo.png", ELSEWHERE),
    ],
    "pages.consent": [("yes", "must be true or false"), (1, "must be true or false")],
    "pages.templates": [
        ("", NOT_EMPTY), (" ", NOT_EMPTY), ("~/pages", "~ stands for no folder"), ("scripts", ELSEWHERE),
        ("clicklog", ELSEWHERE), ("a-file", "must be a folder"), ("linktrack.db", ELSEWHERE),
    ],
    "subscriptions.types": [
        ([""], NOT_EMPTY), ([" "], NOT_EMPTY), (["News", "news "], TWICE), (["*"], "a button with it"), (["a\nb"], CONTROL),
    ],
    "retention.clicks": [("0d", LENGTH), ("-1d", LENGTH), ("1y", LENGTH), (" ", LENGTH), ("99999w", "a hundred years")],
    "retention.click_logs": [("0d", LENGTH), ("36501d", "a hundred years")],
    "retention.agents": [("400", LENGTH), ("99999d", "a hundred years")],
    "retention.values": [("d", LENGTH), ("5300w", "a hundred years")],
    "crm.encoding": [
        ("no-such", "name of an encoding"), ("base64", "name of an encoding"), ("undefined", "name of an encoding"),
        ("idna", "name of an encoding"), ("unicode_escape", "name of an encoding"), ("raw_unicode_escape", "an encoding"),
        ("utf-7", "name of an encoding"), ("cp037", "name of an encoding"), ("a\0b", "name of an encoding"),
    ],
    "crm.delimiter": [
        (";;", "one character"), ('"', "one character"), ("\n", "one character"), ("a", "one character"),
        ("7", "one character"), ("\0", "one character"), ("\\", "escape is the same sign"),
    ],
    "crm.escape": [("/", "must be '' or")],
    "crm.users": [
        ([""], NOT_EMPTY), ([" "], NOT_EMPTY), (["ANNA", "anna"], TWICE), (["auto"], "is no user"), (["Unassigned"], "is no user"),
    ],
    "crm.categories": [
        ({"": ["ANNA"]}, NOT_EMPTY), ({"Sales": [""]}, NOT_EMPTY), ({"Sales": ["ANNA", "anna"]}, TWICE),
        ({"Sales": ["ANNA"], "SALES": ["BO"]}, TWICE), ({"Sales": ["auto"]}, "is no user"),
    ],
    "crm.user_column": [("", COLUMN), (" ", COLUMN), ("a\0b", COLUMN)],
    "crm.user_sheet": [(" ", BLANK), ("a\nb", CONTROL)],
    "crm.user_header_row": [(-1, "must be at least 0"), (1_048_577, "must be at most 1,048,576")],
    "crm.contacts.id": [("", COLUMN), (" ", COLUMN), ("a\0b", COLUMN)],
    "crm.contacts.email": [("", COLUMN), ("\t", COLUMN)],
    "crm.contacts.name": [
        ("", "a column or a list of some"), ([], "a column or a list of some"), ([" "], "a column or a list of some"),
        (["Name", ""], "a column or a list of some"), (["Name", "NAME"], TWICE),
    ],
    "crm.contacts.company": [("", COLUMN)],
    "crm.contacts.our_contact": [("", COLUMN)],
    "crm.contacts.interests": [("", COLUMN), ("contact_id", SAME), ("EMAIL", SAME), ("name", SAME), ("company_id", SAME)],
    "crm.contacts.interests_separator": [("", SEPARATOR), ("x", SEPARATOR), (" and ", SEPARATOR), ('"', SEPARATOR)],
    "crm.contacts.sheet": [(" ", BLANK), ("a\nb", CONTROL)],
    "crm.contacts.header_row": [(-1, "must be at least 0"), (10**9, "must be at most 1,048,576")],
    "crm.contacts.consent.column": [("", COLUMN)],
    "crm.contacts.consent.yes": [([], "nobody could be counted"), ([""], NOT_EMPTY), (["Yes", " "], NOT_EMPTY)],
    "crm.contacts.consent.empty": [("maybe", "must be 'yes' or 'no'")],
    "crm.contacts.fields.x.column": [("", COLUMN), (" ", COLUMN), ("contact_id", "holds the ids")],
    "crm.contacts.fields.x.type": [("money", "must be 'text'")],
    "crm.contacts.fields.x.values": [
        ([], "a list needs them"), ([""], NOT_EMPTY), (["hot", "Hot"], TWICE), (["a\nb"], CONTROL),
    ],
    "crm.contacts.fields.x.format": [
        ("%Q", FORMAT), ("", FORMAT), ("%", FORMAT), ("%-d.%-m.%Y", FORMAT), ("%d %d %m %Y", FORMAT), ("%Y-%m", FORMAT),
        ("%d.%m", FORMAT), ("%H:%M", FORMAT), ("today", FORMAT), ("%Y-%m-%d%z", FORMAT), ("%Y\0%m%d", FORMAT),
    ],
    "crm.contacts.fields.x.decimal": [("'", "must be '.' or ','")],
    "crm.contacts.fields.x.yes": [("", NOT_EMPTY), (" ", NOT_EMPTY), ("False", "cannot be told"), ("no", "cannot be told")],
    "crm.contacts.fields.x.no": [(" ", BLANK), ("TRUE", "cannot be told"), ("1", "cannot be told"), ("a\nb", CONTROL)],
    "crm.contacts.fields.x.create": [("yes", "must be true or false")],
    "crm.contacts.fields": [
        ({"": "X"}, NOT_EMPTY), ({"x": "X", "X": "Y"}, TWICE), ({"email": "Other"}, "give this field another name"),
        ({"contact_id": "Other"}, "give this field another name"), ({"name": ""}, COLUMN),
        ({"x": {"column": "X", "type": "list"}}, "a list needs them"),
        ({"x": {"column": "X", "values": ["a"]}}, 'it belongs to type = "list"'),
        ({"x": {"column": "X", "type": "list", "format": "%Y"}}, "can be read back"),
        ({"x": {"column": "X", "type": "text", "no": "Nej"}}, 'it belongs to type = "yes-no"'),
    ],
    "crm.companies.id": [("", COLUMN)],
    "crm.companies.name": [("", COLUMN)],
    "crm.companies.interests": [("", COLUMN), ("company_id", SAME), ("Name", SAME)],
    "crm.companies.interests_separator": [("", SEPARATOR), ("x", SEPARATOR)],
    "crm.companies.sheet": [(" ", BLANK)],
    "crm.companies.header_row": [(-1, "must be at least 0"), (10**9, "must be at most 1,048,576")],
    "crm.selections.name": [("", COLUMN), ("contact_id", SAME)],
    "crm.selections.contact": [("", COLUMN)],
    "crm.selections.sheet": [(" ", BLANK)],
    "crm.selections.header_row": [(-1, "must be at least 0")],
    "crm.projects.name": [("", COLUMN), ("Contact_ID", SAME)],
    "crm.projects.contact": [("", COLUMN)],
    "crm.projects.sheet": [(" ", BLANK)],
    "crm.projects.header_row": [(-1, "must be at least 0")],
    "crm.follow_ups.user": [("", COLUMN), ("end", SAME)],
    "crm.follow_ups.start": [("", COLUMN), ("end", SAME)],
    "crm.follow_ups.end": [("", COLUMN)],
    "crm.follow_ups.sheet": [(" ", BLANK)],
    "crm.follow_ups.header_row": [(-1, "must be at least 0")],
    "crm.requests.owner": [("", COLUMN)],
    "crm.requests.sheet": [(" ", BLANK)],
    "crm.requests.header_row": [(-1, "must be at least 0")],
}  # fmt: skip

# What else stands in the table of a setting, so that nothing but its value is wrong.
BESIDE: dict[str, dict[str, Any]] = {
    "crm.delimiter": {"escape": "\\"},
    "crm.contacts.consent.column": {"yes": ["Yes"]},
    "crm.contacts.consent.yes": {"column": "Consent"},
    "crm.contacts.consent.empty": {"column": "Consent", "yes": ["Yes"]},
    "crm.contacts.fields.x.values": {"column": "X", "type": "list"},
    "crm.contacts.fields.x.format": {"column": "X", "type": "date"},
    "crm.contacts.fields.x.decimal": {"column": "X", "type": "number"},
    "crm.contacts.fields.x.yes": {"column": "X", "type": "yes-no"},
    "crm.contacts.fields.x.no": {"column": "X", "type": "yes-no"},
    "crm.contacts.fields.x.type": {"column": "X"},
    "crm.contacts.fields.x.create": {"column": "X"},
}

ROWS = [
    pytest.param(setting, value, words, id=f"{setting} = {value!r:.40}".encode("ascii", "replace").decode())
    for setting, rows in REFUSED.items()
    for value, words in rows
]
# [crm] stands in the file alone, and no variable holds a NUL
IN_THE_ENVIRONMENT = [
    row for row in ROWS if not str(row.values[0]).startswith("crm.") and "\0" not in str(row.values[1])
]


class Written(NamedTuple):
    """A file of settings, and the line of the one that is meant."""

    text: str
    line: int


def written(setting: str, value: object) -> Written:
    """`linktrack.toml` with one setting, in its last line."""
    *tables, key = setting.split(".")
    lines = [] if setting == "base_url" else ['base_url = "https://click.example.com"']
    if tables:
        lines += ["", f"[{'.'.join(tables)}]"]
    lines += [f"{name} = {in_toml(one)}" for name, one in BESIDE.get(setting, {}).items()]
    lines.append(f"{key} = {in_toml(value)}")
    assert tomllib.loads("\n".join(lines))
    return Written("\n".join(lines) + "\n", len(lines))


def settings_in(section: type[BaseModel], place: str = "") -> Iterator[str]:
    """Every setting by its place in the file; an entry of `fields` is called `x`."""
    for name, field in section.model_fields.items():
        here = f"{place}{field.alias or name}"
        parts = [field.annotation, *get_args(field.annotation)]
        inner = [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]
        if not inner or here == "crm.contacts.fields":
            yield here
        for table in inner:
            yield from settings_in(table, f"{here}.x." if here == "crm.contacts.fields" else f"{here}.")


def test_every_setting_has_a_row() -> None:
    assert set(settings_in(Settings)) == set(REFUSED)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with a folder and a file that are nobody's; each test writes its settings anew."""
    workspace = init_workspace(tmp_path_factory.mktemp("furnished"), "https://click.example.com", {})
    (workspace.root / "full").mkdir()
    (workspace.root / "a-file").write_text("x")
    (workspace.root / "loop").symlink_to("loop")
    return workspace


@pytest.mark.parametrize(("setting", "value", "words"), ROWS)
def test_a_value_that_nothing_could_use_is_refused_at_load_with_its_line(
    furnished: Workspace, run: Run, setting: str, value: object, words: str
) -> None:
    text, line = written(setting, value)
    furnished.config_path.write_text(text, "utf-8")
    done = run("--workspace", furnished.root, "folder", "list")
    assert (done.code, done.out) == (3, "")
    assert f"linktrack.toml:{line}: {setting}" in done.err, done.err
    assert words in done.err
    (check,) = (one for one in examine(furnished.root, {}) if one.check == "settings")
    assert check.state == "error" and f"linktrack.toml:{line}: {setting}" in check.advice, "doctor sees the same"


@pytest.mark.parametrize(("setting", "value", "words"), IN_THE_ENVIRONMENT)
def test_a_value_of_the_environment_is_refused_by_the_same_rule(
    furnished: Workspace, run: Run, monkeypatch: pytest.MonkeyPatch, setting: str, value: object, words: str
) -> None:
    variable = "LINKTRACK_" + setting.replace(".", "_").upper()
    furnished.config_path.write_text('base_url = "https://click.example.com"\n')
    monkeypatch.setenv(variable, value if isinstance(value, str) else in_toml(value))
    done = run("--workspace", furnished.root, "folder", "list")
    assert (done.code, done.out) == (3, "")
    assert f"{variable}: {setting}" in done.err and words in done.err, done.err


def test_bytes_of_the_environment_that_are_no_text(workspace: Workspace) -> None:
    with pytest.raises(BadInput, match="LINKTRACK_PAGES_NAME: it is not UTF-8"):
        load_workspace(workspace.root, {"LINKTRACK_PAGES_NAME": "caf\udce9"})


def test_a_variable_holds_one_value(workspace: Workspace) -> None:
    with pytest.raises(BadInput, match=r"LINKTRACK_SERVE_PORT: serve\.port: it must be a whole number, not '80"):
        load_workspace(workspace.root, {"LINKTRACK_SERVE_PORT": "80\n[utm]\nmedium = 3"})


# What is wrong with files that settings name -> the setting, what is done before, and what is said.
IN_FILES: dict[str, tuple[str, str, dict[str, str], str]] = {
    "a logo that is not there": ("pages.logo", "no.png", {}, "no.png"),
    "a logo that is no picture": ("pages.logo", "logo.png", {"logo.png": "x"}, "is a PNG, JPEG or SVG file"),
    "a logo that is too large": ("pages.logo", "logo.svg", {"logo.svg": f"<svg{200_000 * ' '}>"}, "100 KB at most"),
    "templates that are not there": ("pages.templates", "own", {}, "there is no folder"),
    "a template that cannot be used": ("pages.templates", "own", {"own/text.html": "\n{% if %}"}, "text.html:2: "),
}


@pytest.mark.parametrize("case", IN_FILES)
def test_files_that_settings_name_are_refused_by_doctor_as_by_the_command(
    workspace: Workspace, run: Run, case: str
) -> None:
    setting, value, files, words = IN_FILES[case]
    for name, text in files.items():
        (workspace.root / name).parent.mkdir(exist_ok=True)
        (workspace.root / name).write_text(text)
    with workspace.config_path.open("a") as file:
        file.write(f"\n[pages]\n{setting.partition('.')[2]} = '{value}'\n")
    done = run("redirects", "export", "out", "--for", "json")
    assert done.code == 3 and words in done.err, done.err
    (advice,) = (row["advice"] for row in run("doctor", "--format", "json").json if row["check"] == "settings")
    assert words in advice and advice.strip() in done.err, "in the same words"


# --- wrong types -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", REFUSED)
def test_a_wrong_type_is_said_in_our_words(tmp_path: Path, setting: str) -> None:
    for value in OF_EVERY_TYPE:
        text, line = written(setting, value)
        (tmp_path / "linktrack.toml").write_text(text)
        try:
            load_workspace(tmp_path, {})
        except BadInput as problem:
            assert (problem.line, words_of_a_library(problem.sentence)) == (line, []), problem.sentence
            assert setting in problem.sentence


# --- what stays right ------------------------------------------------------------------------------------------

TAKEN: dict[str, list[Any]] = {
    "base_url": ["http://127.0.0.1:8080", "https://localhost", "https://Click.example.com/x/y", "https://xn--rv-via.example"],
    "time_zone": ["UTC", "Europe/Stockholm", "Etc/GMT+3"],
    "database.url": ["sqlite:///data.db", "sqlite:////var/lib/x.db", "postgresql+psycopg://u@h/n", "sqlite:///linktrack.db"],
    "utm.domains": [["shop.example", "*.shop.example", ".shop.example", "räv.example", "localhost", "192.0.2.1", "my_shop.se"]],
    "sender.from": ["Anna Berg <anna@example.com>", "anna@räv.example", "a@[192.0.2.1]"],
    "mailings.merge_tags": [[["##", "##"]], [["-", "-"]], [["%", "%"]], [["«", "»"], ["##", "#}"]], [["FIELD(", ")]"]]],
    "clicks.networks": [["192.0.2.7", "10.0.0.0/8", "10.0.0.1/8", "2001:db8::/32", "192.0.2.0/255.255.255.0"]],
    "clicks.trusted_proxies": [[], ["0.0.0.0/0"], ["fc00::/7"]],
    "clicks.log_format": ["combined", '%h %l %u %t "%r" %>s %b'],
    "actions.working_hours": [["08:00-12:00", "12:00-24:00"]],
    "serve.host": ["0.0.0.0", "::", "::1", "fe80::1%eth0", "localhost", "my-machine"],
    "serve.port": [0, 65535],
    "serve.log": ["logs/clicks", "/var/log/linktrack", "/dev/shm/linktrack"],
    "serve.log_size": ["5KB", "1 GB", "1000GB"],
    "serve.form_hosts": [["forms.example", "räv.example", "localhost"]],
    "pages.background": ["", "#FFffff"],
    "pages.logo": ["", "pages/logo.png", "logo.svg"],
    "pages.templates": ["pages", "own/pages"],
    "subscriptions.types": [["News", "Offers, and more"]],
    "retention.clicks": ["", "400d", "12h", "5200w"],
    "crm.encoding": ["", "cp1252", "latin-1", "UTF-16", "utf-16-le", "utf_8_sig", "shift_jis", "iso2022_jp", "utf32"],
    "crm.delimiter": ["", ";", "\t", "|", "\x1f", "^"],
    "crm.contacts.name": ["Name", ["First name", "Last name"]],
    "crm.contacts.id": ["Contact\nid"],
    "crm.contacts.interests_separator": [",", ", ", "\n", "|", "^", " / "],
    "crm.contacts.fields.x.format": ["%d.%m.%Y", "%d.%m.%y", "%m/%d/%Y", "%B %d, %Y", "%Y%m%d", "%d-%b-%Y", "%Y-%m-%d %H:%M"],
    "crm.contacts.fields.x.no": ["", "Nej", "false"],
    "crm.contacts.fields.x.yes": ["X", "Ja", "1"],
    "crm.contacts.fields": [{"email": "EMAIL"}, {"x_a": "A", "x_b": "A"}],
    "crm.categories": [{"Sales": ["ANNA"], "Nobody yet": []}],
}  # fmt: skip


def test_the_examples_in_the_comments_of_the_commented_configuration_can_be_used(workspace: Workspace) -> None:
    text = (Path(__file__).parents[2] / "configs" / "linktrack.toml").read_text("utf-8")
    shown, examples = re.subn(r"^# (?=\w+ = [\[{\"])", "", text, flags=re.MULTILINE)
    assert examples == 8
    workspace.config_path.write_text(shown)
    crm = load_workspace(workspace.root, {}).settings.crm
    assert crm.categories and crm.contacts.consent and len(crm.contacts.fields) >= 6


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        pytest.param(setting, value, id=f"{setting} = {value!r:.40}".encode("ascii", "replace").decode())
        for setting, values in TAKEN.items()
        for value in values
    ],
)
def test_a_value_that_can_be_used_is_taken(furnished: Workspace, setting: str, value: object) -> None:
    furnished.config_path.write_text(written(setting, value).text, "utf-8")
    load_workspace(furnished.root, {})
