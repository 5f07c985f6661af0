"""What a database's URL may say: a SQLite file, or a PostgreSQL server. No message holds the URL or its password."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

SQLITE_URL = "sqlite:///"
_POSTGRESQL_SCHEMES = ("postgresql+psycopg", "postgresql")
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SESSIONS = ("any", "read-write", "read-only", "primary", "standby", "prefer-standby")


def _text(value: str) -> str:
    return "" if "\0" not in value else "a text without a NUL"


def _one_of(*words: str) -> Callable[[str], str]:
    return lambda value: "" if value in words else f"one of {', '.join(words)}"


def _number(first: int, last: int) -> Callable[[str], str]:
    def fault(value: str) -> str:
        fits = value.isascii() and value.isdecimal() and len(value) < 11 and first <= int(value) <= last
        return "" if fits else f"a number from {first} to {last:,}"

    return fault


_MOST = 2**31 - 1
_PARAMETERS: dict[str, Callable[[str], str]] = {  # of libpq, behind the ? of a URL; what a wrong value should be
    **dict.fromkeys(
        ["application_name", "dbname", "host", "options", "passfile", "password", "sslcert", "sslcrl", "sslkey",
         "sslrootcert", "user"],
        _text,
    ),
    **dict.fromkeys(
        ["connect_timeout", "keepalives_count", "keepalives_idle", "keepalives_interval", "tcp_user_timeout"],
        _number(0, _MOST),
    ),
    "gssencmode": _one_of("disable", "prefer", "require"),
    "keepalives": _number(0, 1),
    "port": _number(1, 65_535),
    "sslmode": _one_of(*_SSL_MODES),
    "target_session_attrs": _one_of(*_SESSIONS),
}  # fmt: skip


def holds_password(url: object) -> bool:
    """Whether a URL of a PostgreSQL server has a password in it, in whichever place."""
    if not isinstance(url, str) or not url.startswith("postgresql"):
        return False
    try:
        return bool(postgresql_arguments(url).get("password"))
    except ValueError:  # of a setting that something else stands in for
        return True


def checked_database_url(url: str) -> str:
    """The URL as it is, or "" for none. ValueError for one that names no database that linktrack can use."""
    if url.startswith("postgresql"):
        postgresql_arguments(url)
    elif url and (not url.startswith(SQLITE_URL) or "?" in url or not url.removeprefix(SQLITE_URL).strip()):
        raise ValueError(f"write {SQLITE_URL}FILE or postgresql+psycopg://USER@HOST/NAME")
    elif url.endswith("/") or url.removeprefix(SQLITE_URL) in (":memory:", ".", ".."):
        raise ValueError(f"a database that is kept is a file: write {SQLITE_URL}FILE")
    return url


def postgresql_arguments(url: str) -> dict[str, str]:
    """What a PostgreSQL URL says, as arguments of libpq. ValueError, without the URL, for what it cannot say."""
    scheme, slashes, _ = url.partition("://")
    if not slashes or scheme not in _POSTGRESQL_SCHEMES:
        raise ValueError("the URL names another driver than ours, or lacks its //: write postgresql+psycopg://…")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("this is no PostgreSQL URL: its port or host cannot be read") from None
    arguments = {
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "host": unquote(parts.hostname or ""),
        "port": str(port or ""),
        "dbname": unquote(parts.path.lstrip("/")),
    }
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in _PARAMETERS:
            raise ValueError(f"the URL has a parameter that is none of {', '.join(sorted(_PARAMETERS))}")
        arguments[name] = value
    for name, value in arguments.items():
        if value and (wanted := _PARAMETERS[name](value)):
            raise ValueError(f"the URL's {name} is to be {wanted}")
    return {name: value for name, value in arguments.items() if value}


def passwordless(url: str) -> str:
    """A PostgreSQL URL as the server's own programs take it (`pg_dump --dbname`), without the password."""
    arguments = postgresql_arguments(url)
    arguments.pop("password", None)
    user, host, port = (arguments.pop(name, "") for name in ("user", "host", "port"))
    if host.startswith("/"):  # the folder of a socket
        arguments["host"], host = host, ""
    name = quote(arguments.pop("dbname", ""), safe="")
    at = f"{quote(user, safe='')}@" if user else ""
    host = f"[{host}]" if ":" in host else host
    more = f"?{urlencode(arguments, safe='/')}" if arguments else ""
    return f"postgresql://{at}{host}{f':{port}' if port else ''}/{name}{more}"
