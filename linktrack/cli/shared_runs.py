"""What a run of the actions has to say when it is done, and what is said to it after a restore."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from linktrack.cli.output import say, warn
from linktrack.sentences import counted

if TYPE_CHECKING:
    from linktrack.actions.run_report import RunReport
    from linktrack.store.session import Database
    from linktrack.workspace import Workspace

MOST = 5  # failures that are said one by one


def tell(context: typer.Context, report: RunReport, *, missing: str = "left open for the next run") -> None:
    """Notes, and with --quiet, too: those on faults of the export, actions that have other settings by now, clickers
    who are not in the export and what becomes of them (`missing`) unless an earlier run has said that, what failed,
    what stands open of earlier runs. Then where the files are."""
    for note in report.notes:
        if note in report.urgent:
            warn(f"Note: {note}")
        else:
            say(context, f"Note: {note}")
    for sentence in report.reworded:
        warn(sentence)
    if report.nobody_matches:
        warn(f"Nobody who clicked is in the export. {_not_there(report.unknown, 'not', missing)}")
    else:
        if new := [one for one in report.unknown if one not in report.missing]:
            warn(_not_there(new, "not", missing))
        if report.missing:
            say(context, _not_there(report.missing, "still not", missing))
    for failure in report.failures[:MOST]:
        warn(f"Failed: {failure}")
    failed = report.summary["failed"] - report.interrupted
    if failed:
        more = f"{failed} actions failed" if failed > 1 else "1 action failed"
        warn(f"{more}: see linktrack action log --status failed, and try again with --retry-failed.")
    if report.interrupted:
        more = f"{report.interrupted} scripts were" if report.interrupted > 1 else "1 script was"
        warn(
            f"{more} interrupted, and nobody knows what was done: see linktrack action log --status interrupted, and "
            "try again with --retry-interrupted."
        )
    _tell_open(report)
    if report.out is None:
        say(context, "A dry run: nothing was written.")
    else:
        say(context, f"Run {report.run}: {counted(report.summary['changes'], 'change')}, written to {report.out}")


def _tell_open(report: RunReport) -> None:
    """What earlier runs could not do and what would try it again."""
    interrupted = report.still_open.get("interrupted", 0)
    failed = sum(report.still_open.values()) - interrupted
    for count, what, option in ((failed, "failed", "failed"), (interrupted, "were interrupted", "interrupted")):
        if count:
            what = what.replace("were", "was") if count == 1 else what
            what = f"{counted(count, 'action')} of earlier runs {what}"
            warn(f"{what} and {_stand(count)} open: try again with --retry-{option}.")


def _stand(count: int) -> str:
    return "stands" if count == 1 else "stand"


def _not_there(contact_ids: Sequence[str], how: str, missing: str) -> str:
    people = "1 clicker is" if len(contact_ids) == 1 else f"{len(contact_ids):,} clickers are"
    some = ", ".join(contact_ids[:5]) + (" …" if len(contact_ids) > 5 else "")
    return f"{people} {how} in the export and {missing}: {some}"


def settle_runs(
    context: typer.Context, workspace: Workspace, database: Database, folders: list[Path], wait: float
) -> None:
    """After a restore: take what the runs in these folders made into the ledger; without one, nothing ran. PartlyDone
    while runs in between are missing."""
    from linktrack.actions.lost_runs.after_restore import no_runs, take_runs
    from linktrack.actions.lost_runs.before_taking import HOW_A_GAP_CLOSES
    from linktrack.errors import PartlyDone

    if not folders:
        before = no_runs(workspace, database, wait=wait)
        but = f" but in run {', '.join(map(str, before))}, taken before" if before else ""
        say(context, f"Noted that no actions ran after the backup{but}.")
        return
    taken = take_runs(workspace, database, folders, wait=wait)
    known = f" ({taken.known} were there already)" if taken.known else ""
    runs = counted(taken.runs, "run")
    say(
        context,
        f"Took {runs} with {counted(taken.changes, 'change')} into the ledger{known}: nothing of it is made again.",
    )
    if taken.unknown:
        words = "" if taken.silent else ", and what people had said of mailings and of tracking by then,"
        warn(
            f"{taken.unknown:,} of these changes are of mailings or links that the backup does not know, or of people "
            "who were forgotten: they are not in the ledger, and no click asks for them again. What was made once for "
            f"a person and what clicks have decided{words} is known all the same, but of the forgotten."
        )
    if taken.silent:
        numbers = ", ".join(map(str, taken.silent))
        warn(
            f"The folder of run {numbers} was written by an earlier linktrack, and does not say who had left a type of "
            "mailing by then, or refused tracking. Who lost the interest named like a type is known by the changes. "
            "Who left otherwise (by a link that took away an interest which the CRM did not show, by the unsubscribe "
            "link or the subscriptions page) is known only where the click is on a mailing of the backup: look through "
            "the other clicks before you send the next mailing."
        )
    if taken.missing:
        numbers = ", ".join(map(str, taken.missing))
        raise PartlyDone(
            f"there is nothing here of run {numbers}, and until that is said no run begins: {HOW_A_GAP_CLOSES}"
        )
