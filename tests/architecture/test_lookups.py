"""What a person names is looked for in one module; nothing else asks the database for a key, a path or a name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from architecture.planted import nodes, texts_in, trees

# By table what its rows are called, which `store/lookups` looks for.
CALLED = {
    "folder": {"path"}, "link": {"key"}, "mailing": {"name"}, "placement": {"key"}, "shipment_domain": {"domain"},
    "recipient": {"contact_id", "email", "name"}, "earlier_address": {"email", "name"},
}  # fmt: skip
# Who matches many at once, for what is done with them: contacts that are stored, placements and links of a mail or a
# page, whom an event of a mail service is about; the folders in a folder; what is forgotten; a change of a run that is
# taken, by the names that it was written with. The table only shrinks.
MATCH = {
    *("actions/lost_runs/taking.py", "clicks/logs/target_book.py", "contacts/recipients.py", "links/folders.py"),
    *("mailings/placements.py", "reports/breakdowns.py", "reports/links.py", "upkeep/forget.py"),
}

_ONE = r'"?[a-z]\w*"?(?:\s+(?:AS\s+)?(?!(?:where|on|join|using|left|cross|inner|order|group|limit)\b)[a-z]\w*)?'
_TABLES = re.compile(rf"\b(?:FROM|JOIN)\s+({_ONE}(?:\s*,\s*{_ONE})*)", re.IGNORECASE)
_COLUMN = r'(?:"?([a-z]\w*)"?\.)?"?(key|path|name|contact_id|email|domain)"?'
_ASKED = re.compile(
    rf"(?:\bWHERE|\bAND|\bOR|\bON|\bNOT|\(|^)\s*(?:(?:lower|upper|trim)\()?{_COLUMN}\)?\s*"
    r"(?:=|==|\bIS\b|\bLIKE\b|\bGLOB\b|\bIN\b)\s*\(?\s*(?:(?:lower|upper|trim)\()?(?:\?|:[a-z]\w*|'\?)",
    re.IGNORECASE,
)
_TURNED = re.compile(rf"(?:\?|:[a-z]\w*)\s*=\s*{_COLUMN}(?![\w.(])", re.IGNORECASE)


def looks_for_names(tree: ast.AST) -> Iterator[str]:
    """Queries of a module for rows that are called by a value, as SQL or by the tables' classes."""
    for text in texts_in(tree):
        if re.match(r"\s*(?:INSERT|UPDATE|DELETE)\b", text) and not re.search(r"\bSELECT\b", text):
            continue
        tables = {words[-1]: words[0] for found in _TABLES.finditer(text) for words in _words(found[1])}
        if not tables and not re.search(r"[a-z]\.", text):
            continue  # words, or a condition that says of no table
        for found in (*_ASKED.finditer(text), *_TURNED.finditer(text)):
            asked = [tables.get(found[1], found[1])] if found[1] else [*tables.values()]
            if any(found[2].lower() in CALLED.get(table, ()) for table in asked):
                yield found[0]
    for node in nodes(tree):
        sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("in_", "like", "ilike")
        ):
            sides = [node.func.value]
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "col":
            sides = node.args
        yield from (ast.unparse(side) for side in sides if _is_name_of_record(side))


def _words(tables: str) -> Iterator[list[str]]:
    """What tables are called, and by what they go: `link AS l, placement` → (link, AS, l), (placement)."""
    yield from (one.replace('"', "").split() for one in tables.split(","))


def _is_name_of_record(node: ast.expr) -> bool:
    if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
        return False
    table = re.sub(r"(?<!^)([A-Z])", r"_\1", node.value.id.removesuffix("Record")).lower()
    return node.value.id.endswith("Record") and node.attr in CALLED.get(table, ())


def test_names_are_looked_for_in_one_place() -> None:
    found = {path for path, tree in trees() if any(looks_for_names(tree))}
    assert found == {"store/lookups.py", *MATCH}


@pytest.mark.parametrize(
    "code",
    [
        "database.value('SELECT id FROM link WHERE key = ?', (key,))",
        "database.value('SELECT id FROM link AS l WHERE l.key = ?', (key,))",
        "database.value('SELECT id FROM link l WHERE deleted_at IS NULL AND l.key = :key', (key,))",
        "database.rows('SELECT id FROM link WHERE link.key=?', (key,))",
        "database.rows('SELECT id FROM folder WHERE (path = ?)', (path,))",
        "database.rows('SELECT id FROM folder WHERE path LIKE ?', (path,))",
        "database.rows('SELECT id FROM mailing WHERE lower(name) = lower(?)', (name,))",
        "database.rows('SELECT id FROM mailing WHERE ? = name', (name,))",
        "database.rows(f'SELECT id FROM mailing WHERE name IN ({marks(names)})', names)",
        "database.rows(f\"SELECT id FROM mailing WHERE name = '{name}'\")",
        "database.rows('SELECT s.id FROM shipment s JOIN mailing m ON m.id = s.mailing_id WHERE m.name = ?', (name,))",
        "database.rows('SELECT id FROM recipient WHERE contact_id = ?', (one,))",
        "database.rows('SELECT 1 FROM link WHERE EXISTS (SELECT 1 FROM placement p WHERE p.key = ?)', (one,))",
        "where.append('link.key = ?')",
        "SQL = '''\n  SELECT id\n  FROM link\n  WHERE key = ?\n'''",
        "session.exec(select(LinkRecord).where(LinkRecord.key == key))",
        "session.exec(select(LinkRecord).where(key == LinkRecord.key))",
        "session.exec(select(MailingRecord).where(MailingRecord.name.in_(names)))",
        "session.exec(select(RecipientRecord).where(col(RecipientRecord.contact_id).in_(ids)))",
    ],
)
def test_a_planted_look_for_a_name_is_found(code: str) -> None:
    assert [*looks_for_names(ast.parse(code))]


@pytest.mark.parametrize(
    "code",
    [
        "database.value('SELECT key FROM link WHERE id = ?', (number,))",
        "database.execute('UPDATE link SET key = ? WHERE id = ?', (key, number))",
        "database.rows(\"SELECT id FROM link WHERE kind = 'special' AND key = 'subscriptions'\")",
        "database.rows('SELECT id FROM made WHERE name = ?', (name,))",
        "say('a link is known by its key, and (name = ?) is none')",
    ],
)
def test_what_looks_for_something_else_is_no_look_for_a_name(code: str) -> None:
    assert not [*looks_for_names(ast.parse(code))]
