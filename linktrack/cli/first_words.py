"""The words that people try first, and what does it here: one table for verbs, nouns, and whole commands.

A person's first word is often another one than ours (`link remove`, `folder create`, `send`): it is answered with the
command that does it, never carried out, so that scripts have one spelling.
"""

from __future__ import annotations

# Ours for a word that people try first; the first one that the noun has is meant.
VERBS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("view", "display", "get", "info", "open", "describe", "inspect", "details", "cat"), ("show",)),
    **dict.fromkeys(
        ("remove", "delete", "rm", "del", "erase", "drop", "archive", "rmdir", "disable", "deactivate"),
        ("delete", "remove", "cancel", "forget", "revoke"),
    ),
    **dict.fromkeys(("create", "new", "make", "insert", "register", "upload", "mkdir"), ("add", "rotate")),
    **dict.fromkeys(("ls", "all", "index", "lists", "search", "find", "filter", "tree"), ("list",)),
    **dict.fromkeys(("update", "change", "modify", "set"), ("edit",)),
    **dict.fromkeys(("undelete", "undo", "recover", "unarchive", "enable", "activate"), ("restore",)),
    **dict.fromkeys(("resume", "finish", "complete", "continue"), ("restore",)),
    **dict.fromkeys(("send", "deliver", "generate", "personalise", "personalize"), ("rewrite", "render")),
    **dict.fromkeys(("load", "ingest", "read"), ("import", "apply", "add")),
    **dict.fromkeys(("save", "dump", "download"), ("export",)),
    **dict.fromkeys(("validate", "lint", "verify", "test"), ("check",)),
    **dict.fromkeys(("execute", "start", "process"), ("run",)),
    **dict.fromkeys(("stop", "abort", "revert", "recall"), ("cancel",)),
    **dict.fromkeys(("anonymize", "anonymise", "gdpr"), ("forget",)),
    **dict.fromkeys(("opt-in", "resubscribe"), ("subscribe",)),
    **dict.fromkeys(("history", "ledger", "logs"), ("log",)),
    **dict.fromkeys(("clear", "clean", "cleanup"), ("reset", "purge")),
    "mv": ("move", "rename"),
    "rejudge": ("judge",),
    "addresses": ("links",),
    "migrate": ("upgrade",),
    "clickmap": ("html",),
}

NOUNS = {
    **dict.fromkeys(("campaign", "newsletter", "mail", "email", "message"), "mailing"),
    **dict.fromkeys(("recipient", "person", "people", "subscriber", "user", "audience"), "contact"),
    **dict.fromkeys(("sending", "delivery"), "shipment"),
    **dict.fromkeys(("url", "address"), "link"),
    **dict.fromkeys(("stats", "statistics", "figures", "analytics", "results", "summary", "overview"), "report"),
    "directory": "folder",
    "db": "database",
    "server": "serve",
    "redirect": "redirects",
    "health": "doctor",
    "monitor": "status",
}

_REWRITE = "mailing rewrite NAME --contacts FILE --out DIR"
_FIGURES = "stats statistics stat figures report results analytics summary overview performance"
_BY = {
    "placement": "placement placements positions spots",
    "domain": "domain domains",
    "device": "device devices clients",
    "day": "day days trend",
    "hour": "hour hours times",
    "reason": "bots machines scanners reasons verdicts rules",
}

