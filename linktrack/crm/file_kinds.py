"""Kinds of files: what an export is by its first bytes, whatever its name says, and the way out of those that are no
tables that linktrack reads."""

from __future__ import annotations

import codecs
import re
import zipfile
from pathlib import Path

from linktrack.crm.encoding import wide_encoding
from linktrack.errors import BadInput

HEAD = 512  # bytes that show it
WORKBOOK = b"PK\x03\x04"
WORKBOOK_ENDINGS = (".xlsx", ".xlsm")
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_OTHERS = {  # by how they begin
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip file: unpack it first",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"Rar!": "a RAR archive: unpack it first",
    b"7z\xbc\xaf": "a 7-Zip archive: unpack it first",
    b"SQLite format 3": "a database",
}
_WEB_PAGE = re.compile(
    r"\s*<(?:!--|(?:!doctype|\?xml|html|head|meta|style|body|div|table|thead|tbody|tr|td|th|p|center|font|title|script"
    r"|workbook|ss:workbook)\b)",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(
    rb"mimetypeapplication/vnd\.oasis\.opendocument\.(spreadsheet|text)?"
)  # OpenDocument 1.3, part 2, 3.3


def is_workbook(head: bytes) -> bool:
    """Whether a file with these first bytes may be an .xlsx workbook: a ZIP package."""
    return head.startswith(WORKBOOK)


def refuse_other_kinds(path: Path, head: bytes) -> None:
    """BadInput for a file that is neither a table in text nor a workbook of today, by its first bytes and its name."""
    if head.startswith(_OLD_EXCEL):
        raise BadInput(
            "this is an old Excel file (.xls), or one with a password: save it as .xlsx or CSV without one", file=path
        )
    if is_workbook(head):
        if found := _DOCUMENT.search(head):
            what = {b"spreadsheet": "spreadsheet (.ods)", b"text": "text (.odt)"}.get(found[1], "file")
            raise BadInput(f"this is an OpenDocument {what}: open it there and save it as .xlsx or CSV", file=path)
        return
    if _WEB_PAGE.match(_text_of(head)):
        raise BadInput(
            "this is a web page or XML, as some systems write for Excel (.xls): open it there and save it as .xlsx or "
            "CSV",
            file=path,
        )
    for begin, what in _OTHERS.items():
        if head.startswith(begin):
            raise BadInput(f"this is neither CSV nor XLSX nor NDJSON, but {what}", file=path)
    if path.suffix.lower() in WORKBOOK_ENDINGS and (b"\0" in head or zipfile.is_zipfile(path)) and not _is_text(head):
        raise BadInput(
            "this is no workbook (.xlsx), but a ZIP file with something before it, as a mail or a download has left: "
            "save it again"
            if zipfile.is_zipfile(path)
            else "this is no workbook (.xlsx), nor a table in text: save it again as .xlsx or CSV",
            file=path,
        )


def _is_text(head: bytes) -> bool:
    """Whether a file that holds NUL bytes may be a text, in UTF-16 or UTF-32."""
    return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or wide_encoding(head) != ""


def _text_of(head: bytes) -> str:
    """The first signs of a text, in whatever Unicode it is."""
    wide = wide_encoding(head)
    for bom, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        wide = encoding if head.startswith(bom) else wide
    return head.decode(wide or "utf-8", "replace").lstrip("\ufeff")
