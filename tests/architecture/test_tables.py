"""Each table has the rooms that write it, and no others; inserts name their columns, and so do the rows they come from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

import pytest
from architecture.planted import nodes, texts_in, trees

# Which modules (a folder stands for all in it) write a table by SQL. Upkeep forgets, purges and copies.
WRITERS = {
    "action": {"links/stored_actions.py"},
    "action_tally": {"actions/ledger"},
    "agent": {"clicks/judging/agent_table.py", "clicks/blanking.py"},
    "asked_script": {"actions/ledger"},
    "change": {"actions/ledger"},
    "click": {"clicks", "actions/selecting.py", "upkeep/purge.py"},
    "clicker": {"clicks/rollups"},
    "recent_clicker": {"clicks/rollups"},
    "definition": {"actions/ledger"},
    "earlier_address": {"contacts/recipients.py"},
    "failure": {"actions/ledger"},
    "folder": {"links/folders.py"},
    "forgotten": {"store/forgotten.py"},
    "junk_request": {"clicks/storing.py", "upkeep/forget.py", "upkeep/own_log.py", "upkeep/purge.py"},
    "left_type": {"contacts/left.py"},
    "link": {"links", "mailings/placements.py", "clicks/reset.py", "upkeep/restore.py"},
    "lost_click": {"actions/selecting.py"},
    "made": {"actions/ledger"},
    "mailing": {"mailings"},
    "network": {"clicks/judging/network_table.py"},
    "open_click": {"actions/selecting.py"},
    "open_person": {"actions/selecting.py"},
    "open_place": {"actions/selecting.py"},
    "open_time": {"store/open_times.py"},
    "passed_click": {"actions/selecting.py", "upkeep/purge.py"},
    "passing_click": {"actions/selecting.py"},
    "placement": {"mailings/placements.py"},
    "probe": {"clicks/reset.py", "clicks/storing.py", "upkeep/purge.py"},
    "reading": {"clicks/logs/sources.py", "upkeep/purge.py"},
    "recipient": {"contacts/recipients.py", "upkeep"},
    "return_address": {"actions/ledger"},
    "ruling": {"clicks/judging/rulings.py"},
    "run": {"actions/ledger"},
    "said_consent": {"contacts/consent.py"},
    "said_again": {"clicks/judging/evidence.py"},
    "scanner_evidence": {"clicks/judging", "upkeep/purge.py"},
    "seen_export": {"contacts/seen.py"},
    "settled": {"actions/ledger"},
    "shipment": {"mailings/shipment_states.py"},
    "shipment_domain": {"mailings/shipment_states.py", "clicks/rollups", "upkeep/forget.py"},
    "shipment_recipient": {"mailings/shipment_states.py", "upkeep/forget.py"},
    "shipment_ruling": {"clicks/rejudge.py"},
    "signing_key": {"links/signing_keys.py"},
    "source": {"clicks/logs/sources.py", "upkeep/own_log.py"},
    "spool_made": {"actions/ledger"},
    "spool_settled": {"actions/lost_runs/taking.py"},
    "started_script": {"actions/ledger"},
    "unknown_contact": {"actions/selecting.py"},
    "wiped_click": {"clicks/reset.py", "upkeep/purge.py"},
    "workspace": {
        "actions/lost_runs/after_restore.py", "clicks/load.py", "clicks/rollups/zone.py", "store", "upkeep",
    },
}  # fmt: skip

# Modules that hand on a table's name as a value: of rollups, of the ledger's own rows, of every table in turn.
BY_VALUE = {
    "clicks/rollups/counts.py",
    "actions/ledger/additions.py",
    "upkeep/copy.py",
}
# Modules that know the tables as classes: the catalogue's records, and who goes through all tables.
AS_CLASSES = {
    "links/editing.py",
    "store/migrations/env.py",
    "upkeep/copy.py",
    "upkeep/soundness.py",
    "upkeep/person.py",
}

_WRITES = re.compile(
    r"""\b(?:(?:INSERT(?:\s+OR\s+\w+)?|REPLACE)\s+INTO|UPDATE(?!\s+SET)|DELETE\s+FROM|"""
    r"""DROP\s+TABLE(?:\s+IF\s+EXISTS)?|TRUNCATE(?:\s+TABLE)?|ALTER\s+TABLE)\s+["'`\[]?(?!if\b)([a-z]\w*)(?![\w,.?])""",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"\b(?:SELECT(?:\s+(?:DISTINCT|ALL))?|RETURNING)\s+(?:\w+\.)?\*|\w\.\*(?=\s*(?:,|FROM\b))", re.IGNORECASE
)
_NAMELESS = re.compile(r"\bINSERT (?:OR \w+ )?INTO [a-z]\w*(?:\s+AS\s+\w+)?\s+(?:VALUES|SELECT)\b", re.IGNORECASE)


