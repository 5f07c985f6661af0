"""A mail's bytes beside the text that is scanned, and the way from a place in that text back to the bytes.

For encodings that keep ASCII bytes for ASCII characters (UTF-8, ISO-8859, windows-125x, Big5, GB 18030, Shift_JIS …)
the scanned text is the latin-1 view of the bytes, so an index is a byte offset and no codec can spoil anything.
UTF-16 and the ISO-2022 family are decoded first, and only when encoding again gives the same bytes.
"""

from __future__ import annotations

import bisect
import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from linktrack.errors import BadInput

_META = re.compile(
    rb"""<meta\b[^>]*?\bcharset\s*=\s*["']?\s*([A-Za-z0-9_.:\-]+)|<\?xml\b[^>]*?\bencoding\s*=\s*["']([\w.\-]+)""",
    re.IGNORECASE,
)
_NAME_SHOWN = 60  # characters of a charset's name
_DECLARED_WITHIN = 4096  # bytes; browsers look at 1,024, editors put long comments first
_LINE_END = re.compile(r"\r\n|\r|\n")
STATEFUL = {"iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_3", "iso2022_jp_ext",
             "iso2022_kr", "hz"}  # fmt: skip
_OTHER_FILES = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"\xd0\xcf\x11\xe0": "an office document or an Outlook message",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x1f\x8b": "a compressed file",
    b"BZh": "a compressed file",
    b"\xfd7zXZ": "a compressed file",
    b"\x28\xb5\x2f\xfd": "a compressed file",
    b"SQLite format 3\x00": "a database",
}
_NO_CHARSETS = frozenset(("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"))
_MAIL_HEADER = re.compile(rb"(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?MIME-Version:", re.IGNORECASE)
UTF16 = frozenset(("utf-16-le", "utf-16-be"))


@dataclass(frozen=True)
class Document:
    """One part of a mail. `text` is what is scanned; `charset` the codec that its characters are in."""

    data: bytes
    text: str
    charset: str
    bytewise: bool  # text is the latin-1 view: an index into it is a byte offset

    def encoded(self, text: str) -> bytes:
        """A piece of `self.text` as the bytes it came from."""
        return text.encode("latin-1" if self.bytewise else self.charset)

    def ascii(self, text: str) -> bytes:
        """ASCII text of ours in this document's encoding."""
        return text.encode("ascii" if self.bytewise else self.charset)

    def piece(self, start: int, stop: int) -> bytes:
        return self.data[start:stop] if self.bytewise else self.encoded(self.text[start:stop])

    def characters(self, start: int, stop: int) -> str:
        """The text from `start` to `stop` as a person reads it."""
        piece = self.text[start:stop]
        return piece.encode("latin-1").decode(self.charset, "replace") if self.bytewise else piece

    def place(self, index: int) -> tuple[int, int]:
        """(line, column) of an index, both from 1, columns in characters; CRLF, LF and CR end a line."""
        return self.places([index])[0]

    def places(self, indexes: Sequence[int]) -> list[tuple[int, int]]:
        """The place of each index; they come in order, so that a line of megabytes is read once."""
        found: list[tuple[int, int]] = []
        here = columns = line = 0
        for index in indexes:
            last, line = line, bisect.bisect_right(self._starts, index)
            if line != last:
                here, columns = self._starts[line - 1], 0
            piece = self.characters(here, index)
            columns += len(piece) - (here == 0 and piece.startswith("\ufeff"))
            here = index
            found.append((line, columns + 1))
        return found

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]


