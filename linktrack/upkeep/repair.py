"""What can be derived, made anew: the figures of reports, verdicts that were lost, what the ledger tells, where open
clicks lie; and what killed commands left in the workspace's folders, cleared away."""

from __future__ import annotations

from typing import NamedTuple

from linktrack.actions.ledger.made_anew import count_changes, keep_decisions, keep_failures, untold_failures
from linktrack.actions.ledger.retry_order import lost_retries, mend_retries
from linktrack.actions.run_input import get_unsubscribes
from linktrack.clicks.click import Click
from linktrack.clicks.judging.evidence_repair import mend_evidence
from linktrack.clicks.judging.judge import set_rulings
from linktrack.clicks.judging.rules.judged import PLAIN
from linktrack.clicks.judging.stored_clicks import CLICK_COLUMNS
from linktrack.clicks.rejudge import judge_stored
from linktrack.clicks.rollups.counts import count_sent, rebuild
from linktrack.clicks.rollups.zone import set_zone, zone_of_hours
from linktrack.clicks.storing import ClickStore
from linktrack.errors import BadInput, Conflict
from linktrack.files.beside import leftovers, remove_leftovers
from linktrack.mailings.shipment_states import count_recipients
from linktrack.moments import iso
from linktrack.sentences import counted
from linktrack.store.lock import OF_CLICKS, standing_still
from linktrack.store.open_times import replace_open_times
from linktrack.store.purged import NEVER, horizon
from linktrack.store.session import Database
from linktrack.upkeep.deep import ruled_clicks
from linktrack.upkeep.lost_words import LostWords, find_lost_words, keep_words
from linktrack.workspace import Workspace, own_folders

_UNRULED = "ruling_id NOT IN (SELECT id FROM ruling)"


class RepairPlan(NamedTuple):
    """What a repair would do: count `clicks` clicks anew, in hours of the zone `zone` instead of `zone_before`, judge
    all of them again where `unruled` ones have lost their verdict, and clear away `leftovers`. Where clicks before the
    date `purged` are gone, figures that only clicks give are not made anew."""

    clicks: int
    counted: int  # as the figures have it now
    zone: str
    zone_before: str
    unruled: int
    leftovers: int
    untold: int  # failures that stay open as they are, for the ledger has lost their rows
    words: LostWords  # of people, which are noted again
    purged: str  # in the workspace's zone; "" for never

    def sentence(self) -> str:
        said = [f"Count {self.clicks:,} clicks anew for all reports (they know of {self.counted:,})"]
        if self.purged:
            said = [
                "Make anew what the ledger and the shipments tell "
                f"(the figures of clicks stay: those before {self.purged} were purged)"
            ]
        if self.zone != self.zone_before:
            said.append(f"in hours of {self.zone} instead of {self.zone_before}")
        if self.unruled and not self.purged:
            said.append(f"judge them again, for the verdicts of {self.unruled:,} are missing")
        if self.untold:
            said.append(f"leave {counted(self.untold, 'failure')} open whose rows the ledger has lost")
        if words := str(self.words):
            said.append(f"note again {words}")
        if self.leftovers:
            said.append(f"remove {counted(self.leftovers, 'leftover')} of killed commands")
        return ", ".join(said)

    def done(self, words: LostWords) -> str:
        """What is said afterwards; `words` are those that were noted again."""
        counted_anew = f"Counted {self.clicks:,} clicks"
        said = "Made anew what the ledger and the shipments tell" if self.purged else counted_anew
        return f"{said}, and noted again {words}." if str(words) else f"{said}."


def plan_repair(workspace: Workspace, database: Database) -> RepairPlan:
    """What `repair` would do now. Conflict for hours of another zone when clicks were purged: figures of them cannot be
    made again."""
    horizon_of_clicks = horizon(database).clicks
    purged = "" if horizon_of_clicks == NEVER else iso(horizon_of_clicks, workspace.zone)
    zone = zone_of_hours(database)
    if purged and zone != workspace.settings.time_zone:
        raise Conflict(
            f"clicks before {purged} were purged, so they cannot be counted anew in hours of "
            f"{workspace.settings.time_zone}: set time_zone back to {zone}"
        )
    return RepairPlan(
        int(database.value("SELECT count(*) FROM click")),
        int(database.value("SELECT COALESCE(sum(clicks), 0) FROM shipment_ruling")),
        workspace.settings.time_zone,
        zone,
        int(database.value(f"SELECT count(*) FROM click WHERE {_UNRULED}")),  # noqa: S608  (of our own)
        sum(len(leftovers(folder)) for folder in own_folders(workspace) if folder.is_dir()),
        untold_failures(database),
        find_lost_words(database, by_get=get_unsubscribes(workspace)),
        purged,
    )


def repair(workspace: Workspace, database: Database, wait: float = 0) -> LostWords:
    """Make everything anew that can be derived, in hours of the workspace's zone, in one transaction. Returns the words
    of people that were noted again.

    Where clicks were purged, what was counted of clicks stays. No import and no run of the actions goes on meanwhile.
    Locked when one does for longer than `wait` seconds; Conflict as `plan_repair`; BadInput where verdicts are missing
    that nobody can give any more.
    """
    plan = plan_repair(workspace, database)
    with standing_still(workspace, database, wait, "a repair", OF_CLICKS), database.transaction():
        if plan.purged:
            count_sent(database)
        else:
            _count_clicks(workspace, database)
        count_recipients(database)
        if not lost_retries(database):  # else the ledger itself does not say what became of everything
            mend_retries(database)
            count_changes(database)
            keep_failures(database)
        keep_decisions(database)
        words = keep_words(database, by_get=get_unsubscribes(workspace))
        mend_evidence(database, ruled_clicks(database))
        _find_open_clicks(database)
    for folder in own_folders(workspace):
        if folder.is_dir():
            remove_leftovers(folder)
    return words


def _count_clicks(workspace: Workspace, database: Database) -> None:
    """Count all clicks anew, and judge them where verdicts are missing."""
    set_zone(database, workspace.settings.time_zone)
    click_store = ClickStore.of(database, workspace.settings.clicks.networks)
    unruled = _give_rulings(database, click_store)
    rebuild(database, click_store.facts, ruled_clicks(database))
    if unruled:
        judge_stored(database, click_store.by, click_store.facts)


def _give_rulings(database: Database, click_store: ClickStore) -> int:
    """Give the clicks whose ruling is missing one with no reason against them; they are judged afterwards. Returns how
    many. BadInput where some cannot be judged any more."""
    clicks = [
        Click._make(row)
        for row in database.rows(f"SELECT {CLICK_COLUMNS} FROM click WHERE {_UNRULED}")  # noqa: S608  (of our own)
    ]
    if final := sum(map(click_store.by.is_final, clicks)):
        raise BadInput(
            f"the verdicts of {counted(final, 'click')} are missing, and what they were judged by is gone (purged, or "
            "forgotten): bring the database back from a backup"
        )
    if clicks:
        number = click_store.facts.rulings.number(PLAIN)
        set_rulings(database, [(click, number) for click in clicks])
    return len(clicks)


def _find_open_clicks(database: Database) -> None:
    """Note anew where clicks lie that no run of the actions has passed."""
    moments = database.rows(
        "SELECT DISTINCT c.clicked_at FROM click c JOIN ruling g ON g.id = c.ruling_id "
        "WHERE g.verdict = 'human' AND c.passed = 0"
    )
    replace_open_times(database, [(row[0], row[0]) for row in moments])
