"""The scripts of a run: which are to be started, each noted down in the ledger before it is, and what they said."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from linktrack.actions.kinds.script import payload
from linktrack.actions.ledger import Ledger
from linktrack.actions.planned import Clicked, Placed, ScriptResult, made_id
from linktrack.actions.planning import made_before
from linktrack.actions.scripts import run_batch, run_script
from linktrack.actions.state import CrmState
from linktrack.config import Workspace
from linktrack.links.actions import seconds_of


def noted_definitions(ledger: Ledger, actions: Mapping[int, list[Placed]]) -> dict[int, list[Placed]]:
    """The same actions with the ledger's number of each definition."""
    with ledger.database.transaction():
        return {
            link_id: [
                replace(
                    placed,
                    definition_id=ledger.definition(
                        json.dumps({"type": placed.definition.type, **placed.definition.settings}, ensure_ascii=False)
                    ),
                )
                for placed in every
            ]
            for link_id, every in actions.items()
        }


def run_open_scripts(
    workspace: Workspace,
    ledger: Ledger,
    actions: Mapping[int, list[Placed]],
    state: CrmState,
    *,
    run_id: int | None,
    now: int,
    retry: bool,
    crash: Callable[[str], None],
) -> dict[str, tuple[int, ScriptResult | None]]:
    """Run the scripts that the open clicks ask for, in the order of time, and return every result that this run has
    to report, also of scripts that an interrupted run had started. Without `run_id` nothing is run.
    """
    with_scripts = {link for link, every in actions.items() if any(one.definition.type == "script" for one in every)}
    if not with_scripts:
        return {}
    made = made_before(ledger, actions)
    known = ledger.script_results()
    found: dict[str, tuple[int, ScriptResult | None]] = {
        identifier: (click_id, result) for identifier, (click_id, result, reported) in known.items() if not reported
    }
    batches: dict[tuple[str, int], list[tuple[str, Clicked, Placed]]] = {}
    hits = ledger.hits()
    for click, retried in list(ledger.clicks(with_scripts)):
        for placed in actions[click.link.id]:
            if placed.definition.type != "script" or click.contact_id not in state.people:
                continue
            identifier = made_id(placed, click)
            again = retry and identifier in known and known[identifier][0] == click.id
            again = again and known[identifier][1].status != "ok"
            if (identifier in made or retried) and not again:
                continue
            made.add(identifier)
            found[identifier] = click.id, None
            says = placed.definition.says
            if run_id is None:
                continue
            if says.batch:
                batches.setdefault((says.script, seconds_of(says.timeout)), []).append((identifier, click, placed))
                continue
            start(ledger, run_id, now, [(identifier, click, placed)])
            crash("a script is noted down")
            told = payload(click, hits.get(click.link.id, 0), _return_url(ledger, click))
            result = run_script(workspace.scripts_path, says.script, told, seconds_of(says.timeout))
            crash("a script has run")
            end(ledger, [(identifier, click, result)])
            found[identifier] = click.id, result
    for (script, seconds), asked in batches.items():
        assert run_id is not None  # noqa: S101  (nothing is collected without a run)
        start(ledger, run_id, now, asked)
        crash("a batch is noted down")
        told_all = [
            (identifier, payload(click, hits.get(click.link.id, 0), _return_url(ledger, click)))
            for identifier, click, _ in asked
        ]
        results = run_batch(workspace.scripts_path, script, told_all, seconds)
        end(ledger, [(identifier, click, results[identifier]) for identifier, click, _ in asked])
        found.update({identifier: (click.id, results[identifier]) for identifier, click, _ in asked})
    return found


def start(ledger: Ledger, run_id: int, now: int, asked: list[tuple[str, Clicked, Placed]]) -> None:
    """Note down that scripts are being started: from here on they count as interrupted until they have ended."""
    with ledger.database.transaction():
        for identifier, click, placed in asked:
            where = (click.id, click.link.id, click.shipment.id, click.recipient_id)
            ledger.database.execute(
                "INSERT INTO made (id, run_id, click_id, link_id, shipment_id, recipient_id, kind, ordinal, owner, "
                "status, return_url, fields, message, ran_at) "
                "VALUES (?, ?, ?, ?, ?, ?, 'script', ?, '', 'interrupted', '', '{}', '', ?) "
                "ON CONFLICT (id) DO UPDATE SET run_id = excluded.run_id, status = 'interrupted', "
                "ran_at = excluded.ran_at",
                (identifier, run_id, *where, placed.ordinal, now),
            )
            ledger.database.execute(
                "DELETE FROM change WHERE kind = 'script' AND id = ? AND run_id = ?", (identifier, run_id)
            )
            ledger.database.execute(
                "INSERT INTO change (id, run_id, click_id, link_id, shipment_id, recipient_id, clicked_at, kind, name, "
                "operation, old, new, definition_id, status, ran_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, 'script', ?, 'run', '', '', ?, 'interrupted', ?)",
                (identifier, run_id, *where, click.at, placed.definition.says.script, placed.definition_id, now),
            )


def end(ledger: Ledger, ended: list[tuple[str, Clicked, ScriptResult]]) -> None:
    """Note down what became of scripts, and the address that they want later clicks to lead to."""
    database = ledger.database
    with database.transaction():
        for identifier, click, result in ended:
            database.execute(
                "UPDATE made SET status = ?, exit_code = ?, return_url = ?, fields = ?, message = ? WHERE id = ?",
                (
                    *(result.status, result.exit_code, result.return_url),
                    *(json.dumps(result.fields, ensure_ascii=False), result.message, identifier),
                ),
            )
            database.execute(
                "UPDATE change SET status = ?, new = ? WHERE kind = 'script' AND id = ? AND status = 'interrupted' "
                "AND run_id = (SELECT run_id FROM made WHERE id = ?)",
                (result.status, result.status, identifier, identifier),
            )
            if result.return_url:
                database.execute(
                    "INSERT INTO return_address (link_id, shipment_id, recipient_id, url, change_id) "
                    "VALUES (?, ?, ?, ?, ?) ON CONFLICT (link_id, shipment_id, recipient_id) "
                    "DO UPDATE SET url = excluded.url, change_id = excluded.change_id",
                    (click.link.id, click.shipment.id, click.recipient_id, result.return_url, identifier),
                )


def _return_url(ledger: Ledger, click: Clicked) -> str:
    return str(
        ledger.database.value(
            "SELECT url FROM return_address WHERE link_id = ? AND shipment_id = ? AND recipient_id = ?",
            (click.link.id, click.shipment.id, click.recipient_id),
        )
        or ""
    )
