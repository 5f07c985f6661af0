"""A mail's files: its HTML and its text, and what else a file that is handed in as one of them turns out to be."""

from __future__ import annotations

import csv
import json
import re
from itertools import islice

from linktrack.errors import BadInput
from linktrack.files.toml_files import parse_toml
from linktrack.mailings.reading.document import STATEFUL, UTF16, Document, read_document, read_text
from linktrack.mailings.reading.markup import first_element, has_markup

_OTHER_ENDINGS = {
    **dict.fromkeys((".md", ".markdown", ".rst", ".adoc"), "a text in a markup of its own"),
    **dict.fromkeys(
        (".py", ".js", ".ts", ".sh", ".rb", ".sql", ".css", ".scss", ".vbs", ".ps1"), "a program or its source"
    ),
    **dict.fromkeys((".csv", ".tsv", ".ndjson", ".jsonl"), "a table"),
    **dict.fromkeys((".json", ".toml", ".yaml", ".yml", ".ini", ".cfg"), "a file of settings or data"),
    **dict.fromkeys((".eml", ".mbox", ".emlx", ".mht", ".mhtml"), "a whole e-mail with its headers"),
    **dict.fromkeys((".rss", ".atom", ".xsl", ".xslt"), "XML"),
    ".ics": "a calendar",
    ".vcf": "an address card",
    ".svg": "a picture",
    ".rtf": "an RTF document",
    ".log": "a log",
    ".mjml": "MJML, of which an HTML file is still to be made",
}
_OTHER_ROOTS = {
    **dict.fromkeys(
        ("rss", "feed", "rdf:rdf", "channel", "urlset", "sitemapindex", "opml", "plist", "xsl:stylesheet"), "XML"
    ),
    "svg": "a picture",
    "mjml": "MJML, of which an HTML file is still to be made",
}
_BINARY = "a file of bytes that are no text"
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_LOOKED_AT = 4096  # bytes that say whether a file is text
_TABLE_WITHIN = 65_536  # characters that say whether a text is a table
_HEADING = re.compile(r"[\w][\w .\-/]{0,40}")  # of a column
_OF_TEXTS = (".md", ".markdown", ".rst", ".adoc", ".log")  # endings that a plain-text part may have
_IS_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body)\b[^<>]*>", re.IGNORECASE)
_TOML = re.compile(r"\s*(?:#|\[|[\w.\-\"']+\s*=)")
_HEADERS = re.compile(  # of an e-mail from an old program, or from a mailbox: a block of headers, and mail's own in it
    r"(?:From [^\n]+\n)?(?=(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?(?:From|Subject|Received|Return-Path|Message-ID):)"
    r"(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)+\r?\n",
    re.IGNORECASE,
)


def read_html(data: bytes, *, name: str = "", charset: str | None = None) -> Document:
    """`data` as an HTML document. BadInput as in `read_document`, and for a file that holds a NUL, has no HTML element,
    or is something else by the ending of its `name`, its first element or its headers.

    A file with nothing in it is read: who needs something says so.
    """
    document = read_document(data, name=name, charset=charset)
    other = _OTHER_ENDINGS.get(name[name.rfind(".") :].lower()) or _what_else(document)
    if other is not None:
        raise BadInput(f"this is {other}, not HTML: name the mail's HTML file", file=name or None)
    _refuse_nul(document, name)
    return document


def refuse_no_text(data: bytes, name: str) -> None:
    """BadInput for a file that is handed in as a plain-text part and is something else, by its bytes or its ending, or
    holds a NUL."""
    document = read_text(data, name=name)
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    other = None if ending in _OF_TEXTS else _OTHER_ENDINGS.get(ending)
    if ending in (".html", ".htm", ".xhtml") or _IS_HTML.search(document.text, 0, _LOOKED_AT):
        other = "HTML"
    elif other is None and _is_binary(document):
        other = _BINARY
    if other is not None:
        raise BadInput(f"this is {other}, not plain text: name the mail's text file", file=name)
    _refuse_nul(document, name)


def _refuse_nul(document: Document, name: str) -> None:
    """BadInput for a NUL, which no mail has (RFC 5322, section 3.5) and no database takes."""
    if (at := document.text.find("\0")) >= 0:
        line, column = document.place(at)
        raise BadInput("a mail holds no NUL: take it out", file=name or None, line=line, column=column)


def _what_else(document: Document) -> str | None:
    """What a document is that is no HTML; None for HTML, and for nothing at all."""
    if _is_binary(document):
        return _BINARY
    text = document.text.removeprefix("\xef\xbb\xbf").strip()
    if text.startswith("{") and _is_json(text):
        return "JSON"
    if _TOML.match(text) and _is_toml(document.characters(0, len(document.text))):
        return "TOML"
    if _HEADERS.match(text):
        return "a whole e-mail with its headers"
    if text.startswith("<"):
        root = first_element(text)
        if root in _OTHER_ROOTS or (text.startswith("<?xml") and root != "html"):
            return _OTHER_ROOTS.get(root, "XML")
    if not text.startswith("<") and _is_table(document):
        return "a table"
    if not text or has_markup(document.text):
        return None
    if text.startswith("[") and _is_json(text):
        return "JSON"
    first, _, rest = text.partition("\n")
    table = rest and any(sign in first and sign in rest.partition("\n")[0] for sign in ";,\t")
    return "a table or a text without HTML tags" if table else "a text without HTML tags"


def _is_binary(document: Document) -> bool:
    start = document.data[:_LOOKED_AT]
    shifts = document.charset in UTF16 or document.charset.replace("-", "_") in STATEFUL  # with controls of their own
    return not shifts and len(_CONTROLS.findall(start)) * 100 > len(start)


def _is_table(document: Document) -> bool:
    """Whether a text is rows below the names of columns, and HTML only in cells behind the first."""
    text = document.characters(0, _TABLE_WITHIN).lstrip("\ufeff\r\n")
    header = text.partition("\n")[0].rstrip("\r")
    sign = max(";\t|,", key=header.count)
    names = [cell.strip('"') for cell in header.split(sign)]
    if len(names) < 2 or not all(map(_HEADING.fullmatch, names)):
        return False
    try:
        rows = [row for row in islice(csv.reader(text.splitlines(keepends=True), delimiter=sign), 1, 50) if row]
    except csv.Error:
        return False
    whole = rows[:-1] if len(document.text) > _TABLE_WITHIN and len(rows) < 49 else rows  # the last may be cut
    return bool(whole) and all(len(row) == len(names) or (len(row) > len(names) and "<" not in row[0]) for row in whole)


def _is_json(text: str) -> bool:
    """Whether a text begins with a JSON value (more may follow: a value on each line)."""
    try:
        json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_toml(text: str) -> bool:
    try:
        return bool(parse_toml(text.removeprefix("\ufeff").replace("\r\n", "\n")))
    except BadInput:
        return False
