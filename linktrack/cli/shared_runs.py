"""What a run of the actions has to say when it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from linktrack.cli.output import say, warn

if TYPE_CHECKING:
    from linktrack.actions.run import RunReport

MOST = 5  # failures that are said one by one


def tell(context: typer.Context, report: RunReport, *, missing: str = "left open for the next run") -> None:
    """Notes, and with --quiet, too: actions that have other settings by now, clickers who are `missing` in the export
    and what becomes of them, what failed, what stands open of earlier runs. Then where the files are."""
    for note in report.notes:
        say(context, f"Note: {note}")
    for sentence in report.reworded:
        warn(sentence)
    if report.unknown:
        some = ", ".join(report.unknown[:5]) + (" …" if len(report.unknown) > 5 else "")
        sentence = f"{_people(len(report.unknown))} not in the export and {missing}: {some}"
        warn(f"Nobody who clicked is in the export. {sentence}" if report.nobody_matches else sentence)
    failed = report.summary["failed"]
    if failed:
        for failure in report.failures[:MOST]:
            warn(f"Failed: {failure}")
        more = f"{failed} actions failed" if failed > 1 else "1 action failed"
        warn(f"{more}: see linktrack action log --status failed, and try again with --retry-failed.")
    _tell_open(report)
    if report.out is None:
        say(context, "A dry run: nothing was written.")
    else:
        say(context, f"Run {report.run}: {report.summary['changes']} changes, written to {report.out}")


def _tell_open(report: RunReport) -> None:
    """What earlier runs could not do and what would try it again."""
    interrupted = report.still_open.get("interrupted", 0)
    failed = sum(report.still_open.values()) - interrupted
    for count, what, option in ((failed, "failed", "failed"), (interrupted, "were interrupted", "interrupted")):
        if count:
            actions = "1 action" if count == 1 else f"{count:,} actions"
            what = what.replace("were", "was") if count == 1 else what
            warn(f"{actions} of earlier runs {what} and {_stand(count)} open: try again with --retry-{option}.")


def _stand(count: int) -> str:
    return "stands" if count == 1 else "stand"


def _people(count: int) -> str:
    return "1 clicker is" if count == 1 else f"{count:,} clickers are"
