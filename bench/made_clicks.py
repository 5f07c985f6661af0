"""A workspace with very many clicks and the figures made of them, written by SQL alone, within minutes.

Mailing 1 went to everybody and has a fiftieth of all clicks; every other one went to a fiftieth of the people, unless it
is told otherwise. Each has the same 40 links. Who clicked last in mailing 1 is alone at a domain. `check` counts a small
one anew as an import does, and compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linktrack.store.session import Database

START = 1_700_006_400_000  # midnight in UTC, the zone of the workspace
DAY = 86_400_000
HOUR = 3_600_000
LINKS = 40
DOMAINS = 20
LATE = "late.example"
PART = 50  # a fiftieth
# What the tables keep as JSON: that a link leads on, and how the mails of a shipment were made.
REDIRECT = '{"kind": "redirect"}'
MADE_WITH = '{"base_url": "https://click.example.com", "output": "html", "key_id": 0}'


def make_workspace(root: Path, clicks: int, recipients: int, mailings: int, parts: int = PART) -> None:
    """A workspace with its clicks, in the order of time, and all that reports read. The people are told off in so many
    `parts`, of which each mailing after the first went to one."""
    with _made(root, recipients, mailings, max(recipients, clicks // PART + 1)) as database:
        for mailing in range(1, mailings + 1):
            with database.transaction():
                everybody = mailing == 1
                size = recipients if everybody else recipients // parts
                first = 0 if everybody else mailing * size % recipients
                count = clicks // PART if everybody else (clicks - clicks // PART) // (mailings - 1)
                for sql in _shipment(mailing, first, size, recipients, count):
                    database.execute(sql)
        with database.transaction():
            for sql in FIGURES:
                database.execute(sql)
            _part_the_last(database)
        database.execute("ANALYZE")


def make_clicked(root: Path, recipients: int) -> None:
    """A workspace with one mailing, of which everybody has clicked one link once. The clicks themselves are purged, so
    that one that went to millions is made in a minute."""
    with _made(root, recipients, 1, recipients) as database:
        with database.transaction():
            for sql in _shipment(1, 0, recipients, recipients, 0):
                database.execute(sql)
            database.execute(
                "INSERT INTO clicker (shipment_id, recipient_id, placement_id, link_id, human, machine, first_click, "
                f"last_after, first_device) SELECT 1, n, {LINKS} + n % {LINKS}, 100 + n % {LINKS}, 1, 0, "
                f"{START + DAY} + n * 7919 % {10 * DAY}, 0, 0 FROM number"
            )
            for sql in FIGURES:
                database.execute(sql)
            database.execute(f"UPDATE workspace SET purged_before = {START + 12 * DAY}")
        database.execute("ANALYZE")


@contextmanager
def _made(root: Path, recipients: int, mailings: int, largest: int) -> Iterator[Database]:
    """A workspace with links, mailings and people; and a temporary table of the numbers from 1 to the largest."""
    from linktrack.store.opening import open_database
    from linktrack.upkeep.making import init_workspace

    workspace = init_workspace(root, "https://click.example.com")
    settings = workspace.config_path
    lines = settings.read_text("utf-8").splitlines(keepends=True)
    settings.write_text("".join('time_zone = "UTC"\n' if line.startswith("time_zone") else line for line in lines))
    with open_database(workspace) as database:
        with database.transaction():
            database.execute("UPDATE workspace SET time_zone = 'UTC'")
            _make_catalogue(database, recipients, mailings)
        database.execute("CREATE TEMP TABLE number AS WITH RECURSIVE counted(n) AS "
                         f"(SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {largest}) SELECT n FROM counted")  # fmt: skip
        yield database


def _make_catalogue(database: Database, recipients: int, mailings: int) -> None:
    """Links, mailings with their placements, and people."""
    from linktrack.clicks.judging.agent_table import add_agents

    database.insert(
        "link", ("id", "key", "identity", "name", "kind", "url", "response", "created_at", "updated_at"),
        [
            (100 + n, f"link-{n}", f"link-{n}", f"Link {n}", "registered", "https://www.example.com/", REDIRECT, 0, 0)
            for n in range(LINKS)
        ],
    )  # fmt: skip
    database.insert(
        "mailing", ("id", "name", "subject", "type", "html", "settings", "created_at"),
        [(n, f"mailing-{n}", "", "news", b"", "{}", 0) for n in range(1, mailings + 1)],
    )  # fmt: skip
    database.insert(
        "placement",
        ("id", "key", "mailing_id", "link_id", "position", "part", "kind", "label", "url", "start", "stop", "line", '"column"'),
        [
            (mailing * LINKS + n, f"p{mailing}-{n}", mailing, 100 + n, n, "html", "a", "", "", 0, 0, 1, 1)
            for mailing in range(1, mailings + 1) for n in range(LINKS)
        ],
    )  # fmt: skip
    for start in range(0, recipients, 100_000):
        database.insert(
            "recipient", ("id", "contact_id", "email", "name", "fields"),
            [(n, f"C{n}", f"c{n}@d{n % DOMAINS}.example", f"Person {n}", "{}")
             for n in range(start + 1, min(start + 100_000, recipients) + 1)],
        )  # fmt: skip
    add_agents(database, [("desktop", 0), ("phone", 1)])
    database.execute(
        "INSERT INTO ruling (id, verdict, reasons, rules) VALUES (1, 'human', '', 'made'), (2, 'scanner', 'burst', 'made')"
    )


def _shipment(number: int, first: int, size: int, recipients: int, clicks: int) -> Iterator[str]:
    """A shipment to `size` people from `first` on, and its clicks: most of them soon, on the first links."""
    sent_at = START + number * DAY
    person = f"1 + ({first} + n) % {recipients}"
    yield (
        "INSERT INTO shipment (id, number, mailing_id, sent_at, is_test, recipients, settings, created_at, finished_at) "
        f"VALUES ({number}, {number}, {number}, {sent_at}, FALSE, {size}, '{MADE_WITH}', 0, 0)"
    )
    yield (
        "INSERT INTO shipment_recipient (shipment_id, recipient_id, position, email, name) "
        f"SELECT {number}, id, id, email, name FROM recipient WHERE id IN (SELECT {person} FROM number WHERE n <= {size})"
    )
    yield (
        "INSERT INTO shipment_domain (shipment_id, domain, sent, human, machine, clickers) "
        f"SELECT {number}, 'd' || (({person}) % {DOMAINS}) || '.example', count(*), 0, 0, 0 FROM number "
        f"WHERE n <= {size} GROUP BY 2"
    )
    yield f"""
        INSERT INTO click (clicked_at, print, recipient_id, link_id, placement_id, shipment_id, ip, network_id,
                           agent_id, flags, pressed, reading_id, ruling_id, passed)
        WITH drawn AS MATERIALIZED (
            SELECT n, abs(random() / 2) AS print, abs(random() / 2) % {size} AS who, abs(random() / 2) % 9973 AS spot,
                   abs(random() / 2) % 10 AS chance FROM number WHERE n <= {clicks}
        ), placed AS (
            SELECT *, min(CAST(-ln(1 - (spot + 0.5) / 9973) * 8 AS INTEGER), {LINKS - 1}) AS link FROM drawn
        )
        SELECT {sent_at} + CAST(-ln(1 - (n - 0.5) / {clicks}) * {10 * HOUR} AS INTEGER), print,
               1 + ({first} + 1 + who) % {recipients}, 100 + link, {number * LINKS} + link, {number}, '192.0.2.0', 0,
               1 + (chance < 4), 0, '', 0, 1 + (chance % 3 = 0), 1
        FROM placed
    """


def _part_the_last(database: Database) -> None:
    """Have whose first click in mailing 1 was the last one had an address at a domain of their own."""
    for who, human, machine in database.rows(
        "SELECT recipient_id, sum(human), sum(machine) FROM clicker WHERE shipment_id = 1 GROUP BY recipient_id "
        "HAVING sum(human) > 0 ORDER BY min(first_click) DESC LIMIT 1"
    ):
        address = "UPDATE shipment_recipient SET email = ? WHERE shipment_id = 1 AND recipient_id = ?"
        database.execute(address, (f"c{who}@{LATE}", who))
        database.execute(
            "UPDATE shipment_domain SET sent = sent - 1, human = human - ?, machine = machine - ?, clickers = clickers - 1 "
            "WHERE shipment_id = 1 AND domain = ?",
            (human, machine, f"d{who % DOMAINS}.example"),
        )
        columns = ("shipment_id", "domain", "sent", "human", "machine", "clickers")
        database.insert("shipment_domain", columns, [(1, LATE, 1, human, machine, 1)])


# Each clicker's first human click and its device in one number, so that the smallest is the first.
_FIRST = "min(CASE WHEN ruling_id = 1 THEN clicked_at * 4 + agent_id - 1 END)"
_CLICKED = "first_click / 3600000 * 3600000"
_AGE = f"(clicked_at - {START} - shipment_id * {DAY}) / {HOUR}"
FIGURES = (
    f"""
    INSERT INTO clicker (shipment_id, recipient_id, placement_id, link_id, human, machine, first_click, last_after, first_device)
    SELECT shipment_id, recipient_id, placement_id, link_id, human, machine, first / 4, last - first / 4, first % 4 FROM (
        SELECT shipment_id, recipient_id, placement_id, min(link_id) AS link_id, sum(ruling_id = 1) AS human,
               sum(ruling_id = 2) AS machine, {_FIRST} AS first, max(CASE WHEN ruling_id = 1 THEN clicked_at END) AS last
        FROM click GROUP BY shipment_id, recipient_id, placement_id
    )
    """,
    # The first click of each clicker, in the shipment and on each link in it.
    """
    CREATE TEMP TABLE turn AS
    SELECT shipment_id, recipient_id, min(first_click * 4 + first_device) AS first FROM clicker WHERE human > 0
    GROUP BY shipment_id, recipient_id
    """,
    "CREATE TEMP TABLE link_turn AS SELECT link_id, shipment_id, min(first_click) AS first_click FROM clicker "
    "WHERE human > 0 GROUP BY shipment_id, recipient_id, link_id",
    """
    INSERT INTO placement_tally (placement_id, shipment_id, human, machine, test, clickers)
    SELECT placement_id, shipment_id, sum(human), sum(machine), 0, sum(human > 0) FROM clicker
    GROUP BY placement_id, shipment_id
    """,
    """
    INSERT INTO link_tally (link_id, shipment_id, human, prefetch, scanner, test, clickers, first_click, last_click)
    SELECT link_id, shipment_id, sum(human), 0, sum(machine), 0, 0, min(first_click), max(last_click) FROM clicker
    GROUP BY link_id, shipment_id
    """,
    """
    UPDATE link_tally SET clickers = found.clickers FROM (
        SELECT link_id, shipment_id, count(*) AS clickers FROM link_turn GROUP BY link_id, shipment_id
    ) AS found WHERE found.link_id = link_tally.link_id AND found.shipment_id = link_tally.shipment_id
    """,
    """
    INSERT INTO shipment_tally (shipment_id, human, prefetch, scanner, test, clickers, first_click, last_click)
    SELECT clicker.shipment_id, sum(human), 0, sum(machine), 0, 0, min(first_click), max(last_click)
    FROM clicker GROUP BY clicker.shipment_id
    """,
    "UPDATE shipment_tally SET clickers = found.clickers FROM (SELECT shipment_id, count(*) AS clickers FROM turn "
    "GROUP BY shipment_id) AS found WHERE found.shipment_id = shipment_tally.shipment_id",
    """
    INSERT INTO link_hour (link_id, shipment_id, hour, human, machine, test, clickers)
    SELECT link_id, shipment_id, clicked_at / 3600000 * 3600000, sum(ruling_id = 1), sum(ruling_id = 2), 0, 0
    FROM click GROUP BY 1, 2, 3
    """,
    f"""
    INSERT INTO link_hour (link_id, shipment_id, hour, human, machine, test, clickers)
    SELECT link_id, shipment_id, {_CLICKED}, 0, 0, 0, count(*) FROM link_turn WHERE TRUE GROUP BY 1, 2, 3
    ON CONFLICT (link_id, shipment_id, hour) DO UPDATE SET clickers = excluded.clickers
    """,
    """
    INSERT INTO shipment_hour (shipment_id, hour, human, machine, test, clickers)
    SELECT shipment_id, clicked_at / 3600000 * 3600000, sum(ruling_id = 1), sum(ruling_id = 2), 0, 0
    FROM click GROUP BY 1, 2
    """,
    """
    INSERT INTO shipment_hour (shipment_id, hour, human, machine, test, clickers)
    SELECT shipment_id, first / 4 / 3600000 * 3600000, 0, 0, 0, count(*) FROM turn WHERE TRUE GROUP BY 1, 2
    ON CONFLICT (shipment_id, hour) DO UPDATE SET clickers = excluded.clickers
    """,
    f"""
    INSERT INTO shipment_age (shipment_id, age, human, machine, clickers)
    SELECT shipment_id, {_AGE}, sum(ruling_id = 1), sum(ruling_id = 2), 0 FROM click WHERE {_AGE} < 48 GROUP BY 1, 2
    """,
    f"""
    INSERT INTO shipment_age (shipment_id, age, human, machine, clickers)
    SELECT shipment_id, {_AGE.replace("clicked_at", "first / 4")}, 0, 0, count(*) FROM turn
    WHERE {_AGE.replace("clicked_at", "first / 4")} < 48 GROUP BY 1, 2
    ON CONFLICT (shipment_id, age) DO UPDATE SET clickers = excluded.clickers
    """,
    """
    INSERT INTO shipment_device (shipment_id, device, human, machine, clickers)
    SELECT shipment_id, agent_id - 1, sum(ruling_id = 1), sum(ruling_id = 2), 0 FROM click GROUP BY 1, 2
    """,
    """
    INSERT INTO shipment_device (shipment_id, device, human, machine, clickers)
    SELECT shipment_id, first % 4, 0, 0, count(*) FROM turn WHERE TRUE GROUP BY 1, 2
    ON CONFLICT (shipment_id, device) DO UPDATE SET clickers = excluded.clickers
    """,
    "INSERT INTO shipment_ruling (shipment_id, ruling_id, clicks) SELECT shipment_id, ruling_id, count(*) FROM click GROUP BY 1, 2",
    f"""
    UPDATE shipment_domain SET human = found.human, machine = found.machine, clickers = found.clickers FROM (
        SELECT shipment_id, 'd' || (recipient_id % {DOMAINS}) || '.example' AS domain, sum(human) AS human,
               sum(machine) AS machine, count(DISTINCT CASE WHEN human > 0 THEN recipient_id END) AS clickers
        FROM clicker GROUP BY 1, 2
    ) AS found WHERE found.shipment_id = shipment_domain.shipment_id AND found.domain = shipment_domain.domain
    """,
)  # fmt: skip


def check(root: Path) -> None:
    """Count everything anew as an import does. AssertionError where that is not what the SQL above has made."""
    from linktrack.clicks.rollups.counts import TABLES
    from linktrack.store.opening import open_database
    from linktrack.upkeep.repair import repair
    from linktrack.workspace import load_workspace

    workspace, tables = load_workspace(root, {}), (*TABLES, "shipment_domain")
    with open_database(workspace) as database:
        made = {table: sorted(map(str, database.rows(f"SELECT * FROM {table}"))) for table in tables}
        repair(workspace, database)
        for table, rows in made.items():
            assert rows == sorted(map(str, database.rows(f"SELECT * FROM {table}"))), table
