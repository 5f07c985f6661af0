"""A log being read: which requests are clicks, what identifies them, and what a batch says of its visitors."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

import pytest
from clicks_world import CHROME, SENT, World, key_of, line

from linktrack.click_marks import POST, PREFETCH, SHARED
from linktrack.clicks.formats import LineFormat, format_of
from linktrack.clicks.logs.batches import Batch
from linktrack.clicks.logs.changing import Changing
from linktrack.clicks.logs.content import open_log
from linktrack.clicks.logs.fields import AGENT_LENGTH, agent_text
from linktrack.clicks.logs.import_terms import ImportOptions, ImportTerms
from linktrack.clicks.logs.import_terms import terms_of as terms_by
from linktrack.clicks.logs.line_log import Reading
from linktrack.clicks.logs.requests import BATCH_BYTES
from linktrack.clicks.logs.tracked import AddressBook
from linktrack.clicks.logs.visitor import Visitors
from linktrack.settings.tables import PRIVATE_NETWORKS


def terms_of(world: World) -> ImportTerms:
    with world.database() as database:
        return terms_by(world.workspace, AddressBook(world.workspace, database), ImportOptions(), SENT)


def batches(terms: ImportTerms, log: Path, name: str = "combined") -> Iterator[Batch]:
    format = format_of(name)
    assert isinstance(format, LineFormat)
    with open_log(str(log)) as opened:
        yield from Reading(opened, Changing(format, named=True), None, terms).batches()


def only(terms: ImportTerms, log: Path, name: str = "combined") -> Batch:
    (batch,) = batches(terms, log, name)
    return batch


def request(world: World, *, method: str = "GET", status: int = 302, query: str = "", **headers: str) -> bytes:
    record = {
        "time_iso8601": "2026-05-04T09:10:00Z", "remote_addr": "203.0.113.9", "status": status,
        "request": f"{method} {world.path(10 if method == 'POST' else 1)}{query} HTTP/1.1", "http_user_agent": CHROME,
    }  # fmt: skip
    return json.dumps(record | headers).encode() + b"\n"


def at(seconds: int) -> int:
    return SENT + seconds * 1000


# Headers by the names that logs give them, and what they say.
PREFETCHES = {
    "Sec-Purpose": ("http_sec_purpose", "prefetch;prerender", True),
    "Purpose": ("http_purpose", "prefetch", True),
    "X-Purpose": ("http_x_purpose", "preview", True),
    "X-Moz": ("http_x_moz", "prefetch", True),
    "a header that is empty": ("http_sec_purpose", "", False),
    "a header that is not there": ("http_sec_purpose", "-", False),
    "another purpose": ("http_purpose", "reading", False),
}


@pytest.mark.parametrize("status", [302, 503])
@pytest.mark.parametrize("case", PREFETCHES)
def test_the_answer_503_is_a_prefetch_where_the_line_has_the_header(
    case: str, status: int, world: World, tmp_path: Path
) -> None:
    key, value, is_prefetch = PREFETCHES[case]
    log = tmp_path / "x.log"
    log.write_bytes(request(world, status=status, **{key: value}))
    batch = only(terms_of(world), log, "nginx-json")
    if status == 302 or is_prefetch:
        assert [click[9] for click in batch.clicks] == [PREFETCH if is_prefetch else 0]
    else:
        assert (len(batch.clicks), batch.reasons) == (0, {"status": 1})


HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
CADDY = '{"ts":1777878753,"request":{"method":"GET","uri":"/x","headers":{"%s":["prefetch"]}},"status":302}'
WITH_HEADERS: dict[str, Callable[[str], str]] = {
    "nginx-json": lambda name: f'{{"time":"1777878753","request":"GET /x HTTP/1.1","status":"302","http_{name.replace("-", "_")}":"prefetch"}}',
    "nginx-json, the header's own name": lambda name: f'{{"time":"1777878753","request":"GET /x HTTP/1.1","status":"302","{name}":"prefetch"}}',
    "caddy": lambda name: CADDY % name.title(),
    "traefik-json": lambda name: f'{{"RequestMethod":"GET","RequestPath":"/x","StartUTC":"2026-05-04T07:12:33Z","request_{name.title()}":"prefetch"}}',
    "iis": lambda name: f"#Fields: date time cs-method cs-uri-stem cs({name.title()}) sc-status\n2026-05-04 07:12:33 GET /x prefetch 302",
    "haproxy": lambda name: '203.0.113.9:5 [04/May/2026:09:12:33.143] f b/s 0/0/7/14/21 302 1 - - ---- 2/1/0/0/0 0/0 {a/1|prefetch} "GET /x HTTP/1.1"',
    '$msec "$request" $status "$http_NAME"': lambda name: '1777878753.1 "GET /x HTTP/1.1" 302 "prefetch"',
    r'%t "%r" %>s "%{NAME}i"': lambda name: '[04/May/2026:09:12:33 +0200] "GET /x HTTP/1.1" 302 "prefetch"',
    "linktrack": lambda name: '{"time":"2026-05-04T07:12:33Z","ip":"","method":"GET","path":"/x","status":503,"user_agent":"","network":"","sec_purpose":"prefetch"}',
}  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("case", WITH_HEADERS)
def test_each_format_with_headers_knows_all_four(case: str, header: str) -> None:
    nginx = case.replace("$http_NAME", "$http_" + header.replace("-", "_"))
    format = format_of(nginx.partition(",")[0] if "$" not in nginx else nginx.replace("NAME", header))
    if "NAME}i" in case:
        format = format_of(case.replace("NAME", header))
    assert isinstance(format, LineFormat)
    row = format.rows(WITH_HEADERS[case](header).encode() + b"\n")[-1]
    assert (row[3], row[8]) == (b"GET", b"prefetch")


POSTED = {
    "one-click": ("", ""),
    "the page's button": ("?page", "page"),
    "a type's button": ("?off=News", "off=News"),
    "all types": ("?off=*", "off=*"),
    "a long query": ("?off=News&" + "a" * 1000 + "&off=Offers", "off=News"),
    "bytes that are no text": ("?off=\u00e9", "off=é"),
}


@pytest.mark.parametrize("case", POSTED)
def test_a_post_where_one_acts_is_a_click_and_says_what_was_pressed(case: str, world: World, tmp_path: Path) -> None:
    query, pressed = POSTED[case]
    log = tmp_path / "x.log"
    log.write_bytes(request(world, method="POST", query=query, status=200, http_purpose="prefetch"))
    batch = only(terms_of(world), log, "nginx-json")
    ((moment, mark, *_, flags),) = batch.clicks
    assert flags & POST
    assert batch.pressed == ([(moment, mark, pressed)] if pressed else [])


def test_a_post_elsewhere_and_a_get_with_a_query_press_nothing(world: World, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(line(world.path(1) + "?page", method="POST") + line(world.path(10) + "?off=News"))
    batch = only(terms_of(world), log)
    assert (batch.reasons, batch.pressed, [click[9] for click in batch.clicks]) == ({"method": 1}, [], [0])


def test_the_print_of_a_line_is_what_it_says_of_the_request_and_nothing_else(world: World, tmp_path: Path) -> None:
    """No address, no key, no envelope, no setting: whoever can read the log can make it."""
    target, log = world.path(), tmp_path / "x.log"
    log.write_bytes(line(target))
    expected = blake2b(
        b"\0".join((b"04/May/2026:09:10:00 +0000", b"GET", target.encode(), b"302", CHROME.encode())), digest_size=8
    ).digest()
    terms = terms_of(world)
    marks = {only(terms, log).clicks[0][1]}
    for how in ("full", "none"):
        visitors = Visitors([], [("192.0.2.0/24", "own")], how)
        marks.add(only(replace(terms, visitors=visitors, key=b"x" * 32), log).clicks[0][1])
    log.write_bytes(line(target, ip="203.0.113.9, 10.0.0.1"))
    marks.add(only(terms, log).clicks[0][1])
    log.write_bytes(b"May  4 09:10:00 web01 nginx: " + line(target).rstrip() + b' "203.0.113.9"\r\n')
    marks.add(only(terms, log).clicks[0][1])
    assert marks == {int.from_bytes(expected, "little", signed=True)}


def test_equal_requests_of_different_addresses_are_counted_in_order(world: World, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes(b"".join(line(world.path(), ip=ip) for ip in ("203.0.113.9", "198.51.100.7", "203.0.113.9")))
    assert world.load(log).stored == 3
    (tmp_path / "y.log").write_bytes(b"\n" + log.read_bytes())
    assert world.load(tmp_path / "y.log").stored == 0
    assert sorted(click[6] for click in world.clicks()) == ["198.51.100.0", "203.0.113.0", "203.0.113.0"]


def test_a_batch_names_networks_and_its_busiest_visitors(world: World, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    chains = ["203.0.113.9, 10.0.0.1"] * 5 + ["40.94.1.2"] * 2 + ["10.0.0.9"] * 4 + ["192.0.2.78", "192.0.2.77"]
    log.write_bytes(b"".join(line(world.path(), number, ip=chain) for number, chain in enumerate(chains)))
    visitors = Visitors(PRIVATE_NETWORKS, [("192.0.2.77", "my monitoring"), ("40.94.0.0/16", "Safe Links")], "truncate")
    batch = only(replace(terms_of(world), visitors=visitors), log)
    named = [(click[6], batch.networks[click[7]]) for click in batch.clicks]
    assert named == [
        *[("203.0.113.0", "")] * 5, *[("40.94.1.0", "Safe Links")] * 2, *[("10.0.0.0", "")] * 4,
        ("192.0.2.0", ""), ("192.0.2.0", "my monitoring"),
    ]  # fmt: skip
    assert [click[9] for click in batch.clicks] == [SHARED if ip == "10.0.0.0" else 0 for ip, _ in named]
    assert batch.busiest == {"203.0.113.0": 5, "40.94.1.0": 2, "192.0.2.0": 2}


def test_our_own_log_says_the_network_itself(world: World, tmp_path: Path) -> None:
    record = {"time": "2026-05-04T09:10:00.123Z", "ip": "203.0.113.0", "method": "GET", "path": world.path(),
              "status": 302, "user_agent": CHROME, "network": "Proofpoint"}  # fmt: skip
    log = tmp_path / "x.log"
    log.write_text(json.dumps(record) + "\n")
    batch = only(terms_of(world), log, "linktrack")
    assert [(click[0], click[6], batch.networks[click[7]]) for click in batch.clicks] == [
        (at(600) + 123, "203.0.113.0", "Proofpoint")
    ]


def test_agents_are_kept_up_to_a_length_and_many_long_ones_end_a_batch(world: World, tmp_path: Path) -> None:
    log, target = tmp_path / "x.log", world.path()
    count = 30_000
    with log.open("wb") as out:
        for number in range(count):
            out.write(line(target, 600 + number // 100, agent=f"{number:06} " + "a" * 1000))
    terms, most, clicks = terms_of(world), 0, 0
    for batch in batches(terms, log):
        most = max(most, sum(map(len, batch.agents)))
        assert {len(agent) for agent in batch.agents} <= {AGENT_LENGTH}
        clicks += len(batch.clicks)
    assert clicks == count
    assert most < BATCH_BYTES + (2 << 20)


AGENTS = {
    "a short one": (b"Mozilla/5.0", "Mozilla/5.0"),
    "a long one": (b"a" * 1000, "a" * 500),
    "a long one in escapes": (b"\\xC3\\xA9" * 600, "é" * 500),
    "NUL": (b"a\x00b", "a\\x00b"),
    "bytes that are not UTF-8": (b"\xff", "\\xff"),
}


@pytest.mark.parametrize("case", AGENTS)
def test_an_agent_as_text(case: str) -> None:
    field, wanted = AGENTS[case]
    assert agent_text(field) == wanted


# What stands where the token should, and why it is rejected; None = it is none of ours.
BEHIND_THE_KEY = {
    "{{linktrack_token}}": "unfilled-merge-tag",
    "%257B%257Blinktrack_token%257D%257D": "unfilled-merge-tag",
    "%7B%7B": "unfilled-merge-tag",
    "&tok": "unfilled-merge-tag",
    "%2e%2e/admin": None,
    "{{ linktrack_token }}".replace(" ", "%20"): "unfilled-merge-tag",
    "%7B%7Blinktrack_token%7D%7D": "unfilled-merge-tag",
    "%7b%7blinktrack_token%7d%7d?utm_source=x": "unfilled-merge-tag",
    "*%7CLINKTRACK%7C*": "unfilled-merge-tag",
    "*|LINKTRACK|*": "unfilled-merge-tag",
    "[[linktrack]]": "unfilled-merge-tag",
    "%5B%5Blinktrack%5D%5D": "unfilled-merge-tag",
    "%%linktrack%%": "unfilled-merge-tag",
    "${linktrack}": "unfilled-merge-tag",
    "%recipient.linktrack%": "unfilled-merge-tag",
    "-linktrack-": "unfilled-merge-tag",
    **dict.fromkeys(
        (
            "{linktrack}",
            "{$linktrack}",
            "%7B%24linktrack%7D",
            "%LINKTRACK%",
            "[linktrack]",
            "#link-track#",
            "[%linktrack%]?a=b",
            "$linktrack$/",
            "{!Contact.Token}",
            "@@linktrack@@",
            "__TOKEN__",
        ),
        "unfilled-merge-tag",
    ),
    "{linktrack": "unfilled-merge-tag",
    "{$a}b": "unfilled-merge-tag",
    "!wp-admin": "unfilled-merge-tag",
    "a" * 31: "malformed-token",
    "a" * 32 + "b": "malformed-token",
    "": "unfilled-merge-tag",
    "?utm_source=x": "unfilled-merge-tag",
    "~": "unfilled-merge-tag",
}


@pytest.mark.parametrize("behind", BEHIND_THE_KEY)
def test_what_stands_where_the_token_should(behind: str, world: World) -> None:
    resolve = terms_of(world).addresses.resolve
    assert resolve(f"/{key_of(1)}/{behind}".encode()) == BEHIND_THE_KEY[behind]
    assert resolve(f"/zzz/{behind}".encode()) is None, "no placement of ours"


def test_what_is_passed_over_at_a_glance_is_none_of_ours(world: World) -> None:
    chance = random.Random(11)
    addresses = terms_of(world).addresses
    token = world.path().rpartition("/")[2]
    pieces = [
        "/", "//", "?", "#", ".", "%2F", "%2f", "%20", "%", "http://", "click.example.com", key_of(1), key_of(1).upper(),
        "zzz", "wp-content", token, token.upper(), token[:-1], token[:-1] + "0", token + "a", "a" * 32, "{{token}}",
        "", "=", "index.html", "?utm_source=x", f"/{key_of(2)}/", f"/{key_of(1)}/{token}", f"/go/{key_of(1)}/{token}",
    ]  # fmt: skip
    met = Counter[str]()
    for _ in range(20_000):
        target = ("/" + "".join(chance.choices(pieces, k=chance.randint(1, 5)))).encode()
        found = addresses.resolve(target)
        assert found == addresses._resolved(target), target  # noqa: SLF001  (the whole look, without the glance)
        met["good" if isinstance(found, tuple) else str(found)] += 1
    assert met.keys() >= {"good", "None", "malformed-token", "unfilled-merge-tag", "forged-token", "unknown-placement"}


@pytest.mark.parametrize(
    "tag", ["$TOKEN", "(t)", "<<t>>", "^T^", "~t~", "::t::", "%t", "[-t-]", "{åäö}", "[[data:token:'']]", "my token"]
)
def test_the_merge_tag_of_a_template_is_known_unfilled(tag: str, world: World) -> None:
    with world.database() as database, database.transaction():
        database.execute("UPDATE shipment SET settings = ?", (json.dumps({"merge_tag": tag}),))
    addresses = terms_of(world).addresses
    head = f"/{key_of(1)}/"
    for written in {tag, quote(tag), quote(tag.lower(), safe="$()^~:'"), quote(tag) + "?utm_source=x"}:
        assert addresses.resolve((head + written).encode()) == "unfilled-merge-tag"
    assert addresses.resolve(f"/zzz/{tag}".encode()) is None
    assert isinstance(addresses.resolve(world.path().encode()), tuple)
    assert addresses.has_unfilled(f'"GET {head}{tag} HTTP/1.1" 404'.encode())
