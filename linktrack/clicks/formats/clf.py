"""The common log format and its kin: common, combined, vhost_combined, and combined with more fields behind it."""

from __future__ import annotations

import re

from linktrack.clicks.event import NO_AGENT, LineRow
from linktrack.clicks.formats.notation.addresses import trailing_chain
from linktrack.clicks.formats.notation.lines import METHOD, QUOTED
from linktrack.clicks.formats.notation.times import common_moment

# nginx writes `"` and `\` inside a field as \xHH, Apache as \" and \\: both are "a backslash and what follows".
_ENTRY = rb'[^"\\\n,]*+(?:\\.[^"\\\n,]*+)*+'  # of a list in quotes
_FORWARDED = rb"(?:" + _ENTRY + rb",)*[0-9a-fA-F.:\[\] ]++(?:%\w++[0-9a-fA-F.:\[\] ]*+|)"
_IPV4 = rb"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"
_ADDRESS = (
    rb"(?:[fF][oO][rR]=|)(?:" + _IPV4 + rb"(?::\d++)?|\[[0-9a-fA-F:.]++(?:%\w++)?\](?::\d++)?"
    rb"|[0-9a-fA-F]*:[0-9a-fA-F:.]+(?:%\w++)?)(?:;[^\s\",]*+|)[ ,]"
)
# No host looks like what other programs put in front of a line (`logs.envelopes` takes it off): `<190>May`, a time
# with offset, one that ends with Z; and none is followed by what follows `May` or `nginx.1`.
_SPACE = rb" \t-\r"  # what \s means; in a set that takes three times as long
_WORD = rb"[^" + _SPACE + rb'"\[<+|,]'
_HOST = rb"(?:" + _WORD + rb"++|\[[0-9a-fA-F:.]++(?:%\w++|)\](?::\d++|))"
_ENDS_WITH_ADDRESS = rb"(?:" + _WORD + rb"*+, ?)*?" + _ADDRESS
# What begins with no address and has one further on is a line behind a head: whose address it is, the head says.
_NO_HEAD = rb"(?:(?=" + _ENDS_WITH_ADDRESS + rb")|(?!" + _WORD + rb'++[^"\n]*? ' + _ADDRESS + rb"))"
_REQUEST = rb"(" + METHOD + rb") ([^" + _SPACE + rb'"]++)(?: [^' + _SPACE + rb'"]++|)(?=")'
_NO_HOST = rb"(?![ |]|\d\d \d\d:|\d{4}-\d\d-\d\dT)"

# line (whatever it is), host, stamp, method, target, status, agent, a list right behind it that ends with an address
# (nginx's "main"), the rest of the line where other formats have the purpose, and nothing where they have a network. A
# virtual host may stand in front of the address, and the address may be a list; what a list holds in front of its last
# address may be anything. Nearly possessive throughout: a line is hardly ever gone over twice. `(?:…|)` and not
# `(?:…)?+`: Python before 3.11.5 loses what is captured in the latter, and all have it faster than `(?:…)?`; nor is a
# group possessive that holds something to go back into, like a lookahead or one that repeats a possessive group.
_VIRTUAL_HOST = rb"(?=" + _WORD + rb"++ " + _ENDS_WITH_ADDRESS + rb")(?!" + _ADDRESS + rb")" + _WORD + rb"++ "
# Nearly all lines begin with an address, which neither has anything to say about.
_FRONT = rb"(?:(?=" + _IPV4 + rb" )|(?:" + _VIRTUAL_HOST + rb"|)" + _NO_HEAD + rb")"
_HOSTS = _HOST + rb"(?:, ?(?:" + _HOST + rb"|))*+"
_DATE = rb"\[\d\d/\w\w\w/"
# Between host and time stand nearly always two dashes.
_BEFORE_TIME = rb"(?<!\dZ) (?:- - (?=" + _DATE + rb")|" + _NO_HOST + rb'[^\["\n]*+(?:(?!' + _DATE + rb')\[[^\["\n]*+)*)'


def _line(quoted: bytes, stamp: bytes) -> re.Pattern[bytes]:
    """The pattern of a line whose fields in quotes, and every byte of its time, are like this."""
    return re.compile(
        rb"^(" + _FRONT + rb"(" + _HOSTS + rb")" + _BEFORE_TIME +
        rb"\[(" + stamp + rb'{20,36}+)\] "(?:' + _REQUEST + rb"|" + quoted + rb')" (\d{3}|-) (?:\d++|-)'
        rb'(?: "' + quoted + rb'" "(' + quoted + rb')"(?: "(' + _FORWARDED + rb')"(?=[ \r\n]|\Z)|)'
        rb"(?: ([^\r\n]*+(?:\r(?!$)[^\r\n]*+)*)|)|)()(?=\r?$)"
        rb"|(?!\Z)[^\n]*?)\r?$",
        re.MULTILINE,
    )  # fmt: skip


# What is in quotes or brackets nearly always ends at the next one, which is found in a third of the time.
_LINE = _line(rb'(?:[^"]*+(?<!\\)|' + QUOTED + rb")", rb"[^\]]")
_WITHIN_A_LINE = QUOTED, rb"[^\]\n]"
# An agent that holds nothing: behind status and size, a referrer and `""`.
_EMPTY = re.compile(rb'[^\n]*?" (?:\d{3}|-) (?:\d++|-) "' + QUOTED + rb'" ""(?= |\Z)').match


def with_forwarded(row: LineRow) -> LineRow:
    """A row with what the rest of its line is: behind the agent, the chain of proxies."""
    *fields, forwarded, rest, network = row
    chain = forwarded if rest == b'"-"' else trailing_chain(forwarded, rest)
    return (*fields, chain, b"", network)  # type: ignore[return-value]  # ten fields, as before


class CommonLog:
    """nginx, Apache, Traefik: `host ident user [time] "request" status bytes` and, if there, `"referrer" "agent" …`."""

    name = "combined"
    names: tuple[str, ...] = (
        "combined", "common", "vhost_combined", "nginx", "apache", "traefik-clf", "ingress-nginx",
    )  # fmt: skip

    def rows(self, block: bytes) -> list[LineRow]:
        rows: list[LineRow] = _LINE.findall(block)
        if len(rows) != block.count(b"\n") + (block[-1:] not in (b"", b"\n")):  # one was closed on another line
            rows = _line(*_WITHIN_A_LINE).findall(block)
        special = [index for index, row in enumerate(rows) if not row[6] or row[8]]
        for index in special:
            row = rows[index]
            if row[2] and not row[6] and b'""' in row[0] and _EMPTY(row[0]):
                row = rows[index] = (*row[:6], NO_AGENT, *row[7:])
            if row[8]:
                rows[index] = with_forwarded(row)
        return rows

    moment = staticmethod(common_moment)

    def state(self) -> str:
        return ""

    def resume(self, state: str) -> None:
        pass
