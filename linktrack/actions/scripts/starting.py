"""The scripts of a run: which are to be started, each noted down in the ledger before it is, and what they said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache, partial
from heapq import merge
from itertools import count
from operator import attrgetter
from typing import NamedTuple

from linktrack.actions.crm_load import load_answered
from linktrack.actions.kinds.script import payload
from linktrack.actions.ledger import started
from linktrack.actions.ledger.started import AskedRow, AskedScripts, ToldOf
from linktrack.actions.occasions import Occasions
from linktrack.actions.planned import RETRIED, Clicked, FoundScript, NumberedAction, made_id
from linktrack.actions.run_input import Work
from linktrack.actions.scripts.calls import Payload, run_batch, run_script, unfit_script
from linktrack.links.action_values import seconds_of
from linktrack.links.actions import ScriptAction


class _Asked(NamedTuple):
    """A script that is to be started because of a click."""

    id: str
    click: Clicked
    action: NumberedAction
    says: ScriptAction


class _Batch(NamedTuple):
    """Scripts that are started at once: the number of their batch, and the file that runs for so many seconds."""

    number: int
    script: str
    seconds: int


def rehearsed_scripts(work: Work) -> Iterator[FoundScript]:
    """What became of the scripts that the clicks have ever asked for, in the order of time, and those that a run would
    start now: nothing is run, and what cannot be started has failed."""
    if not _has_scripts(work):
        return iter(())
    unfit = cache(partial(unfit_script, work.workspace.scripts_path))
    asked = (FoundScript(one.click.key, one.action.number, one.id, unfit(one.says.script)) for one in _asked(work))
    return merge(_found(work, 0), asked, key=attrgetter("click"))


def run_open_scripts(work: Work, run_id: int) -> Iterator[FoundScript]:
    """Run the scripts that the clicks ask for, in the order of time, and return what became of all that these clicks
    have ever asked for, in that order, also of those that an interrupted run had started."""
    if not _has_scripts(work):
        return iter(())
    folder, links, hits = work.workspace.scripts_path, work.ledger.links, work.ledger.hits()
    asked = AskedScripts(work.ledger.database, run_id, work.options.now)
    alone: list[_Batch] = []
    together: dict[tuple[str, int], _Batch] = {}
    asked.ask(_told_off(_asked(work), alone, together))

    def payload_of(one: ToldOf) -> Payload:
        link = links[one.link_id]
        return payload(one.contact_id, link, one.shipment_id, hits.get(link.id, 0), one.return_url)

    for batch, script, seconds in alone:
        started.start_scripts(asked, batch)
        (one,) = asked.told(batch)
        asked.answer_all(batch, run_script(folder, script, payload_of(one), seconds))
        started.end_scripts(asked, batch)
    for batch, script, seconds in together.values():
        started.start_scripts(asked, batch)
        told = ({"id": one.id, **payload_of(one)} for one in asked.told(batch))
        ended = run_batch(folder, script, told, seconds, partial(asked.answer, batch))
        asked.answer_all(batch, ended.result, but_answered=not ended.is_of_all)
        started.end_scripts(asked, batch)
    return _found(work, run_id)


def _has_scripts(work: Work) -> bool:
    return any(one.kind == "script" for every in work.actions.values() for one in every)


def _found(work: Work, run_id: int) -> Iterator[FoundScript]:
    """What the ledger has of scripts, with the fields that they have answered made known to the state."""
    load_answered(work.state, started.answered_fields(work.ledger.found))
    return started.find_scripts(work.ledger.found, run_id)


def _told_off(
    asked: Iterator[_Asked], alone: list[_Batch], together: dict[tuple[str, int], _Batch]
) -> Iterator[AskedRow]:
    """What is asked for as the ledger notes it down, each in the batch that it is told off to: those that run `alone`,
    and those that the same file answers `together` within the same time."""
    numbers, places = count(), defaultdict[tuple[str, int], Iterator[int]](count)
    for identifier, click, action, says in asked:
        file = says.script, seconds_of(says.timeout)
        if says.batch:
            batch = together.get(file) or together.setdefault(file, _Batch(next(numbers), *file))
            place = next(places[file])
        else:
            batch, place = _Batch(next(numbers), *file), 0
            alone.append(batch)
        at, mark, link, shipment, _, recipient, *_ = click
        row = (
            *(batch.number, place, recipient, identifier, at, mark, link.id, shipment.id, says.script),
            *(action.number, action.definition_id),
        )
        yield tuple.__new__(AskedRow, row)  # which is thrice as fast as AskedRow(…)


def _asked(work: Work) -> Iterator[_Asked]:
    """The scripts to be started, in the order of time; each once, and failed ones again if the options say so."""
    scripts = {
        link_id: [(one, one.definition) for one in every if isinstance(one.definition, ScriptAction)]
        for link_id, every in work.actions.items()
    }
    retried = work.options.retried
    occasions = Occasions(work.ledger.made(), work.actions, work.workspace.zone)
    failed = started.failed_scripts(work.ledger.found) if retried else {}
    for click in work.ledger.clicks([link_id for link_id, every in scripts.items() if every]):
        if click.contact_id not in work.state.people:
            continue
        for action, says in scripts[click.link.id]:
            if click.why == RETRIED:
                before = failed.get((click.key, action.number))
                if before is not None and before.status in retried:
                    yield _Asked(before.id, click, action, says)  # whose id tells how it was to be repeated then
            elif occasions.take(action, click):
                yield _Asked(made_id(action, click), click, action, says)
