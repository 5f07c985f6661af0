"""The charts of the page: each drawn from the very rows of the table below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby

from linktrack.reports.charts import (
    Bar,
    Estimate,
    HourColumn,
    MostInAnHour,
    Segment,
    Tick,
    bar_chart,
    estimate_chart,
    hours_chart,
    round_ticks,
    week_chart,
)  # fmt: skip
from linktrack.reports.draughtsman import Draughtsman, Drawing
from linktrack.reports.page_tables import PageTable
from linktrack.reports.totals import TotalsRecord
from linktrack.reports.value_words import DAYS, said_value

_SEVERAL = 6  # links in several places that are drawn
_AGE_TICKS = (0, 6, 12, 18, 24, 36, 48)


def draw(with_: Draughtsman, table: PageTable) -> Drawing | None:
    """The chart of a table; None where there is nothing to be drawn, or the table says it better."""
    drawer = _DRAWERS.get(table.subject)
    return drawer(with_, table) if drawer is not None and table.records else None


_PEOPLE_AND_MACHINES = ("people", "machines")


def _mailings(with_: Draughtsman, table: PageTable) -> Drawing | None:
    write = with_.writer
    known = [record for record in table.records if record["click_rate"] is not None]
    if len(table.records) < 2 or not known:
        return None
    best = max(known, key=lambda record: record["click_rate"])
    found = write.text("mailings_found", name=best["mailing"], rate=write.rate(best["click_rate"]))
    ticks = round_ticks(max(record["rate_high"] for record in known))
    most = max(ticks[-1], *(record["rate_high"] for record in known))
    estimates = [
        Estimate(
            record["mailing"],
            "" if record["click_rate"] is None else write.rate(record["click_rate"]),
            record["rate_low"], record["click_rate"], record["rate_high"],
        )
        for record in table.records
    ]  # fmt: skip
    named = [Tick(tick / most, write.round_rate(tick)) for tick in ticks]
    return Drawing(estimate_chart(with_.texts(table, found), estimates, named, low=0, high=most), found)


def _compare(with_: Draughtsman, table: PageTable) -> Drawing | None:
    write = with_.writer
    known = [record for record in table.records if record["difference"] is not None]
    if not known:
        return None

    def word(record: TotalsRecord) -> str:
        return said_value("verdict", record["verdict"], write.language)

    def said(record: TotalsRecord) -> str:
        if record["verdict"] is None:  # it rests on too few, as the difference does
            return ""
        difference = record["difference"]
        return word(record) if difference is None else f"{write.points(difference)} {word(record)}"

    first = known[0]
    found = write.text(
        "compare_found", name=first["mailing"], other=first["other"],
        difference=write.named_points(first["difference"]), verdict=word(first),
    )  # fmt: skip
    reach = max(abs(record[bound]) for record in known for bound in ("low", "high")) or 1.0
    reach *= 1.02
    steps = round_ticks(reach, 3)
    marks = sorted({*(-step for step in steps), *steps})
    ticks = [Tick((mark + reach) / (2 * reach), write.round_points(mark)) for mark in marks]
    estimates = [
        Estimate(
            f"{record['mailing']} \N{MINUS SIGN} {record['other']}",
            said(record),
            record["low"], record["difference"], record["high"],
        )
        for record in table.records
    ]  # fmt: skip
    return Drawing(estimate_chart(with_.texts(table, found), estimates, ticks, low=-reach, high=reach), found)


def _engagement(with_: Draughtsman, table: PageTable) -> Drawing:
    write, last = with_.writer, len(table.records) - 1
    found = write.text("engagement_found", count=write.count(table.records[0]["recipients"]))
    most = max(record["recipients"] for record in table.records) or 1
    bars = [
        Bar(
            write.text("engagement_in", clicked=record["clicked"]), write.count(record["recipients"]),
            (Segment(0, record["recipients"] / most, "people" if record["clicked"] else "quiet"),),
        )
        for record in table.records
    ]  # fmt: skip
    return Drawing(bar_chart(with_.texts(table, found, count=last), bars), found)


def _reason(with_: Draughtsman, table: PageTable) -> Drawing:
    """From all requests on the left down to people: each reason takes away its part."""
    write = with_.writer
    machines = [record for record in table.whole if record["verdict"] != "human"]
    people = sum(record["clicks"] for record in table.whole if record["verdict"] == "human")
    every = people + sum(record["clicks"] for record in machines) or 1
    found = write.text(
        "reason_found", all=write.count(every), people=write.count(people), machines=write.count(every - people)
    )
    left = every
    bars = [Bar(write.text("all_requests"), write.count(every), (Segment(0, 1, "quiet"),))]
    for record in machines:
        left -= record["clicks"]
        shown = said_value("reason", record["reason"], write.language)
        label = f"{said_value('verdict', record['verdict'], write.language)}: {shown}"
        taken = Segment(left / every, record["clicks"] / every, "machines", label)
        bars.append(Bar(label, f"\N{MINUS SIGN}{write.count(record['clicks'])}", (taken,)))
    bars.append(Bar(write.text("people"), write.count(people), (Segment(0, people / every, "people"),)))
    return Drawing(bar_chart(with_.texts(table, found), bars), found, _PEOPLE_AND_MACHINES)


def _link(with_: Draughtsman, table: PageTable) -> Drawing:
    write, top = with_.writer, table.records[0]
    name = top["name"] or top["key"]
    found = write.text(
        "link_found", name=name, people=write.count(top["clicks"]), machines=write.count(top["machine_clicks"])
    )
    bars = [_stacked(with_, record, record["name"] or record["key"], _most(table)) for record in table.records]
    return Drawing(bar_chart(with_.texts(table, found), bars), found, _PEOPLE_AND_MACHINES)


def _device(with_: Draughtsman, table: PageTable) -> Drawing:
    write, top = with_.writer, table.records[0]
    name = said_value("device", top["device"], write.language)
    found = write.text("device_found", name=name, people=write.count(top["clicks"]))
    bars = [
        _stacked(with_, record, said_value("device", record["device"], write.language), _most(table))
        for record in table.records
    ]
    return Drawing(bar_chart(with_.texts(table, found), bars), found, _PEOPLE_AND_MACHINES)


def _places(with_: Draughtsman, table: PageTable) -> Drawing | None:
    """The links that stand in several places and are clicked most, each with its places."""
    write = with_.writer
    grouped = {link: list(own) for link, own in groupby(table.records, lambda record: str(record["link"]))}
    several = [(link, own) for link, own in grouped.items() if len(own) > 1]
    several = sorted(several, key=lambda one: -sum(record["clicks"] for record in one[1]))[:_SEVERAL]
    if not several:
        return None
    most = max(record["clicks"] + record["machine_clicks"] for _, own in several for record in own) or 1
    link, own = several[0]
    best = max(own, key=lambda record: record["clicks"])
    found = write.text("places_found", name=link, count=len(own), label=best["label"], line=best["line"])
    bars = [
        _stacked(with_, record, write.text("place", label=record["label"], line=record["line"]), most, link)
        for link, own in several
        for record in own
    ]
    return Drawing(bar_chart(with_.texts(table, found), bars), found, _PEOPLE_AND_MACHINES)


def _domain(with_: Draughtsman, table: PageTable) -> Drawing | None:
    """Each domain's clicks as a whole, whose part of machines is seen; those without a click are in the table."""
    write = with_.writer
    clicked = [record for record in table.records if record["clicks"] + record["machine_clicks"]]
    if not clicked:
        return None
    top = clicked[0]
    found = write.text(
        "domain_found", name=said_value("domain", top["domain"], write.language), people=write.count(top["clicks"]),
        machines=write.count(top["machine_clicks"]),
    )  # fmt: skip
    bars = [
        _stacked(
            with_, record, said_value("domain", record["domain"], write.language),
            record["clicks"] + record["machine_clicks"],
        )
        for record in clicked
    ]  # fmt: skip
    return Drawing(bar_chart(with_.texts(table, found), bars), found, _PEOPLE_AND_MACHINES)


