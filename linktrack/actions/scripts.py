"""The scripts of a run: which are to be started, each noted down in the ledger before it is, and what they said."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from linktrack.actions.kinds.script import payload
from linktrack.actions.ledger import Ledger
from linktrack.actions.planned import Clicked, Placed, ScriptResult, made_before, made_id
from linktrack.actions.processes import run_batch, run_script
from linktrack.actions.work import Crash, Work
from linktrack.links.actions import ScriptAction, seconds_of

Found = dict[str, tuple[int, ScriptResult | None]]  # change -> the click it belongs to, the result (None: not run)


@dataclass(frozen=True)
class Asked:
    """A script that a click asks for; `again` when it has been started before and failed."""

    id: str
    click: Clicked
    placed: Placed
    action: ScriptAction
    again: bool


def noted_definitions(ledger: Ledger, actions: Mapping[int, list[Placed]]) -> dict[int, list[Placed]]:
    """The same actions with the ledger's number of each definition."""
    with ledger.database.transaction():
        return {
            link_id: [
                replace(
                    placed,
                    definition_id=ledger.definition(json.dumps(placed.definition.table, ensure_ascii=False)),
                )
                for placed in every
            ]
            for link_id, every in actions.items()
        }


def run_open_scripts(work: Work, run_id: int | None, crash: Crash) -> Found:
    """Run the scripts that the open clicks ask for, in the order of time, and return every result that this run has
    to report, also of scripts that an interrupted run had started. Without `run_id` nothing is run.
    """
    if not any(isinstance(one.definition, ScriptAction) for every in work.actions.values() for one in every):
        return {}
    ledger = work.ledger
    known = ledger.script_results()
    found: Found = {
        identifier: (click_id, result) for identifier, (click_id, result, reported) in known.items() if not reported
    }
    asked = list(_asked(work, known))
    found.update({one.id: (one.click.id, None) for one in asked})
    if run_id is None:
        return found
    hits = ledger.hits()
    folder = work.workspace.scripts_path

    def told(one: Asked) -> dict[str, str | int]:
        click = one.click
        address = ledger.return_address(click.link.id, click.shipment.id, click.recipient_id)
        return payload(click, hits.get(click.link.id, 0), address)

    batches: dict[tuple[str, int], list[Asked]] = {}
    for one in asked:
        action = one.action
        if action.batch:
            batches.setdefault((action.script, seconds_of(action.timeout)), []).append(one)
            continue
        numbers = _start(ledger, run_id, work.order.now, [one])
        crash("a script is noted down")
        result = run_script(folder, action.script, told(one), seconds_of(action.timeout))
        crash("a script has run")
        _end(ledger, [one], numbers, [result])
        found[one.id] = one.click.id, result
    for (script, seconds), every in batches.items():
        numbers = _start(ledger, run_id, work.order.now, every)
        crash("a batch is noted down")
        results = run_batch(folder, script, [(one.id, told(one)) for one in every], seconds)
        crash("a batch has run")
        _end(ledger, every, numbers, [results[one.id] for one in every])
        found.update({one.id: (one.click.id, results[one.id]) for one in every})
    return found


def _asked(work: Work, known: Mapping[str, tuple[int, ScriptResult, bool]]) -> Iterator[Asked]:
    """The scripts to be started, in the order of time; each once, and failed ones again if the order says so."""
    scripts = {
        link_id: [(one, one.definition) for one in every if isinstance(one.definition, ScriptAction)]
        for link_id, every in work.actions.items()
    }
    made = made_before(work.ledger.made(), work.actions, work.ledger.links)
    for click, retried in work.ledger.clicks([link_id for link_id, every in scripts.items() if every]):
        if click.contact_id not in work.state.people:
            continue
        for placed, action in scripts[click.link.id]:
            identifier = made_id(placed, click)
            before = known.get(identifier)
            again = (
                work.order.retry_failed and before is not None and before[0] == click.id and before[1].status != "ok"
            )
            if again or (identifier not in made and not retried):
                made.add(identifier)
                yield Asked(identifier, click, placed, action, again)


def _start(ledger: Ledger, run_id: int, now: int, asked: Sequence[Asked]) -> list[int]:
    """Note down that scripts are being started: from here on they count as interrupted until they have ended.

    Returns the numbers of their changes in the ledger.
    """
    numbers = []
    with ledger.database.transaction():
        for one in asked:
            click, placed = one.click, one.placed
            where = (click.id, click.link.id, click.shipment.id, click.recipient_id)
            ledger.database.execute(
                "INSERT INTO made (id, run_id, click_id, link_id, shipment_id, recipient_id, kind, ordinal, owner, "
                "status, return_url, fields, message, ran_at) "
                "VALUES (?, ?, ?, ?, ?, ?, 'script', ?, '', 'interrupted', '', '{}', '', ?) "
                "ON CONFLICT (id) DO UPDATE SET run_id = excluded.run_id, status = 'interrupted', "
                "ran_at = excluded.ran_at",
                (one.id, run_id, *where, placed.number, now),
            )
            if one.again:  # a second try within one run, which was interrupted in between
                ledger.database.execute(
                    "DELETE FROM change WHERE kind = 'script' AND id = ? AND run_id = ?", (one.id, run_id)
                )
            number = ledger.database.value(
                "INSERT INTO change (id, run_id, click_id, link_id, shipment_id, recipient_id, clicked_at, kind, name, "
                "operation, old, new, definition_id, status, ran_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, 'script', ?, 'run', '', '', ?, 'interrupted', ?) RETURNING number",
                (one.id, run_id, *where, click.at, one.action.script, placed.definition_id, now),
            )
            numbers.append(int(number))
    return numbers


def _end(ledger: Ledger, asked: Sequence[Asked], numbers: Sequence[int], results: Sequence[ScriptResult]) -> None:
    """Note down what became of scripts, and the address that they want later clicks to lead to."""
    database = ledger.database
    with database.transaction():
        for one, number, result in zip(asked, numbers, results, strict=True):
            click = one.click
            database.execute(
                "UPDATE made SET status = ?, exit_code = ?, return_url = ?, fields = ?, message = ? WHERE id = ?",
                (
                    *(result.status, result.exit_code, result.return_url),
                    *(json.dumps(result.fields, ensure_ascii=False), result.message, one.id),
                ),
            )
            database.execute(
                "UPDATE change SET status = ?, new = ? WHERE number = ?", (result.status, result.status, number)
            )
            if result.return_url:
                database.execute(
                    "INSERT INTO return_address (link_id, shipment_id, recipient_id, url, change_id) "
                    "VALUES (?, ?, ?, ?, ?) ON CONFLICT (link_id, shipment_id, recipient_id) "
                    "DO UPDATE SET url = excluded.url, change_id = excluded.change_id",
                    (click.link.id, click.shipment.id, click.recipient_id, result.return_url, one.id),
                )
