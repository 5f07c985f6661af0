"""nginx's configuration for tracked addresses: maps and locations that answer as `server.answer` does, as text.

A map checks no token: whoever forges one is redirected too, and thrown out by the import.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from linktrack.clicks.formats.notation.lines import PREFETCH_HEADERS, PREFETCHING
from linktrack.links.address_shape import ADDED, PLACEMENT, TOKEN
from linktrack.links.tokens import TOKEN_LENGTH

INSIDE = "/linktrack-pages/"  # where nginx finds the pages itself; nobody else can ask for it
_WORDS = ("default", "hostnames", "include", "volatile")  # a placement of that name has a backslash before it
_FEW = 1000  # entries that nginx's own sizes of maps are good for
_SLASH = "(?:/|%2[fF])"
_PURPOSES = [f"$http_{name.replace('-', '_')}" for name in PREFETCH_HEADERS]
_HEADERS = """\
add_header Cache-Control "no-store" always;
add_header Referrer-Policy "no-referrer" always;
add_header X-Robots-Tag "noindex" always;
add_header X-Content-Type-Options "nosniff" always;
"""

# What is done, by the method and what a placement is: nothing for a redirect, c(onfirm), d: a text to confirm, p(age),
# u(nsubscribe), - for what is none. What most requests are, their location knows without it.
_DOES = """\
map "$linktrack_sent$linktrack_kind:$request_method:$linktrack_prefetch" $linktrack_does {
    default "refuse";
    "~^=-:" "";
    "~^[^=]" "";
    "~^=.?:(GET|HEAD):prefetch$" "later";
    "~^=:(GET|HEAD):" "redirect";
    "~^=.:(GET|HEAD):" "show";
    "~^=c:POST:" "go on";
    "~^=[du]:POST:" "posted";
}
"""


class StaticSpot(NamedTuple):
    """What nginx does for a placement: its `kind` as in the map above, where it leads, the pages that it shows."""

    kind: str
    target: str = ""
    page: str = ""
    posted: str = ""


NOWHERE = StaticSpot("-")  # a placement that leads nowhere, as one does that is not known


def http_text(spots: Mapping[str, StaticSpot], policies: Mapping[str, str], base_path: str = "") -> str:
    """`linktrack-http.conf`, for `http {}`: the maps and the format of the log. `policies` are of pages by file."""
    logged = ",".join(
        f'"{name}":"${name}"'
        for name in (
            "time_iso8601", "remote_addr", "request", "status", "http_user_agent",
            *(name[1:] for name in _PURPOSES),
        )
    )  # fmt: skip
    sizes = ""
    if len(spots) > _FEW:
        sizes = f"map_hash_max_size {2 * len(spots)};\nmap_hash_bucket_size 128;\n"
    return (
        "# Made by linktrack redirects export, which makes it anew: include it in http {}.\n"
        f"{sizes}"
        "# nginx has no other way to write a dollar sign.\n"
        'geo $linktrack_dollar { default "$"; }\n'
        f'map "{" ".join(_PURPOSES)}" $linktrack_prefetch {{\n    default "";\n'
        f'    "~*({"|".join(PREFETCHING)})" "prefetch";\n}}\n'
        "# An address as it was sent: a location sees one without its double slashes and its steps.\n"
        f'map $request_uri $linktrack_sent {{\n    default "";\n    "~{_sent(base_path)}" "=";\n}}\n'
        "# What nginx would answer with 304, also where a page has no tag.\n"
        'map $http_if_none_match $linktrack_wanted {\n    default "";\n    "~^\\*" "no page";\n}\n'
        'map $args $linktrack_asked {\n    default "";\n    "~(^|&)page(=|&|$)" "page";\n}\n'
        f"{_map('linktrack_kind', {key: spot.kind for key, spot in spots.items()}, default=NOWHERE.kind)}"
        f"{_map('linktrack_target', {key: spot.target for key, spot in spots.items() if spot.target})}"
        f"{_map('linktrack_page', {key: spot.page for key, spot in spots.items() if spot.page})}"
        f"{_map('linktrack_posted', {key: spot.posted for key, spot in spots.items() if spot.posted})}"
        f"{_DOES}"
        'map "$linktrack_does:$linktrack_kind:$linktrack_asked" $linktrack_file {\n    default "$linktrack_page";\n'
        '    "~^:" "not-found.html";\n    "~^refuse:" "refused.txt";\n    "~^later:" "later.txt";\n'
        '    "~^posted:u:$" "unsubscribed.txt";\n    "~^posted:" "$linktrack_posted";\n}\n'
        'map "$linktrack_does:$linktrack_kind" $linktrack_allow {\n    default "";\n'
        '    "~^refuse:[cdu]$" "GET, HEAD, POST";\n    "~^refuse:" "GET, HEAD";\n}\n'
        f"{_map('linktrack_policy', policies, of='linktrack_file')}"
        f"log_format linktrack escape=json '{{{logged}}}';\n"
    )


def server_text(base_path: str, pages: str, log: str) -> str:
    """`linktrack-server.conf`, for a `server {}`: locations alone. `pages` and `log` are whole paths."""
    base = f"(?:{re.escape(base_path)})?" if base_path else ""
    headers = _indented(_HEADERS)
    added = ADDED.replace('"', r"\"")  # nginx has the address without its steps
    own = "".join(
        f"location {where} {{\n    access_log off;\n    default_type text/plain;\n{headers}"
        f'    return 200 "{text}";\n}}\n'
        for name, text in (("/robots.txt", "User-agent: *\\nDisallow: /\\n"), ("/healthz", "ok\\n"))
        for where in (f"= {name}", *([f'~ "^(?i:{re.escape(base_path)}){re.escape(name)}\\z"'] if base_path else []))
    )
    return (
        "# Made by linktrack redirects export, which makes it anew: include it in a server {}.\n"
        f'location ~* "^{base}/(?<linktrack_placement>{PLACEMENT})/{TOKEN}{added}\\z" {{\n'
        f"    access_log {_quoted(log)} linktrack;\n    default_type text/plain;\n{headers}"
        "    # Most requests: a redirect, spelled plainly, nothing fetched ahead: the protocol is the last word then.\n"
        f'    if ($request = "GET $uri$is_args$args $server_protocol$linktrack_kind{"".join(_PURPOSES)}") {{\n'
        "        return 302 $linktrack_target;\n    }\n"
        '    if ($linktrack_does = "redirect") { return 302 $linktrack_target; }\n'
        '    set $linktrack_first "";\n'
        '    if ($linktrack_does = "") { return 404; }\n'
        '    if ($linktrack_does = "later") { return 503; }\n'
        '    if ($linktrack_does = "refuse") { return 405; }\n'
        '    if ($linktrack_does = "go on") { return 303 $linktrack_target; }\n'
        f"    error_page 404 {INSIDE}not-found.html;\n"
        f"    error_page 405 {INSIDE}refused.txt;\n"
        f"    error_page 503 {INSIDE}later.txt;\n"
        "    set $linktrack_first $linktrack_wanted;\n"
        f"    rewrite ^ {INSIDE}$linktrack_file last;\n"
        "}\n"
        f"location {INSIDE} {{\n"
        "    internal;\n"
        f"    access_log {_quoted(log)} linktrack;\n"
        f"    alias {_quoted(pages + '/')};\n"
        "    types { text/html html; text/plain txt; }\n    charset utf-8;\n"
        "    etag off;\n    if_modified_since off;\n    max_ranges 0;\n"
        f"{headers}"
        "    add_header Content-Security-Policy $linktrack_policy always;\n"
        "    add_header Allow $linktrack_allow always;\n"
        "    # A page that a POST is answered with is a file all the same. What a request wants of it matters to\n"
        "    # nobody (If-Match, If-Unmodified-Since, If-None-Match: *): nginx asks no more of one that is not 200.\n"
        "    recursive_error_pages on;\n"
        '    if ($linktrack_first = "no page") {\n        set $linktrack_first "";\n        return 412;\n    }\n'
        "    error_page 405 =200 $uri;\n"
        "    error_page 412 =203 $uri;\n"
        "}\n"
        f"{own}"
    )


def _sent(base_path: str) -> str:
    """How an address looks as it is sent, up to its token: any of its characters may be percent-encoded, nothing else
    stands before it, and no step of its path is `..`."""
    letter = "(?:[a-zA-Z2-7]|%(?:[46][1-9a-fA-F]|[57][0-9aA]|3[2-7]))"
    path = f"{_SLASH}{letter}{{3,12}}{_SLASH}{letter}{{{TOKEN_LENGTH}}}"
    base = "".join(_SLASH if one == "/" else _spelled(one) for one in base_path)
    return rf"^(?![^?#]*{_SLASH}{_spelled('.')}{{2}}(?:{_SLASH}|[?#]|\z)){f'(?:{base})?' if base else ''}{path}"


def _spelled(character: str) -> str:
    """A character in either case, as it is or percent-encoded."""
    ways = []
    for one in dict.fromkeys((character.lower(), character.upper())):
        code = "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{ord(one):02x}")
        ways += [re.escape(one), f"%{code}"]
    return f"(?:{'|'.join(ways)})"


def _map(name: str, values: Mapping[str, str], of: str = "linktrack_placement", default: str = "") -> str:
    rows: Iterable[str] = (f"    {chr(92) * (key in _WORDS)}{key} {_quoted(value)};\n" for key, value in values.items())
    return f'map ${of} ${name} {{\n    default "{default}";\n{"".join(rows)}}}\n'


def _quoted(value: str) -> str:
    """A value as nginx reads it back: in quotes, without variables."""
    plain = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "${linktrack_dollar}")
    return f'"{plain}"'


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())
