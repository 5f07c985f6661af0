"""The scripts of a run: which are to be started, each noted down in the ledger before it is, and what they said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from linktrack.actions.kinds.script import payload
from linktrack.actions.ledger import started
from linktrack.actions.ledger.rows import KnownScript, running_row
from linktrack.actions.occasions import Occasions
from linktrack.actions.planned import RETRIED, Clicked, FoundScript, NumberedAction, made_id
from linktrack.actions.run_input import Work
from linktrack.actions.script_calls import run_batch, run_script, unfit_script
from linktrack.links.action_values import seconds_of
from linktrack.links.actions import ScriptAction


class Asked(NamedTuple):
    """A script that is to be started because of a click."""

    id: str
    click: Clicked
    action: NumberedAction
    says: ScriptAction


def run_open_scripts(work: Work, run_id: int | None) -> dict[str, FoundScript]:
    """Run the scripts that the clicks ask for, in the order of time, and return by change what every script said that
    these clicks have ever asked for, also those that an interrupted run had started. Without `run_id` nothing
    is run, and what cannot be started has failed.
    """
    if not any(one.definition.type == "script" for every in work.actions.values() for one in every):
        return {}
    database, folder = work.ledger.database, work.workspace.scripts_path
    known = started.known_scripts(work.ledger.found)
    found = {identifier: FoundScript(*one) for identifier, one in known.items()}
    asked = list(_asked(work, known))
    if run_id is None:
        unfit = {name: unfit_script(folder, name) for name in {one.says.script for one in asked}}
        found.update({one.id: FoundScript(one.click.key, unfit[one.says.script]) for one in asked})
        return found
    hits, addresses = work.ledger.hits(), work.ledger.return_addresses()

    def told(one: Asked) -> dict[str, str | int]:
        click = one.click
        address = addresses.get((click.link.id, click.recipient_id), "")
        return payload(click, hits.get(click.link.id, 0), address)

    batches: dict[tuple[str, int], list[Asked]] = {}
    for one in asked:
        says = one.says
        if says.batch:
            batches.setdefault((says.script, seconds_of(says.timeout)), []).append(one)
            continue
        row = running_row(one.id, one.click, one.action, says.script, run_id, work.options.now)
        started.start_scripts(database, [row])
        result = run_script(folder, says.script, told(one), seconds_of(says.timeout))
        started.end_scripts(database, [(row, result)])
        if result.return_url:
            addresses[row.link_id, row.recipient_id] = result.return_url
        found[one.id] = FoundScript(one.click.key, result)
    for (script, seconds), every in batches.items():
        rows = [running_row(one.id, one.click, one.action, script, run_id, work.options.now) for one in every]
        started.start_scripts(database, rows)
        results = run_batch(folder, script, [one.id for one in every], map(told, every), seconds)
        started.end_scripts(database, [(row, results[row.id]) for row in rows])
        found.update({one.id: FoundScript(one.click.key, results[one.id]) for one in every})
    return found


def _asked(work: Work, known: Mapping[str, KnownScript]) -> Iterator[Asked]:
    """The scripts to be started, in the order of time; each once, and failed ones again if the options say so."""
    scripts = {
        link_id: [(one, one.definition) for one in every if isinstance(one.definition, ScriptAction)]
        for link_id, every in work.actions.items()
    }
    occasions = Occasions(work.ledger.made(), work.actions, work.workspace.zone)
    failures = work.ledger.failures() if work.options.retried else {}
    for click in work.ledger.clicks([link_id for link_id, every in scripts.items() if every]):
        if click.contact_id not in work.state.people:
            continue
        for action, says in scripts[click.link.id]:
            identifier = made_id(action, click)
            if click.why == RETRIED:
                failure = failures.get((click.recipient_id, identifier))
                before = known.get(identifier)
                # What an interrupted run has tried again already is reported, not tried once more.
                tried = before is not None and before.reported and before.click == click.key
                if failure and failure.status in work.options.retried and tried:
                    yield Asked(identifier, click, action, says)
                continue
            if occasions.take(action, click):
                yield Asked(identifier, click, action, says)