def _action(with_: Draughtsman, table: PageTable) -> Drawing:
    write, top = with_.writer, table.records[0]

    def name(record: TotalsRecord) -> str:
        return f"{said_value('kind', record['kind'], write.language)} {record['name']}".strip()

    found = write.text("action_found", name=name(top), count=write.count(top["count"]))
    bars = [
        Bar(
            name(record) if record["status"] == "ok" else f"{name(record)} ({_status(with_, record)})",
            write.count(record["count"]),
            (Segment(0, record["count"] / top["count"], "people" if record["status"] == "ok" else "machines"),),
        )
        for record in table.records
    ]
    return Drawing(bar_chart(with_.texts(table, found), bars), found)


def _status(with_: Draughtsman, record: TotalsRecord) -> str:
    return said_value("status", record["status"], with_.writer.language)


def _age(with_: Draughtsman, table: PageTable) -> Drawing | None:
    write = with_.writer
    records = table.records
    columns = [
        HourColumn(
            record["clicks"], record["machine_clicks"],
            write.text(
                "age_tip", hour=record["hours"], people=write.count(record["clicks"]),
                machines=write.count(record["machine_clicks"]),
            ),
        )
        for record in records
    ]  # fmt: skip
    if not any(one.people or one.machines for one in columns):
        return None
    people, machines = (max(record[what] for record in records) for what in ("clicks", "machine_clicks"))
    curves = {name: [record[name] for record in records] for name in ("share", "median")}
    curves = {name: curve for name, curve in curves.items() if any(part is not None for part in curve)}
    share, median = curves.get("share", ()), curves.get("median", ())
    half = next((hour for hour, part in enumerate(share, 1) if part is not None and part >= 0.5), None)
    found = "" if half is None else write.text("age_found", hours=half)
    svg = hours_chart(
        with_.texts(table, found),
        columns,
        share=share,
        median=median,
        shares=[Tick(part, write.round_rate(part)) for part in (0, 0.5, 1)],
        hours=[Tick(hour / len(records), write.text("hours", hours=hour)) for hour in _AGE_TICKS],
        most=MostInAnHour(
            f"{write.text('people')}: {write.count(people)}",
            f"{write.text('machines')}: {write.count(machines)}" if machines else "",
        ),
    )
    return Drawing(svg, found, (*curves, *_PEOPLE_AND_MACHINES))