def writes(modules: Iterable[tuple[str, ast.Module]]) -> Iterator[tuple[str, str]]:
    """(table, module) of every INSERT, REPLACE, UPDATE and DELETE, and of every `….insert(table, …)`."""
    for path, tree in modules:
        for text in texts_in(tree):
            for found in _WRITES.finditer(text):
                begins = not text[: found.start()].strip()  # in small letters elsewhere: words of a sentence
                if found[0][:6].isupper() or begins:
                    yield found[1].lower(), path
        for table in inserted(tree):
            if table or path not in BY_VALUE:
                yield table, path


def inserted(tree: ast.AST) -> Iterator[str]:
    """The tables of a module's calls of `Database.insert`; "" for one whose name is a value."""
    for node in nodes(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "insert"):
            continue
        if len(node.args) >= 3:  # a list's has two
            table = node.args[0]
            yield table.value if isinstance(table, ast.Constant) and isinstance(table.value, str) else ""


def knows_classes(tree: ast.AST) -> bool:
    """Whether a module takes a table's class, by which a session can write it."""
    return any(
        (
            (isinstance(node, ast.ImportFrom) and node.module in ("linktrack.store.tables", "linktrack.store"))
            and (node.module.endswith("tables") or any(one.name == "tables" for one in node.names))
        )
        or (isinstance(node, ast.Import) and any(one.name == "linktrack.store.tables" for one in node.names))
        for node in nodes(tree)
    )


REVISIONS = "store/migrations/versions/"  # each of which goes with the tables of its day


