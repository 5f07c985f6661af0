"""A person forgotten: all that is personal goes from the database and the workspace's own click log, the counts stay.

Of the person only the print of the contact id is kept (`store.forgotten`). What was counted of them stays under the
number that they had, which is nobody's then: clicks with time, link and verdict, and what reports add up. Every table
that has a recipient's number loses their rows, unless it is one of those in which they are emptied here.

The order makes it last: first the log's lines, then the database in one transaction, then what was deleted is made
unreadable. Whatever stops it in between, the same command done again does the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from sqlmodel import SQLModel

from linktrack.actions.ledger.forgetting import forget_in_ledger
from linktrack.actions.ledger.log import count_changes_of
from linktrack.clicks.blanking import blank_clicks, remove_needless_agents
from linktrack.clicks.logs.tracked import AddressBook
from linktrack.clicks.waiting import import_waiting
from linktrack.contacts.recipients import recipient_for
from linktrack.email_addresses import domain_of
from linktrack.errors import Conflict, UnknownName
from linktrack.links.tokens import NOBODY
from linktrack.store.catalogue import touch
from linktrack.store.forgotten import is_forgotten, nobodies, note_forgotten
from linktrack.store.lock import OF_CLICKS, standing_still
from linktrack.store.lookups import recipient_id
from linktrack.store.restored import is_awaited
from linktrack.store.session import Database
from linktrack.upkeep.cleaning import CLEAN, Cleaned, write_anew
from linktrack.upkeep.email_forms import one_form
from linktrack.upkeep.out_of_reach import OutOfReach, everything_out_of_reach
from linktrack.upkeep.own_log import empty_lines
from linktrack.upkeep.person import RECIPIENT, emails_of, is_email, tables_about_persons
from linktrack.upkeep.traces import traces_of
from linktrack.workspace import Workspace

# Tables whose rows stay, emptied of what is personal: what is counted in them is in the figures of reports, or has a
# place in somebody's calendar. All others lose the person's rows.
KEPT_ROWS = ("click", "clicker", "recent_clicker", "junk_request", "scanner_evidence", "shipment_recipient", "made")
_LONG = 6  # letters of a name that is found within other words, in a genitive say
_EMPTIED = ("recipient", "run", "agent", "shipment_domain", "action_tally")


@dataclass(frozen=True)
class ForgetSummary:
    """What was forgotten: how many mails, clicks and changes of the ledger were the person's, how many lines of the own
    click log and agents went, whether the files were made clean, and what is `out_of_reach`.

    Lines of everybody who was ever forgotten are counted: what such people click later is logged, too, and nothing says
    which of them it was. `before`: the person was forgotten already, and only what has come since was made clean.
    `unknown`: nobody here had that contact id, which is kept as a forgotten one.
    """

    mails: int = 0
    clicks: int = 0
    changes: int = 0
    log_lines: int = 0
    agents: int = 0
    before: bool = False
    unknown: bool = False
    cleaned: Cleaned = CLEAN
    out_of_reach: tuple[OutOfReach, ...] = ()


class _Person(NamedTuple):
    """Who is being forgotten, by all that they were called."""

    number: int
    contact_id: str
    words: frozenset[str]  # addresses and names, as they are compared

    def is_spoken_of(self, text: str) -> bool:
        """Whether a text has the person's id, address or name in it; short ones as words of their own, for others are
        made of them."""
        folded = one_form(text)
        long, short = (
            (word for word in self.words if len(word) >= _LONG),
            (word for word in self.words if len(word) < _LONG),
        )
        return any(word in folded for word in long) or any(
            re.search(rf"(?<!\w){re.escape(word)}(?!\w)", folded) for word in (*short, one_form(self.contact_id))
        )


def forget_person(
    workspace: Workspace, database: Database, named: str, moment: int, *, wait: float = 0
) -> ForgetSummary:
    """Forget the person whom a contact id, address or name names, while no import and no run of the actions goes on.

    The own click log is imported first, so that what they clicked is counted. In a restored workspace that waits for
    later runs, which may know people whom the backup does not, nobody's contact id is taken for one's. UnknownName for
    nobody, Conflict for several of one name (`lookups.recipient_id`) or a log that cannot be read; Locked when another
    job goes on for longer than `wait` seconds.
    """
    gone, unknown = _is_gone(database, named), is_unknown_yet(database, named)
    if not (gone or unknown):
        recipient_id(database, named)  # or the error that there is nobody, before anything is waited for
    sizes = import_waiting(workspace, database, wait, clock=lambda: moment).sizes
    with standing_still(workspace, database, wait, "the forgetting of a person", OF_CLICKS):
        number = None if gone or unknown else recipient_id(database, named)
        out_of_reach = tuple(everything_out_of_reach(workspace, database, number))
        everybody = nobodies(database) | ({number} if number is not None else set())
        emails = set(filter(is_email, (named,))) if number is None else emails_of(database, number)
        traces = traces_of(database, AddressBook(workspace, database), everybody, emails, of_revoked=True)
        lines = empty_lines(database, sizes, traces)
        if gone:
            cleaned = write_anew(database, _touched(), wait)
            return ForgetSummary(log_lines=lines, before=True, cleaned=cleaned, out_of_reach=out_of_reach)
        with database.transaction(durable=True):
            number = recipient_for(database, named) if number is None else number
            person = _person(database, number)
            counted = _counted(database, number)
            forget_in_ledger(database, person.number, person.is_spoken_of)
            agents = _forget_clicks(database, number)
            _forget_addresses(database, number)
            for table in tables_about_persons():
                if table not in KEPT_ROWS:
                    database.execute(f"DELETE FROM {table} WHERE {RECIPIENT} = ?", (number,))  # noqa: S608  (ours)
            note_forgotten(database, person.contact_id)
            database.execute(
                "UPDATE recipient SET contact_id = NULL, email = '', name = '', fields = '{}', forgotten_at = ? "
                "WHERE id = ?",
                (moment, number),
            )
            touch(database)
        cleaned = write_anew(database, _touched(), wait)
    return ForgetSummary(*counted, lines, agents, unknown=unknown, cleaned=cleaned, out_of_reach=out_of_reach)


def is_unknown_yet(database: Database, named: str) -> bool:
    """Whether nobody is called so in a workspace that was restored, and that later runs may still tell of somebody with
    this contact id."""
    if not is_awaited(database) or is_forgotten(database, named) or not named.strip():
        return False
    try:
        recipient_id(database, named)
    except UnknownName:
        return True
    except Conflict:  # of several
        return False
    return False


def _is_gone(database: Database, named: str) -> bool:
    """Whether a contact id, address or name is that of a forgotten person, and of nobody else."""
    if not is_forgotten(database, named):
        return False
    try:
        recipient_id(database, named)
    except UnknownName:
        return True
    return False


def _touched() -> tuple[str, ...]:
    return (*tables_about_persons(), *_EMPTIED)


def _person(database: Database, number: int) -> _Person:
    contact_id, *now = database.row("SELECT contact_id, email, name FROM recipient WHERE id = ?", (number,)) or ("", "")
    then = database.rows(
        "SELECT email, name FROM shipment_recipient WHERE recipient_id = ? "
        "UNION SELECT email, name FROM earlier_address WHERE recipient_id = ?",
        (number, number),
    )
    words = {one_form(word.strip()) for pair in (now, *then) for word in pair}
    return _Person(number, contact_id, frozenset(words - {""}))


def _counted(database: Database, number: int) -> tuple[int, int, int]:
    """Mails, clicks and changes of a person."""
    mails, clicks = (
        int(database.value(f"SELECT count(*) FROM {table} WHERE {RECIPIENT} = ?", (number,)))  # noqa: S608  (ours)
        for table in ("shipment_recipient", "click")
    )
    return mails, clicks, count_changes_of(database, number)


# --- clicks and addresses --------------------------------------------------------------------------------------


def _forget_clicks(database: Database, number: int) -> int:
    """Empty a person's clicks of what is personal, and the requests that speak against others of the person's
    addresses. Returns how many agents nobody else has, which went."""
    sql = "SELECT clicked_at, print, recipient_id, agent_id, ip FROM click WHERE recipient_id = ?"
    clicks = database.rows(sql, (number,))
    database.execute("UPDATE junk_request SET ip = '' WHERE recipient_id = ?", (number,))
    addresses = {ip for *_, ip in clicks if ip}
    for ip in _addresses_of_nobody_else(database, number, addresses):
        database.execute("UPDATE junk_request SET ip = '' WHERE ip = ? AND recipient_id = ?", (ip, NOBODY))
    blank_clicks(database, (row[:3] for row in clicks))
    return remove_needless_agents(database, {agent for _, _, _, agent, _ in clicks})


def _addresses_of_nobody_else(database: Database, number: int, addresses: set[str]) -> list[str]:
    """Those of a person's addresses that no click of others has, and that requests with a damaged token have: nobody
    knows whose these were, so they may be the person's."""
    unknown = {ip for (ip,) in database.rows("SELECT DISTINCT ip FROM junk_request WHERE recipient_id = ?", (NOBODY,))}
    return [
        ip
        for ip in sorted(addresses & unknown)
        if database.value("SELECT 1 FROM click WHERE ip = ? AND recipient_id <> ? LIMIT 1", (ip, number)) is None
    ]