# (the noun, words, the command): `*` is every noun and the top, "" the top alone. A noun's own rows come first, then
# its own verbs, then what is so everywhere.
ROWS: tuple[tuple[str, str, str], ...] = (
    ("link", "rename", "link edit KEY --key NEW"),
    ("link", f"{_FIGURES} clicks count", "report link KEY"),
    ("link", "clickers who recipients", "report clickers KEY"),
    ("link", "actions action", "action list KEY"),
    ("link", "search find filter", "link list --search TEXT"),
    ("link", "import load", "link apply FILE"),
    ("mailing", "rename", "mailing edit NAME --name NEW"),
    ("mailing", "import", "mailing add NAME FILE"),
    ("mailing", "copy duplicate clone", "mailing add NAME FILE"),
    ("mailing", "render personalise personalize generate export", _REWRITE),
    ("mailing", f"{_FIGURES} clicks", "report mailing NAME"),
    ("mailing", "clickers who", "report clickers --mailing NAME"),
    ("mailing", "nonclickers", "report nonclickers NAME"),
    ("mailing", "cancel undo stop abort", "shipment cancel NUMBER"),
    ("mailing", "shipments sendings history", "shipment list --mailing NAME"),
    ("mailing", "recipients contacts audience", "shipment recipients NUMBER"),
    ("shipment", "finish resume complete continue", "shipment restore NUMBER"),
    ("shipment", "delete remove", "shipment cancel NUMBER"),
    ("shipment", "add create new make send rewrite deliver", _REWRITE),
    ("shipment", "export resend", "shipment render NUMBER --out DIR"),
    ("shipment", f"{_FIGURES} clicks clickers", "report mailing NAME --by shipment"),
    ("contact", "list", "shipment recipients NUMBER"),
    ("contact", "search find", "contact show WHO"),
    ("contact", f"{_FIGURES} clicks history log", "report contact WHO"),
    ("click", "show view", "click list"),
    ("click", f"{_FIGURES} count", "report mailings"),
    ("click", "export save dump", "click list --format csv"),
    ("click", "delete remove purge", "database purge --clicks-before DATE"),
    ("click", "add read", "click import LOG"),
    ("action", "show view", "action list KEY"),
    ("action", "history", "action log"),
    ("action", "retry", "action run --retry-failed"),
    ("action", "resume finish continue", "action run --resume"),
    ("report", "clicks", "click list"),
    ("report", "list all show mailing-list campaigns campaign", "report mailings"),
    ("report", "person people contacts recipient", "report contact WHO"),
    ("report", "unsubscribed unsubscribes unsubscribe unsubscribers", "report clickers unsubscribe"),
    ("report", "page dashboard pdf", "report html OUT"),
    ("report", "actions action changes", "action log"),
    ("report", "shipments shipment", "report mailing NAME --by shipment"),
    ("report", "unclicked inactive", "report nonclickers NAME"),
    ("report", "csv excel xlsx spreadsheet export", "report mailings --output FILE"),
    ("report", "ab", "report compare A B"),
    ("key", "new add create generate", "key rotate"),
    ("database", "backup dump save export", "backup FILE"),
    ("database", "restore", "restore FILE"),
    ("database", "check repair", "doctor --repair"),
    ("database", "delete clear clean cleanup vacuum shrink", "database purge --clicks-before DATE"),
    ("redirects", "add new create", "link add KEY --url URL"),
    ("redirects", "list show", "link list"),
    ("redirects", "serve run start", "serve"),
    ("redirects", "import", "click import LOG"),
    ("redirects", "check", "redirects export DIR --check"),
    ("folder", "links show open cat", "link list --folder PATH"),
    ("", "copy", "database copy FROM TO"),
    ("", "start run-server web ui", "serve"),
    ("", "new-workspace setup create-workspace", "init"),
    ("", "tour example tutorial", "demo"),
    *(("*", words, f"report mailing NAME --by {by}") for by, words in _BY.items()),
    ("*", "clickers who", "report clickers KEY"),
    ("*", "opt-out optout unsubscribed unsubscribes unsubscribers", "report clickers unsubscribe"),
    ("*", "dashboard page chart charts map heatmap click-map pdf", "report html OUT"),
    ("*", "csv excel xlsx spreadsheet", "report mailings --output FILE"),
    ("*", "top best", "report links --sort clicks --top N"),
    ("*", "diff versus vs", "report compare A B"),
    ("*", "ab split a/b segment", f"{_REWRITE} --part 1/2 --split NAME"),
    ("*", "schedule later", f"{_REWRITE} --sent-at TIME"),
    ("*", "send-test test-send proof", f"{_REWRITE} --test"),
    ("*", "send deliver", _REWRITE),
    ("*", "template templates", f"{_REWRITE} --as template"),
    ("*", "track tracking wrap", "mailing add NAME FILE"),
    ("*", "shorten shorturl", "link add KEY --url URL"),
    ("*", "utm", "mailing tag FILE --source SOURCE --campaign CAMPAIGN"),
    ("*", "simulate dry-run", "action run --crm EXPORT --dry-run"),
    ("*", "retry", "action run --retry-failed"),
    ("*", "resume", "action run --resume"),
    ("*", "interest interests", "action add KEY interest"),
    ("*", "selection selections", "action add KEY selection"),
    ("*", "project", "action add KEY project"),
    ("*", "follow-up followup task", "action add KEY follow-up"),
    ("*", "script", "action add KEY script"),
    ("*", "field set-field", "action add KEY set-field"),
    ("*", "nginx apache caddy", "redirects export DIR"),
    ("*", "gdpr anonymize anonymise", "contact forget WHO"),
    ("*", "search find filter", "link list --search TEXT"),
    ("*", "vacuum clear clean cleanup", "database purge --clicks-before DATE"),
    ("*", "migrate", "database upgrade"),
    ("*", "logs access-log", "click import LOG"),
    ("*", "honeypot", f"{_REWRITE} --honeypot"),
    ("*", "duplicate clone", "mailing add NAME FILE"),
)