def read_document(data: bytes, *, name: str = "", charset: str | None = None) -> Document:
    """`data` as a document. `charset` overrules what the mail declares, except its byte order mark.

    BadInput for UTF-7, for UTF-16 or ISO-2022 that does not decode and encode to the same bytes, for UTF-32, and for
    files that are something else than HTML or text.
    """
    other = next((kind for start, kind in _OTHER_FILES.items() if data.startswith(start)), None)
    if other is not None:
        raise BadInput(f"this is {other}, not a mail: name its HTML or text file", file=name or None)
    if _MAIL_HEADER.match(data):
        raise BadInput("this is a whole e-mail with its headers: save its HTML part as a file", file=name or None)
    declared = charset or declared_charset(data)
    codec = _codec(declared)
    if charset and codec is None:
        raise BadInput(f"there is no charset {charset!r}: name one like utf-8 or iso-8859-1", file=name or None)
    if data[:4] in (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"):
        raise BadInput("UTF-32 is not used in mail: save the file as UTF-8", file=name or None)
    if codec == "utf-7" or re.match(rb"\+/v[89+/]", data):
        raise BadInput(
            "UTF-7 cannot be rewritten without changing other bytes: save the file as UTF-8", file=name or None
        )
    wide = _wide_codec(data)
    if wide is not None or codec in STATEFUL or re.search(rb"\x1b\$[@B(]", data):
        chosen = wide or (codec if codec in STATEFUL else "iso2022_jp")
        return _decoded(data, chosen, name)
    return Document(data, data.decode("latin-1"), _charset_of(data, codec), True)


def read_text(data: bytes, *, name: str = "") -> Document:
    """A plain-text part as characters: quotation marks beyond ASCII end an address, so bytes do not do."""
    document = read_document(data, name=name)
    if not document.bytewise:
        return document
    return Document(data, data.decode(document.charset), document.charset, False)


def declared_charset(data: bytes) -> str | None:
    """The charset that the mail's own `<meta>` or XML declaration names."""
    match = _META.search(data, 0, _DECLARED_WITHIN)
    return None if match is None else (match[1] or match[2]).decode("ascii")


def unknown_charset(data: bytes) -> tuple[str, int] | None:
    """A charset that the mail itself names and that no mail can be in, and where it is named; None where all is well.

    Such a mail is read as if it named none.
    """
    match = _META.search(data, 0, _DECLARED_WITHIN)
    if match is None or _codec(declared_charset(data)) is not None:
        return None
    group = 1 if match[1] else 2
    return match[group].decode("ascii")[:_NAME_SHOWN], match.start(group)


def _codec(name: str | None) -> str | None:
    """Python's name of a charset as the web understands it: latin-1 and ASCII are read as windows-1252.

    None for what no mail can be in: codecs that are no charsets, and charsets that write `<` in another way than ASCII.
    """
    if name is None:
        return None
    try:
        codec = codecs.lookup(name).name
        if codec == "utf-7":
            return codec
        if codec.startswith(("utf-16", "utf-32")):
            return "utf-8"  # the declaration could be read, so it is not true
        if codec.replace("-", "_") in _NO_CHARSETS or "<a>".encode(codec).removeprefix(codecs.BOM_UTF8) != b"<a>":
            return None
    except (LookupError, TypeError, ValueError):
        return None
    return {"iso8859-1": "cp1252", "ascii": "cp1252"}.get(codec, codec)


def _wide_codec(data: bytes) -> str | None:
    """UTF-16 by its byte order mark, or by `<` and a zero byte at the start."""
    if data.startswith(b"\xff\xfe") or re.match(rb"(?:[\t\n\r ]\x00)*<\x00", data):
        return "utf-16-le"
    if data.startswith(b"\xfe\xff") or re.match(rb"(?:\x00[\t\n\r ])*\x00<", data):
        return "utf-16-be"
    return None


def _charset_of(data: bytes, codec: str | None) -> str:
    """The codec that reads these bytes and writes them back: BOM, declared, UTF-8, windows-1252, latin-1."""
    tries = ["utf-8"] if data.startswith(codecs.BOM_UTF8) else [codec, "utf-8", "cp1252"]
    for attempt in tries:
        if attempt is None:
            continue
        try:
            if data.decode(attempt).encode(attempt) == data:
                return attempt
        except (UnicodeError, LookupError):
            continue
    return "latin-1"


def _decoded(data: bytes, codec: str, name: str) -> Document:
    try:
        text = data.decode(codec)
        same = text.encode(codec) == data
    except UnicodeError:
        same = False
    if not same:
        raise BadInput(
            f"this is marked as {codec.upper()} but cannot be read and written back as such: save it as UTF-8",
            file=name or None,
        )
    return Document(data, text, codec, False)