def _weekhour(with_: Draughtsman, table: PageTable) -> Drawing | None:
    write = with_.writer
    clicks = {(record["weekday"], record["hour"]): record["clicks"] for record in table.records if record["clicks"]}
    if not clicks:
        return None
    days = DAYS[write.language]
    (day, hour), most = max(clicks.items(), key=lambda one: one[1])
    whole_day = said_value("weekday", str(day), write.language)
    found = write.text("weekhour_found", day=whole_day, hour=hour, next=(hour + 1) % 24, clicks=write.count(most))
    tips = {
        when: write.text("weekhour_tip", day=days[when[0] - 1], hour=when[1], clicks=write.count(count))
        for when, count in clicks.items()
    }
    return Drawing(week_chart(with_.texts(table, found), clicks, days, tips), found)


def _most(table: PageTable) -> int:
    return max(record["clicks"] + record["machine_clicks"] for record in table.records) or 1


def _stacked(with_: Draughtsman, record: TotalsRecord, label: str, whole: int, group: str = "") -> Bar:
    """People's clicks, and machines' on them, as parts of `whole`."""
    people, machines = record["clicks"], record["machine_clicks"]
    parts = (Segment(0, people / whole, "people"), Segment(people / whole, machines / whole, "machines"))
    return Bar(label, with_.both(people, machines), parts, group)


_DRAWERS: Mapping[str, Callable[[Draughtsman, PageTable], Drawing | None]] = {
    "mailings": _mailings, "compare": _compare, "engagement": _engagement, "reason": _reason, "link": _link,
    "places": _places, "age": _age, "weekhour": _weekhour, "domain": _domain, "device": _device, "action": _action,
}  # fmt: skip