_LEFT_BY_HAND = (
    "nobody is taken out by hand here. Take the interest away in the CRM, or leave them out of a sending with "
    "linktrack mailing rewrite --except FILE; they themselves have the unsubscribe link. linktrack contact forget "
    "takes them out for good"
)
_NO_LIST = (
    "contacts stand in the CRM, and linktrack reads its export each time: "
    "linktrack mailing rewrite NAME --contacts FILE"
)
# What no command does, and what there is to say.
SENTENCES: tuple[tuple[str, str, str], ...] = (
    (
        "contact",
        "unsubscribe unsub opt-out optout block suppress blacklist archive deactivate disable",
        _LEFT_BY_HAND,
    ),
    ("*", "unsubscribe unsub block suppress blacklist", _LEFT_BY_HAND),
    ("contact", "add create new make insert register upload import load edit update change set", _NO_LIST),
    (
        "*",
        "login logout signin account password",
        "there is nothing to log in to: whoever may read the workspace's files works with it",
    ),
    (
        "*",
        "config configure configuration settings options",
        "settings stand in linktrack.toml, and linktrack doctor says what is wrong there",
    ),
    (
        "*",
        "opens opened open-rate openrate pixel",
        "opens are not measured, for machines fetch pictures too: linktrack report mailing NAME shows clicks",
    ),
    ("*", "bounces bounce bounced", "what sends the mails knows of those; linktrack knows of clicks"),
    ("*", "version", "that is linktrack --version"),
    ("*", "completion completions", "that is linktrack --install-completion"),
    ("*", "exit quit", "there is nothing to leave: each command ends by itself"),
)


def _by_word(rows: tuple[tuple[str, str, str], ...]) -> dict[tuple[str, str], str]:
    return {(noun, word): meant for noun, words, meant in reversed(rows) for word in words.split()}


COMMANDS = _by_word(ROWS)
SAID = _by_word(SENTENCES)

OPTIONS = {
    ("link edit", "--folder"): "link move KEY FOLDER",
    ("mailing rewrite", "--to"): "mailing rewrite --contacts FILE",
    ("mailing rewrite", "--recipients"): "mailing rewrite --contacts FILE",
    ("mailing add", "--name"): "mailing add NAME FILE",
    ("action run", "--contacts"): "action run --crm EXPORT",
    ("action list", "--link"): "action list KEY",
}