def strangers(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those writes that the table of writers does not name."""
    return [
        (table, path)
        for table, path in found
        if not path.startswith(REVISIONS)
        and not any(path == room or path.startswith(f"{room}/") for room in WRITERS.get(table, ()))
    ]


def test_each_table_is_written_where_it_may_be() -> None:
    assert strangers(writes(trees())) == []


def test_the_table_of_writers_only_shrinks() -> None:
    found = set(writes(trees()))
    idle = [
        (table, room)
        for table, rooms in WRITERS.items()
        for room in rooms
        if not any(name == table and (path == room or path.startswith(f"{room}/")) for name, path in found)
    ]
    assert idle == []


@pytest.mark.parametrize(
    "sql", ["INSERT INTO change (id) VALUES (?)", "UPDATE change SET id = 1", "DELETE FROM change"]
)
@pytest.mark.parametrize("path", ["upkeep/forget.py", "cli/action.py", "actions/run.py"])
def test_a_planted_write_of_the_ledger_is_found(path: str, sql: str) -> None:
    assert strangers(writes([(path, ast.parse(f"database.execute({sql!r})"))])) == [("change", path)]


WRITTEN_OTHERWISE = {
    "in small letters": "database.execute('delete from change where id = 1')",
    "a name in quotes": """database.execute('UPDATE "change" SET id = 1')""",
    "replaced": "database.execute('REPLACE INTO change (id) VALUES (1)')",
    "many at once": "database.insert('change', ['id'], [(1,)])",
    "by the ledger's database": "self.database.insert('change', columns, rows, besides='')",
    "dropped": "database.execute('DROP TABLE change')",
    "dropped if there": "database.execute('DROP TABLE IF EXISTS change')",
    "emptied": "database.execute('TRUNCATE change')",
    "emptied as a table": "database.execute('truncate table change')",
    "made another one": "database.execute('ALTER TABLE change ADD COLUMN x INTEGER')",
    "over lines": "database.execute('INSERT\\n  INTO change (id) VALUES (1)')",
}


@pytest.mark.parametrize("case", WRITTEN_OTHERWISE)
def test_a_write_in_another_form_is_found(case: str) -> None:
    assert strangers(writes([("upkeep/forget.py", ast.parse(WRITTEN_OTHERWISE[case]))])) == [
        ("change", "upkeep/forget.py")
    ]


def test_a_table_by_value_is_found() -> None:
    tree = ast.parse("def f(table): database.insert(table, columns, rows)")
    assert strangers(writes([("upkeep/forget.py", tree)])) == [("", "upkeep/forget.py")]
    assert {path for path, tree in trees() if "" in inserted(tree)} == BY_VALUE


def test_the_tables_classes_are_known_to_few() -> None:
    assert {path for path, tree in trees() if knows_classes(tree)} == AS_CLASSES
    for code in (
        "from linktrack.store.tables import ChangeRecord",
        "from linktrack.store import tables",
        "import linktrack.store.tables",
    ):
        assert knows_classes(ast.parse(code))


def test_a_write_that_is_put_together_is_found() -> None:
    tree = ast.parse("database.execute(f'DELETE FROM made WHERE id IN ({marks})')")
    assert strangers(writes([("reports/people.py", tree)])) == [("made", "reports/people.py")]


# The ledger is read where its SQL is; these look at it beside what is theirs. The table only shrinks.
LEDGER = {"action_tally", "change", "definition", "failure", "made", "return_address", "run", "settled"}
READ_THE_LEDGER = {"actions/selecting.py"}
_READS = re.compile(r"""\b(?:FROM|JOIN)\s+(?:[a-z]\w*(?:\s+(?:AS\s+)?[a-z]\w*)?\s*,\s*)*["'`\[]?([a-z]\w*)""")


# A part of a query has no SELECT: what is joined, what stands in a list of tables, in whatever letters.
_LISTED = re.compile(
    r"\b\w+\s+[a-z]\w?\s*,\s*(\w+)\s+(?:AS\s+)?[a-z]\w?(?=\s*(?:,|WHERE\b|$))"
    r"|\b(?i:from|join)\s+(\w+)\s+(?:(?i:as)\s+)?[a-z]\w?\s+(?i:on|where|join|using)\b"
)
# Who reads the clickers, which may lie in two tables: `store.clickers` names them.
CLICKERS = {
    "actions/selecting.py",
    "clicks/clicked_hours.py",
    "clicks/rollups/edge_times.py",
    "clicks/rollups/so_far.py",
    "mailings/shipment_recipients.py",
    "reports/breakdowns.py",
    "reports/clickers.py",
    "reports/different_people.py",
    "reports/mailings.py",
    "reports/nonclickers.py",
    "upkeep/deep.py",
    "upkeep/person.py",
}
# Who reads tables that only a value names: of rollups and temporary tables, of what is called by a name, of a backup that
# is attached, of every table in turn. The ledger's are named in its room. The table only shrinks.
READ_BY_VALUE = CLICKERS | {
    "actions/ledger/additions.py", "actions/ledger/denied.py", "actions/ledger/made_anew.py", "clicks/blanking.py",
    "clicks/judging/stored_clicks.py", "clicks/rollups/counts.py", "clicks/rollups/edge_times.py", "clicks/rows_at_moments.py", "links/folders.py",
    "reports/clickers.py", "reports/different_people.py", "reports/shipments.py", "store/counters.py", "store/lookups.py", "upkeep/copy.py",
    "upkeep/deep.py", "upkeep/forget.py", "upkeep/lost_words.py", "upkeep/person.py", "upkeep/soundness.py",
}  # fmt: skip


def reads(tree: ast.AST) -> set[str]:
    """The tables that a module's SQL reads, in whole queries and in parts of them."""
    return {
        name
        for text in texts_in(tree)
        for found in (*_READS.finditer(text), *_LISTED.finditer(text))
        for name in found.groups()
        if name
    }


def reads_by_value(tree: ast.AST) -> bool:
    """Whether a module reads a table that only a value names."""
    return any(re.search(r"\b(?:FROM|JOIN)\s+\"?\w*\?", text) for text in texts_in(tree))


def test_who_reads_tables_by_value_is_known() -> None:
    assert {path for path, tree in trees() if reads_by_value(tree)} == READ_BY_VALUE
    assert reads_by_value(ast.parse("def f(table):\n    return f'SELECT count(*) FROM {table}'"))


def test_the_ledger_is_read_in_one_room() -> None:
    rooms = ("actions/ledger/", REVISIONS)
    readers = {path for path, tree in trees() if reads(tree) & LEDGER and not path.startswith(rooms)}
    assert readers == READ_THE_LEDGER


@pytest.mark.parametrize(
    "sql",
    [
        *("SELECT id FROM change", "SELECT 1 FROM click k JOIN made m ON m.id = k.id", 'SELECT out FROM "run"'),
        *(
            "click k INNER JOIN failure f ON f.print = k.print",
            "FROM failure f WHERE f.status = ?",
            "click k, failure f",
        ),
        *("JOIN made USING (id)", "left join made m on m.id = k.id", "FROM return_address"),
        *(" JOIN made m ON m.id = k.id", "SELECT 1 FROM click c, made m", "SELECT 1 FROM click, link AS l, made"),
    ],
)
def test_a_planted_look_at_the_ledger_is_found(sql: str) -> None:
    assert reads(ast.parse(f"database.rows({sql!r})")) & LEDGER
    assert not reads(ast.parse("say('a change from change to change, made at once')"))


def test_a_planted_look_that_is_put_together_is_found() -> None:
    for code in (
        "T = 'failure'\nask(f'SELECT 1 FROM {T}')",
        "ask('SELECT 1 ' + 'FROM ' + 'made')",
        "ask(' '.join(['FROM', 'run']))",
    ):
        assert reads(ast.parse(code)) & LEDGER


def columns_unsaid(tree: ast.AST) -> list[str]:
    """SQL of a module that takes whatever columns there are."""
    return [text for text in texts_in(tree) if _ALL.search(text) or _NAMELESS.search(text)]


def test_rows_have_named_columns() -> None:
    """Where two queries are compared, they have the same columns, whatever these are."""
    assert {path for path, tree in trees() if columns_unsaid(tree)} == {"store/differing.py"}


@pytest.mark.parametrize(
    "sql",
    ["INSERT INTO made SELECT * FROM spool_made", "SELECT * FROM click", "select c.* FROM click c", "SELECT DISTINCT * FROM click", "UPDATE link SET id = 1 RETURNING *", "INSERT INTO made VALUES (?, ?)", "insert into made values (?, ?)", "SELECT c.id, c.* FROM click c"],
)  # fmt: skip
def test_planted_columns_without_names_are_found(sql: str) -> None:
    assert columns_unsaid(ast.parse(f"database.execute({sql!r})"))