def _forget_addresses(database: Database, number: int) -> None:
    """Leave of a person's addresses the domain, by which shipments are counted; and no domain that nobody else has."""
    addresses = database.rows("SELECT DISTINCT email FROM shipment_recipient WHERE recipient_id = ?", (number,))
    domains: dict[str, list[str]] = {}
    for (email,) in addresses:
        domains.setdefault(domain_of(email), []).append(email)
    for domain, emails in domains.items():
        left = f"@{domain}" if domain and _is_others(database, domain, number) else ""
        database.executemany(
            "UPDATE shipment_recipient SET email = ?, name = '' WHERE recipient_id = ? AND email = ?",
            [(left, number, email) for email in emails],
        )
        if domain and not left:
            _drop_domain(database, domain)


def _is_others(database: Database, domain: str, number: int) -> bool:
    """Whether anybody else who is not forgotten has got a mail at this domain."""
    rows = database.stream(
        "SELECT sent.email FROM shipment_recipient AS sent "  # noqa: S608  (a condition of our own)
        "JOIN recipient ON recipient.id = sent.recipient_id "
        "WHERE sent.recipient_id <> ? AND forgotten_at IS NULL AND "
        f"(lower(sent.email) LIKE ? OR {database.folds_beyond_ascii('sent.email')})",
        (number, f"%@{domain}%"),
        at_once=1,
    )
    return any(domain_of(email) == domain for (email,) in rows)


def _drop_domain(database: Database, domain: str) -> None:
    """Count what was counted by a domain with those who have none; also that of people who were forgotten earlier."""
    table = SQLModel.metadata.tables["shipment_domain"]
    counts = [column.name for column in table.columns if not column.primary_key]
    added = ", ".join(f"{column} = shipment_domain.{column} + excluded.{column}" for column in counts)
    database.execute(
        f"INSERT INTO shipment_domain (shipment_id, domain, {', '.join(counts)}) "  # noqa: S608  (names of our own)
        f"SELECT shipment_id, '', {', '.join(counts)} FROM shipment_domain WHERE domain = ? "
        f"ON CONFLICT (shipment_id, domain) DO UPDATE SET {added}",
        (domain,),
    )
    database.execute("DELETE FROM shipment_domain WHERE domain = ?", (domain,))
    database.execute("UPDATE shipment_recipient SET email = '' WHERE email = ?", (f"@{domain}",))
