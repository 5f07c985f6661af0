"""Every report against an oracle that counts the raw clicks in plain Python, whatever happened to them."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from clicks_world import SENT, World, key_of
from reports.reports_world import (
    AUTUMN_SENT,
    DAY,
    HOUR,
    MAILINGS,
    OTHER_ZONE,
    SHIPMENTS,
    STRICT,
    ZONE,
    Oracle,
    RawClick,
    Where,
    always,
)  # fmt: skip
from tests_support import Run

from linktrack.clicks.listing import ClickFilter, ClickRow, count_clicks, list_clicks
from linktrack.reports import clickers
from linktrack.reports.statistics import Sample, difference_word, newcombe, wilson
from linktrack.store.purged import note_purged

Rows = list[dict[str, Any]]
LINKS = {
    "link-1": ("Link 1", "Campaigns"), "link-2": ("Link 2", "Campaigns/Spring"), "link-3": ("Link 3", "Campaigns2"),
    "link-4": ("Link 4", None), "link-5": ("Link 5", None), "link-6": ("Link 6", None), "link-7": ("Link 7", None),
    "link-8": ("Link 8", None), "unsubscribe": ("", None), "winter.1": ("Local", None),
}  # fmt: skip


def rate(clickers: int, sent: int) -> dict[str, float | None]:
    if not sent:
        return {"click_rate": None, "rate_low": None, "rate_high": None}
    low, high = wilson(Sample(clickers, sent))
    return {"click_rate": round(clickers / sent, 6), "rate_low": round(low, 6), "rate_high": round(high, 6)}


def shown(run: Run, *arguments: object) -> Rows:
    done = run("report", *arguments, "--format", "json", "--quiet")
    assert (done.code, done.err) == (0, "")
    found: Rows = done.json
    return found


def clickers_shown(run: Run, *arguments: object) -> Rows:
    """Clickers, who are the same where the beginning of a long list is looked up before all of them are sorted."""
    found = shown(run, "clickers", *arguments)
    for many in (4, 12):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clickers, "_LONG", 1)
            patch.setattr(clickers, "_FIRST", many)
            assert shown(run, "clickers", *arguments) == found
    return found


def picked(rows: Rows, *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(row[key] for key in keys) for row in rows]


# --- what is expected, by report -------------------------------------------------------------------------------


def mailing_row(oracle: Oracle, name: str, where: Where = always) -> dict[str, Any]:
    own = oracle.shipments(name)
    counts = oracle.counts(own, where)
    sent = 30 * len(own)
    return {
        "mailing": name, "type": "newsletter" if name in ("spring", "autumn") else "news", "shipments": len(own),
        "sent": sent, **counts, "test_clicks": oracle.tests(oracle.shipments(name, tests=True), where),
        **rate(counts["clickers"], sent), **oracle.edges(own, where),
    }  # fmt: skip


def shipment_row(oracle: Oracle, number: int, where: Where = always, *, by_link: bool = False) -> dict[str, Any]:
    mailing, sent_at, is_test = SHIPMENTS[number]
    counts = oracle.counts([number], where, by_link=by_link)
    return {
        "mailing": MAILINGS[mailing], "shipment": number, "sent_at": oracle.iso(sent_at), "test": is_test, "sent": 30,
        **counts, "test_clicks": oracle.tests([number], where), **rate(counts["clickers"], 30),
        **oracle.edges([number], where),
    }  # fmt: skip


def link_row(
    oracle: Oracle, key: str, mailing: str | None, shipments: list[int], where: Where = always
) -> dict[str, Any]:
    standing = oracle.standing(mailing).get(key, Counter[str]())
    everywhere = oracle.standing().get(key, Counter[str]())
    counts = oracle.counts(shipments, on_link(key, where), by_link=True)
    sent = 30 * sum(MAILINGS[SHIPMENTS[number][0]] in everywhere for number in shipments)
    return {
        "key": key, "folder": LINKS[key][1], "placements": sum(standing.values()), **counts, "sent": sent,
        **rate(counts["clickers"], sent), **oracle.edges(shipments, on_link(key, where)),
        "status": "deleted" if key in ("link-7", "link-8") else "active",
        "actions": ["interest"] if key == "link-1" else [],
    }  # fmt: skip


def on_link(key: str, where: Where = always) -> Where:
    return lambda one: one.link == key and where(one)


def by_clicks(rows: Rows, name: str) -> Rows:
    return sorted(rows, key=lambda row: (-row["clicks"], row[name].casefold()))


def link_rows(oracle: Oracle, mailing: str | None = None, shipments: list[int] | None = None) -> Rows:
    chosen = oracle.shipments(mailing) if shipments is None else shipments
    rows = [
        link_row(oracle, key, mailing, chosen)
        for key in LINKS
        if key in oracle.standing(mailing) or (mailing is None and key not in ("link-7", "link-8"))
    ]
    return by_clicks(rows, "key")


def same(rows: Rows, expected: Rows) -> None:
    """The rows are those, in that order, in every key that is expected."""
    assert [{key: row[key] for key in one} for row, one in zip(rows, expected, strict=True)] == expected


# --- the states of the world -------------------------------------------------------------------------------------


def as_imported(oracle: Oracle, run: Run) -> None:
    pass


def judged_anew(oracle: Oracle, run: Run) -> None:
    """By other rules: who was a machine by their network is a person now."""
    settings = oracle.world.workspace.config_path
    text = settings.read_text("utf-8")
    assert STRICT in text
    settings.write_text(text.replace(STRICT, ""), "utf-8")
    before = len(oracle.human(oracle.shipments()))
    assert run("click", "judge").code == 0
    assert len(Oracle(oracle.world, oracle.zone).human(oracle.shipments())) > before


def cancelled(oracle: Oracle, run: Run) -> None:
    assert run("shipment", "cancel", 2).code == 0
    assert run("shipment", "cancel", 5).code == 0


def link_reset(oracle: Oracle, run: Run) -> None:
    assert run("link", "reset", "link-2", "--yes").code == 0


STATES = [
    *((ZONE, change) for change in (as_imported, judged_anew, cancelled, link_reset)),
    (OTHER_ZONE, as_imported),
]


@pytest.fixture(scope="session")
def changed() -> dict[object, World]:
    """Worlds in which something has happened, by zone and what; each is made once."""
    return {}


@pytest.fixture(params=STATES, ids=lambda state: f"{state[1].__name__}, {state[0]}")
def state(
    request: pytest.FixtureRequest, world_in: Callable[[str], World], changed: dict[object, World], run: Run,
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch,
) -> Oracle:  # fmt: skip
    zone, change = request.param
    if request.param not in changed:
        world = world_in(zone).copy(tmp_path_factory.mktemp("state") / "world")
        monkeypatch.chdir(world.workspace.root)
        change(Oracle(world, ZoneInfo(zone)), run)
        changed[request.param] = world
    monkeypatch.chdir(changed[request.param].workspace.root)
    return Oracle(changed[request.param], ZoneInfo(zone))


# --- figures -----------------------------------------------------------------------------------------------------


def test_the_world_has_all_that_is_counted(oracle: Oracle) -> None:
    verdicts = {one.verdict for one in oracle.raw}
    assert verdicts == {"human", "prefetch", "scanner", "test"}
    assert {oracle.device(one) for one in oracle.human(oracle.shipments())} == {"desktop", "phone", "tablet"}
    assert len(oracle.firsts(oracle.shipments())) < len(oracle.human(oracle.shipments()))


def test_mailings(state: Oracle, run: Run) -> None:
    expected = [mailing_row(state, name) for name in MAILINGS.values() if name != "gone"]
    same(shown(run, "mailings"), by_clicks(expected, "mailing"))
    same(shown(run, "mailings", "--mailing", "winter"), [mailing_row(state, "winter")])


def test_links(state: Oracle, run: Run) -> None:
    same(shown(run, "links"), link_rows(state))


@pytest.mark.parametrize("name", ["spring", "autumn", "winter", "never"])
def test_links_of_a_mailing(state: Oracle, run: Run, name: str) -> None:
    expected = link_rows(state, name)
    same(shown(run, "mailing", name), expected)
    same(shown(run, "links", "--mailing", name), expected)


def test_links_of_a_shipment(state: Oracle, run: Run) -> None:
    same(shown(run, "mailing", "spring", "--shipment", 1), link_rows(state, "spring", [1]))


@pytest.mark.parametrize(
    ("folder", "keys"),
    [("Campaigns", ["link-1", "link-2"]), ("Campaigns/Spring", ["link-2"]), ("Campaigns2", ["link-3"])],
)
def test_links_of_a_folder_and_those_in_it(state: Oracle, run: Run, folder: str, keys: list[str]) -> None:
    expected = [row for row in link_rows(state) if row["key"] in keys]
    same(shown(run, "links", "--folder", folder), expected)
    assert sorted(picked(shown(run, "mailing", "spring", "--folder", folder), "key")) == [(key,) for key in keys]


@pytest.mark.parametrize("tests", [False, True], ids=["without tests", "with tests"])
def test_a_mailing_by_shipment(state: Oracle, run: Run, tests: bool) -> None:
    option = ["--include-tests"] if tests else []
    expected = [shipment_row(state, number) for number in state.shipments("spring", tests=tests)]
    same(shown(run, "mailing", "spring", "--by", "shipment", *option), expected)


@pytest.mark.parametrize("key", ["link-1", "link-2", "link-4", "winter.1"])
def test_a_link(state: Oracle, run: Run, key: str) -> None:
    standing = state.standing()[key]
    for tests in (False, True):
        expected = [
            {"placements": standing[MAILINGS[SHIPMENTS[number][0]]]}
            | shipment_row(state, number, on_link(key), by_link=True)
            for number in state.shipments(tests=tests)
            if MAILINGS[SHIPMENTS[number][0]] in standing
        ]
        same(shown(run, "link", key, *(["--include-tests"] if tests else [])), expected)


def test_placements(state: Oracle, run: Run) -> None:
    rows = shown(run, "mailing", "spring", "--by", "placement")
    shipments = state.shipments("spring")
    assert [row["position"] for row in rows] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    for row in rows:
        human = [one for one in state.human(shipments) if one.placement == row["placement"]]
        machine = [one for one in state.machine(shipments) if one.placement == row["placement"]]
        people = {(one.shipment, one.recipient) for one in human}
        assert (row["clicks"], row["clickers"], row["machine_clicks"]) == (len(human), len(people), len(machine))
        everybody = {(one.shipment, one.recipient) for one in state.human(shipments)}
        assert row["share"] == (round(len(people) / len(everybody), 6) if everybody else None)


def test_hours_days_and_weekdays(state: Oracle, run: Run) -> None:
    for name in ("spring", "autumn", "winter"):
        own = state.shipments(name)
        by_hour = state.grouped(own, lambda one: state.hour(one.at))
        expected = [{"hour": hour, **counts} for hour, counts in by_hour.items()]
        expected.sort(key=lambda row: datetime.fromisoformat(row["hour"]))
        same(shown(run, "mailing", name, "--by", "hour"), expected)
        same(shown(run, "mailing", name, "--by", "day"), state.days(own))
        weekdays = [
            {"weekday": day} | state.counts(own, lambda one: state.local(one.at).isoweekday() == day)  # noqa: B023
            for day in range(1, 8)
        ]
        same(shown(run, "mailing", name, "--by", "weekday"), weekdays)


def test_hours_of_the_week(state: Oracle, run: Run) -> None:
    def when(one: RawClick) -> tuple[int, int]:
        begins = datetime.fromisoformat(state.hour(one.at))
        return begins.isoweekday(), begins.hour

    expected = [
        {"weekday": weekday, "hour": hour, **counts}
        for (weekday, hour), counts in state.grouped(state.shipments("spring"), when).items()
    ]
    same(shown(run, "mailing", "spring", "--by", "weekhour"), expected)


def test_domains(state: Oracle, run: Run) -> None:
    own = state.shipments("spring")
    expected = []
    for domain in ("", "example.com", "example.se", "mail.example.com"):
        counts = state.counts(own, lambda one: state.domain_of(one.recipient) == domain)  # noqa: B023
        sent = len(own) * sum(state.domain_of(recipient) == domain for recipient in range(1, 31))
        expected.append({"domain": domain, "sent": sent, **counts})
    same(shown(run, "mailing", "spring", "--by", "domain"), by_clicks(expected, "domain"))


def test_devices(state: Oracle, run: Run) -> None:
    by_device = state.grouped(state.shipments("spring"), state.device)
    expected = [{"device": device, **counts} for device, counts in by_device.items()]
    same(shown(run, "mailing", "spring", "--by", "device"), by_clicks(expected, "device"))


def test_reasons_add_up_to_the_machine_clicks(state: Oracle, run: Run) -> None:
    own = state.shipments("spring")
    rows = shown(run, "mailing", "spring", "--by", "reason")
    for row in rows:
        clicks = [
            one
            for one in (*state.human(own), *state.machine(own))
            if (one.verdict, one.reasons.split(",")[0]) == (row["verdict"], row["reason"])
        ]
        assert row["clicks"] == len(clicks) > 0
    machine = sum(row["clicks"] for row in rows if row["verdict"] in ("prefetch", "scanner"))
    assert machine == len(state.machine(own))
    assert sum(row["clicks"] for row in rows) == machine + len(state.human(own))
    assert [row["clicks"] for row in rows] == sorted((row["clicks"] for row in rows), reverse=True)


def test_ages(state: Oracle, run: Run) -> None:
    for name in ("spring", "autumn"):
        own = state.shipments(name)
        shares, medians = state.shares(name), state.medians(name)
        expected = [
            {"hours": hour}
            | state.counts(own, lambda one: state.age(one) == hour)  # noqa: B023
            | {"share": shares and shares[hour], "median": medians and medians[hour]}
            for hour in range(48)
        ]
        same(shown(run, "mailing", name, "--by", "age"), expected)


def test_what_was_caused(state: Oracle, run: Run) -> None:
    own = state.shipments("spring")
    assert shown(run, "mailing", "spring", "--by", "action") == sorted(
        [
            {"kind": "interest", "name": "News", "status": "ok", "count": sum(own)},
            {"kind": "script", "name": "call", "status": "failed", "count": len(own)},
        ],
        key=lambda row: (-int(str(row["count"])), str(row["kind"])),
    )


def test_mailings_compared(state: Oracle, run: Run) -> None:
    rows = shown(run, "compare", "winter", "spring", "autumn", "winter")
    assert picked(rows, "mailing", "other") == [("winter", "spring"), ("winter", "autumn"), ("spring", "autumn")]
    for row in rows:
        one, other = (
            Sample(len(state.firsts(state.shipments(name))), 30 * len(state.shipments(name)))
            for name in (row["mailing"], row["other"])
        )
        if one.sent and other.sent:
            low, high = newcombe(one, other)
            numbers = (row["click_rate"], row["other_rate"], row["difference"], row["low"], row["high"])
            assert numbers == pytest.approx((one.rate, other.rate, one.rate - other.rate, low, high), abs=1e-6)
            assert row["verdict"] == difference_word(one, other)
        else:
            assert (row["difference"], row["low"], row["high"], row["verdict"]) == (None, None, None, "inconclusive")


@pytest.mark.parametrize("last", [1, 2, 5])
def test_engagement_counts_persons(state: Oracle, run: Run, last: int) -> None:
    sent = {name: [SHIPMENTS[number][1] for number in state.shipments(name)] for name in MAILINGS.values()}
    latest = sorted((name for name in sent if sent[name]), key=lambda name: -max(sent[name]))[:last]
    clicked = {
        person: sum(any(one.recipient == person for one in state.human(state.shipments(name))) for name in latest)
        for person in range(1, 31)
    }
    assert shown(run, "mailings", "--by", "engagement", "--of", last) == [
        {"clicked": number, "recipients": sum(count == number for count in clicked.values())}
        for number in range(last + 1)
    ]


# --- people ------------------------------------------------------------------------------------------------------


def clicker_rows(oracle: Oracle, shipments: list[int], where: Where, period: Where = always) -> list[tuple[Any, ...]]:
    found = []
    for shipment in sorted(shipments):
        people: dict[int, list[int]] = {}
        for one in oracle.human([shipment]):
            if where(one):
                people.setdefault(one.recipient, []).append(one.at)
        rows = []
        for person, times in people.items():
            within = [at for at in times if period(RawClick(at, "", "", shipment, person, "human", "", 0))]
            if within[:1] == times[:1]:
                first, last = oracle.iso(within[0]), oracle.iso(within[-1])
                rows.append((times[0], f"C{person}", shipment, first, last, len(within)))
        found += [row[1:] for row in sorted(rows, key=lambda row: (row[0], int(row[1][1:])))]
    return found


def test_clickers(state: Oracle, run: Run) -> None:
    keys = ("contact_id", "shipment", "first_click", "last_click", "clicks")
    spring = state.shipments("spring")
    cases: list[tuple[list[object], list[int], Where]] = [
        (["link-2"], state.shipments(), on_link("link-2")),
        (["link-2", "--mailing", "winter"], state.shipments("winter"), on_link("link-2")),
        (["--mailing", "spring"], spring, always),
        (["--mailing", "spring", "--shipment", 1], [1], always),
        (["--mailing", "spring", "--placement", key_of(2)], spring, lambda one: one.placement == key_of(2)),
        (["--mailing", "spring", "--domain", "EXAMPLE.com"], spring,
         lambda one: state.domain_of(one.recipient) == "example.com"),
        (["--mailing", "spring", "--domain", ""], spring, lambda one: state.domain_of(one.recipient) == ""),
        (["link-1", "--placement", key_of(11)], state.shipments("autumn"), always),
    ]  # fmt: skip
    for arguments, shipments, where in cases:
        assert picked(clickers_shown(run, *arguments), *keys) == clicker_rows(state, shipments, where), arguments


def test_a_known_link_that_is_not_in_the_mailing_has_no_clickers(state: Oracle, run: Run) -> None:
    assert shown(run, "clickers", "link-4", "--mailing", "winter") == []


def test_nonclickers_are_persons_and_can_be_written_to_again(state: Oracle, run: Run, tmp_path: Path) -> None:
    for name in ("spring", "autumn", "winter"):
        own = state.shipments(name)
        clicked = {one.recipient for one in state.human(own)}
        rows = shown(run, "nonclickers", name)
        expected = [f"C{person}" for person in range(1, 31) if own and person not in clicked]
        assert [row["contact_id"] for row in rows] == expected
        assert all(list(row) == ["contact_id", "email", "name"] for row in rows)


def test_a_person(state: Oracle, run: Run) -> None:
    rows = shown(run, "contact", "c7@mail.EXAMPLE.com")
    assert rows == shown(run, "contact", "C7") == shown(run, "contact", "person 7")
    real = {number for number, (_, _, is_test) in SHIPMENTS.items() if not is_test}
    sent = [row for row in rows if row["what"] == "sent"]
    assert {row["shipment"] for row in sent} == real
    assert {row["shipment"] for row in sent if row["detail"].endswith("cancelled")} == state.cancelled
    clicks = [one for one in state.raw if one.recipient == 7 and one.shipment in real]
    assert [(row["at"], row["shipment"], row["link"], row["verdict"]) for row in rows if row["what"] == "click"] == [
        (state.iso(one.at), one.shipment, one.link, one.verdict) for one in clicks
    ]
    with_tests = shown(run, "contact", "C7", "--include-tests")
    assert {row["shipment"] for row in with_tests if row["what"] == "sent"} == set(SHIPMENTS)


FILTERS = {"link": "link", "mailing": "mailing", "shipment": "shipment", "contact": "contact_id", "verdict": "verdict"}


def test_stored_clicks_are_found_by_every_filter(state: Oracle) -> None:
    """Two by two, each with a time and a number: what is found is what stands in the list of all."""
    with state.world.database() as database:

        def listed(**wanted: Any) -> list[ClickRow]:
            return list(list_clicks(database, ClickFilter(**wanted)))

        everything = listed()
        assert len(everything) == len(state.raw) > 100
        middle = everything[len(everything) // 2]
        now = middle.clicked_at
        chosen = [
            {name: getattr(middle, FILTERS[name]) for name in names}
            for names in combinations_with_replacement(FILTERS, 2)
        ]
        chosen += [{}, *({"verdict": verdict} for verdict in ("prefetch", "scanner", "test"))]
        chosen += [{"reason": reason} for reason in {reason for row in everything for reason in row.reasons}]
        for wanted in chosen:
            found = [
                row
                for row in everything
                if all(
                    value in row.reasons if name == "reason" else getattr(row, FILTERS[name]) == value
                    for name, value in wanted.items()
                )
            ]
            earlier = [row for row in found if row.clicked_at < now]
            assert listed(**wanted) == found, wanted
            assert listed(**wanted, limit=3) == found[-3:], wanted
            assert listed(**wanted, since=now) == found[len(earlier) :], wanted
            assert listed(**wanted, until=now, limit=2) == earlier[-2:], wanted
            assert count_clicks(database, ClickFilter(**wanted, until=now), 10_000) == len(earlier), wanted


# --- periods -----------------------------------------------------------------------------------------------------


def moment(oracle: Oracle, text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=oracle.zone).timestamp() * 1000)


PERIODS = {
    "one day": (["--since", "2026-03-29", "--until", "2026-03-29"], "2026-03-29T00:00", "2026-03-30T00:00"),
    "from then on": (["--since", "2026-05-04T15:00"], "2026-05-04T15:00", None),
    "up to then": (["--until", "2026-05-04T15:00"], None, "2026-05-04T15:00"),
    "within hours": (["--since", "2026-05-04T13:20", "--until", "2026-05-05T02:59:59"],
                     "2026-05-04T13:00", "2026-05-05T02:00"),
    "nothing then": (["--since", "2020-01-01", "--until", "2020-12-31"], "2020-01-01T00:00", "2021-01-01T00:00"),
}  # fmt: skip


@pytest.fixture(params=PERIODS, ids=str)
def period(request: pytest.FixtureRequest, state: Oracle) -> tuple[list[object], Callable[[int], bool]]:
    options, since, until = PERIODS[request.param]
    low = -(2**62) if since is None else moment(state, since)
    high = 2**62 if until is None else moment(state, until)
    return list(options), lambda at: low <= at < high


def exact(rows: Rows, state: Oracle, times: Callable[[dict[str, Any]], list[int]]) -> None:
    """First and last click are those of the period, or the beginning and the end of the hours that they lie in."""
    for row in rows:
        own = times(row)
        first, last = row.pop("first_click"), row.pop("last_click")
        if not own:
            assert (first, last) == (None, None), row
            continue
        assert first in (state.iso(min(own)), state.hour(min(own))), row
        assert last in (state.iso(max(own)), state.hour_end(max(own))), row


def test_mailings_links_and_shipments_of_a_period(
    state: Oracle, run: Run, period: tuple[list[object], Callable[[int], bool]]
) -> None:
    options, holds = period

    def inside(one: RawClick) -> bool:
        return holds(one.at)

    def is_row(row: dict[str, Any], shipments: list[int]) -> bool:
        clicked = row["clicks"] or row["machine_clicks"] or row.get("test_clicks")
        return bool(clicked) or any(holds(SHIPMENTS[number][1]) for number in shipments)

    def without(rows: Rows) -> Rows:
        return [{key: value for key, value in row.items() if key not in ("first_click", "last_click")} for row in rows]

    rows = shown(run, "mailings", *options)
    exact(rows, state, lambda row: [one.at for one in state.human(state.shipments(row["mailing"])) if inside(one)])
    expected = [
        row for name in MAILINGS.values() if is_row(row := mailing_row(state, name, inside), state.shipments(name))
    ]
    same(rows, without(by_clicks(expected, "mailing")))

    rows = shown(run, "mailing", "spring", "--by", "shipment", *options)
    exact(rows, state, lambda row: [one.at for one in state.human([row["shipment"]]) if inside(one)])
    every = [shipment_row(state, number, inside) for number in state.shipments("spring")]
    same(rows, without([row for row in every if is_row(row, [row["shipment"]])]))

    rows = shown(run, "link", "link-2", *options)
    on = on_link("link-2", inside)
    exact(rows, state, lambda row: [one.at for one in state.human([row["shipment"]]) if on(one)])
    standing = state.standing()["link-2"]
    every = [
        shipment_row(state, number, on, by_link=True)
        for number in state.shipments()
        if MAILINGS[SHIPMENTS[number][0]] in standing
    ]
    same(rows, without([row for row in every if is_row(row, [row["shipment"]])]))

    rows = shown(run, "links", *options)
    exact(
        rows, state, lambda row: [one.at for one in state.human(state.shipments()) if on_link(row["key"], inside)(one)]
    )
    stands = state.standing()
    expected = [
        row
        for key in LINKS
        if is_row(
            row := link_row(state, key, None, state.shipments(), inside),
            [number for number in state.shipments() if MAILINGS[SHIPMENTS[number][0]] in stands.get(key, ())],
        )
    ]
    same(rows, without(by_clicks(expected, "key")))


def test_times_and_people_of_a_period(
    state: Oracle, run: Run, period: tuple[list[object], Callable[[int], bool]]
) -> None:
    options, holds = period
    own = state.shipments("spring")

    def inside(one: RawClick) -> bool:
        return holds(one.at)

    same(shown(run, "mailing", "spring", "--by", "day", *options), state.days(own, inside))
    by_hour = state.grouped(own, lambda one: state.hour(one.at), inside)
    rows = shown(run, "mailing", "spring", "--by", "hour", *options)
    assert {row["hour"]: row["clickers"] for row in rows} == {hour: row["clickers"] for hour, row in by_hour.items()}
    people = clickers_shown(run, "--mailing", "spring", *options)
    keys = ("contact_id", "shipment", "first_click", "last_click", "clicks")
    assert picked(people, *keys) == clicker_rows(state, own, always, inside)
    assert len(people) == sum(row["clickers"] for row in rows), "the same people as the figures count"
    of_link = clickers_shown(run, "link-2", *options)
    assert picked(of_link, *keys) == clicker_rows(state, state.shipments(), on_link("link-2"), inside)


def test_what_was_purged_of_a_clickers_period_is_not_told(own_world: World, run: Run) -> None:
    """Of those who clicked after the end of the period too, whose clicks are gone: all others are told as before."""
    until = ["--mailing", "spring", "--until", datetime.fromtimestamp((SENT + 4 * DAY) / 1000, UTC).isoformat()]
    before = shown(run, "clickers", *until)
    whole = {(row["contact_id"], row["shipment"]): row for row in shown(run, "clickers", "--mailing", "spring")}
    assert all(row["clicks"] <= whole[row["contact_id"], row["shipment"]]["clicks"] for row in before)
    with own_world.database() as database, database.transaction():
        note_purged(database, clicks=SENT + 30 * DAY)
        database.execute("DELETE FROM click WHERE clicked_at < ?", (SENT + 30 * DAY,))
    after = clickers_shown(run, *until)
    ended = [row == whole[row["contact_id"], row["shipment"]] for row in before]
    assert True in ended and False in ended
    for row, then, in_it in zip(after, before, ended, strict=True):
        assert row == (then if in_it else {**then, "last_click": None, "clicks": None})
    assert run("report", "clickers", *until, "--format", "table").code == 0


def test_a_list_of_clickers_begins_with_those_whose_clicks_were_purged(own_world: World, run: Run) -> None:
    everybody = shown(run, "clickers", "--mailing", "spring")
    with own_world.database() as database, database.transaction():
        first = (
            "SELECT first_click FROM clicker WHERE shipment_id = 1 AND human > 0 ORDER BY first_click LIMIT 1 OFFSET 2"
        )
        third = int(database.value(first))
        note_purged(database, clicks=third)
        database.execute("DELETE FROM click WHERE clicked_at < ?", (third,))
    assert clickers_shown(run, "--mailing", "spring") == everybody


def test_the_last_days_end_now(oracle: Oracle, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    now = AUTUMN_SENT + 3 * DAY + 1_234_567
    monkeypatch.setattr("linktrack.moments.now", lambda: now)
    own = oracle.shipments("autumn")
    begin = datetime.fromisoformat(oracle.hour(now - 2 * DAY)).timestamp() * 1000
    rows = shown(run, "mailing", "autumn", "--by", "day", "--last", "2d")
    same(rows, oracle.days(own, lambda one: begin <= one.at <= now + HOUR))
    assert rows
    done = run("report", "mailing", "autumn", "--last", "2d", "--format", "json")
    moved = datetime.fromtimestamp(begin / 1000, UTC).astimezone(oracle.zone).isoformat(timespec="seconds")
    assert f"--last: figures are kept by the hour, so it means {moved}.\n" in done.err


# --- where the figures come from ---------------------------------------------------------------------------------

EVERY = [
    ["mailings"], ["mailings", "--last", "4w"], ["mailings", "--by", "engagement"], ["links"], ["link", "link-1"],
    *(["mailing", "spring", "--by", by] for by in (
        "link", "placement", "shipment", "hour", "day", "weekday", "weekhour", "domain", "device", "reason", "age", "action",
    )),
    ["compare", "spring", "autumn"], ["clickers", "link-1"], ["clickers", "--mailing", "spring", "--domain", "example.com"],
    ["nonclickers", "spring"],
]  # fmt: skip


def test_no_report_reads_clicks(oracle: Oracle, run: Run) -> None:
    """They say the same when there are no clicks any more; only the history of one person is made of them, and where a
    long list of clickers begins is found by them."""
    database = oracle.world.workspace.root / "linktrack.db"

    def rename(old: str, new: str) -> None:
        with sqlite3.connect(database) as connection:
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")
        connection.close()

    before = [shown(run, *command) for command in EVERY]
    rename("click", "elsewhere")
    try:
        assert [shown(run, *command) for command in EVERY] == before
    finally:
        rename("elsewhere", "click")
