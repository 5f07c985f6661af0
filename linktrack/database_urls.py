"""What a database's URL may say: a SQLite file, or a PostgreSQL server. No message holds the URL or its password."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

SQLITE_URL = "sqlite:///"
_POSTGRESQL_SCHEMES = ("postgresql+psycopg", "postgresql")
_PARAMETERS = frozenset(  # of libpq, which may stand behind the ? of a URL
    ["application_name", "connect_timeout", "dbname", "gssencmode", "host", "keepalives", "keepalives_count",
     "keepalives_idle", "keepalives_interval", "options", "passfile", "password", "port", "sslcert", "sslcrl", "sslkey",
     "sslmode", "sslrootcert", "target_session_attrs", "tcp_user_timeout", "user"]
)  # fmt: skip


def checked_database_url(url: str) -> str:
    """The URL as it is, or "" for none. ValueError for one that names no database that linktrack can use."""
    if url.startswith("postgresql"):
        postgresql_arguments(url)
    elif url and (not url.startswith(SQLITE_URL) or "?" in url or url == SQLITE_URL):
        raise ValueError(f"write {SQLITE_URL}FILE or postgresql+psycopg://USER@HOST/NAME")
    return url


def postgresql_arguments(url: str) -> dict[str, str]:
    """What a PostgreSQL URL says, as arguments of libpq. ValueError, without the URL, for what it cannot say."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("this is no PostgreSQL URL: its port or host cannot be read") from None
    if parts.scheme not in _POSTGRESQL_SCHEMES:
        raise ValueError("the URL names another driver than ours: write postgresql+psycopg://…")
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
    return {name: value for name, value in arguments.items() if value}
