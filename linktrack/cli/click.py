"""linktrack click: click logs in, clicks out, verdicts again."""

from __future__ import annotations

from typing import Annotated

import typer

from linktrack.cli.click_import import import_clicks
from linktrack.cli.click_times import ClickedSinceOption, ClickedUntilOption
from linktrack.cli.output import Format, say, show_record
from linktrack.cli.shared_context import JobWaitOption, noun, opened, workspace_of
from linktrack.cli.shared_rows import Destination, Looks, list_rows

app = noun("Click logs: import, list, judge again.")

COLUMNS = [
    "click", "clicked_at", "contact_id", "link", "placement", "mailing", "shipment", "verdict", "reasons", "ip",
    "user_agent", "source",
]  # fmt: skip
TABLE = ["clicked_at", "contact_id", "link", "mailing", "verdict", "reasons"]

SCREENFUL = 100  # clicks that a table shows unless told otherwise
COUNTED = 1_000_001  # clicks are counted up to here for the sentence about those that are left out

JUDGED = ("clicks", "changed", "human", "prefetch", "scanner", "test")


app.command("import")(import_clicks)


@app.command("list")
def list_(
    context: typer.Context,
    verdict: Annotated[str | None, typer.Option(help="human, prefetch, scanner or test.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only clicks with this reason.")] = None,
    link: Annotated[str | None, typer.Option(metavar="KEY", help="Only clicks on this link.")] = None,
    mailing: Annotated[str | None, typer.Option(metavar="NAME", help="Only clicks in this mailing.")] = None,
    shipment: Annotated[int | None, typer.Option(metavar="NUMBER", help="Only clicks of this shipment.")] = None,
    contact: Annotated[str | None, typer.Option(metavar="ID", help="Only clicks of this contact.")] = None,
    since: ClickedSinceOption = None,
    until: ClickedUntilOption = None,
    limit: Annotated[
        int | None, typer.Option(min=1, max=1_000_000_000, metavar="NUMBER", help="The latest so many, oldest first.")
    ] = None,
    *,
    destination: Destination,
) -> None:
    """Stored clicks with their verdicts, oldest first; as a table the latest of them.

    \b
    Examples:
      linktrack click list --mailing news --verdict human
      linktrack click list --since 2026-05-04 --until 2026-05-10 --format csv
    """
    from linktrack.clicks.listing import ClickFilter, count_clicks, list_clicks
    from linktrack.moments import read_stretch

    shortened = limit is None and destination.chosen() is Format.table
    workspace = workspace_of(context)
    wanted = ClickFilter(
        verdict, reason, link, mailing, shipment, contact, *read_stretch(since, until, workspace.zone),
        SCREENFUL if shortened else limit,
    )  # fmt: skip
    with opened(context) as database:
        list_rows(context, list_clicks(database, wanted), COLUMNS, destination, Looks(TABLE))
        found = count_clicks(database, wanted, COUNTED) if shortened else 0
        none = destination.chosen() is Format.table and not count_clicks(database, wanted, 1)
        others = none and count_clicks(database, ClickFilter(), 1)
    if found > SCREENFUL:
        all_of = f"more than {COUNTED - 1:,}" if found == COUNTED else f"{found:,}"
        say(context, f"These are the latest {SCREENFUL} of {all_of} clicks: see --limit, or --format ndjson for all.")
    if none:
        all_none = "There are no clicks yet: linktrack click import reads them from logs."
        say(context, "No click is like that; linktrack click list shows all." if others else all_none)


@app.command("judge")
def judge(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what each rule decides, before and after.")
    ] = False,
    wait: JobWaitOption = None,
    *,
    destination: Destination,
) -> None:
    """Judge every click again with today's rules and move the reports with it.

    Which of [clicks] networks a click came from is found when its line is read: for a new one, linktrack click import
    --again reads the logs once more.

    \b
    Example:
      linktrack click judge --dry-run
    """
    from linktrack.clicks.rejudge import judge_all
    from linktrack.moments import iso
    from linktrack.store.purged import NEVER, horizon

    destination.check_dry_run(dry_run)
    with opened(context, wait) as database:
        judged = judge_all(workspace_of(context), database, wait=wait or 0, dry_run=dry_run)
        final = horizon(database).final
    if final != NEVER:
        say(context, f"Clicks before {iso(final, workspace_of(context).zone)} keep their verdicts: others were purged.")
    if dry_run:
        rows = [change._asdict() for change in judged.changes]
        list_rows(context, rows, ["reason", "before", "after", "lost", "gained"], destination)
        rest = judged.changed - sum(change.gained for change in judged.changes)
        beside = f", {rest:,} of them only by reasons that decide nothing" if rest else ""
        changed = f"{judged.changed:,} of {judged.clicks:,} clicks would be judged differently{beside}"
        say(context, f"{changed}; nothing was changed.")
        _say_unmatched(context, judged.unmatched)
        return
    if destination.format is not None:
        show_record({name: getattr(judged, name) for name in JUDGED}, destination.format)
    say(context, f"Judged {judged.clicks} clicks, {judged.changed} of them differently than before.")
    _say_unmatched(context, judged.unmatched)


def _say_unmatched(context: typer.Context, networks: tuple[str, ...]) -> None:
    if networks:
        say(
            context,
            f"No stored click is known to come from {', '.join(networks)}: they are looked up as lines are read, so "
            "if that is a new setting, linktrack click import --again LOG finds its clicks.",
        )
