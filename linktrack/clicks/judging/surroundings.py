"""What clicks are judged by, read from the catalogue: sendings, honeypots, agents, networks."""

from __future__ import annotations

from linktrack.clicks.judging.agent_table import Agents
from linktrack.clicks.judging.agents import rules_version
from linktrack.clicks.judging.network_table import NetworkTable
from linktrack.clicks.judging.networks import Networks
from linktrack.clicks.judging.rules.judged import Surroundings
from linktrack.store.forgotten import nobodies
from linktrack.store.purged import horizon
from linktrack.store.session import Database


def surroundings(database: Database, networks: Networks, agents: Agents, known: NetworkTable) -> Surroundings:
    """What clicks are judged by besides themselves, from the catalogue and the tables of agents and networks."""
    sendings = database.rows("SELECT id, sent_at, is_test, mailing_id FROM shipment")
    links: dict[int, int] = dict(
        database.rows(
            "SELECT mailing_id, count(DISTINCT link_id) FROM placement WHERE kind NOT IN ('honeypot', 'header') "
            "AND gone_at IS NULL GROUP BY mailing_id"
        )
    )
    return Surroundings(
        agent=agents.signal,
        family=agents.family,
        network=lambda number: networks.weight(known.name(number)),
        sent_at={number: sent_at for number, sent_at, _, _ in sendings},
        tests=frozenset(number for number, _, is_test, _ in sendings if is_test),
        traps=frozenset(row[0] for row in database.rows("SELECT id FROM placement WHERE kind = 'honeypot'")),
        links={number: links.get(mailing, 0) for number, _, _, mailing in sendings},
        rules=rules_version(),
        nobodies=nobodies(database),
        final=horizon(database).final,
    )
