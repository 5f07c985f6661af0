"""What a run of the actions has to say when it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from linktrack.cli.output import say

if TYPE_CHECKING:
    from linktrack.actions.run import Report


def tell(context: typer.Context, report: Report, *, missing: str = "left open for the next run") -> None:
    """Notes, clickers who are `missing` in the export and what becomes of them, failed scripts, where the files are."""
    for note in report.notes:
        say(context, f"Note: {note}")
    if report.unknown:
        some = ", ".join(report.unknown[:5]) + (" …" if len(report.unknown) > 5 else "")
        say(context, f"{_people(len(report.unknown))} not in the export and {missing}: {some}")
    if report.summary["failed"]:
        scripts = f"{report.summary['failed']} script{'s' * (report.summary['failed'] > 1)}"
        say(context, f"{scripts} failed: see linktrack action log, and --retry-failed.")
    if report.out is None:
        say(context, "A dry run: nothing was written.")
    else:
        say(context, f"Run {report.run}: {report.summary['changes']} changes, written to {report.out}")


def _people(count: int) -> str:
    return "1 clicker is" if count == 1 else f"{count:,} clickers are"
