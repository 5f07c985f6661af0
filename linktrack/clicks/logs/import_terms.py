"""What an import is told, and what the lines of its logs are read by."""

from __future__ import annotations

from dataclasses import dataclass

from linktrack.clicks.judging.networks import Networks
from linktrack.clicks.logs.batches import EVER
from linktrack.clicks.logs.fields import digest_key
from linktrack.clicks.logs.tracked import AddressBook, Addresses
from linktrack.clicks.logs.visitor import Visitors
from linktrack.moments import DAY
from linktrack.workspace import Workspace


@dataclass(frozen=True)
class ImportTerms:
    """What lines are read by. Times are UTC milliseconds, `since` included and `until` not."""

    addresses: Addresses
    key: bytes  # of the digests of logs
    visitors: Visitors
    since: int | None
    until: int | None
    list_rejects: bool
    torn_before: int  # a last line is torn in a file of the own click log that nobody has written into since then
    nameless: bool = False  # clicks are stored without the addresses that `visitors` tells

    @property
    def first(self) -> int:
        """The first moment within these bounds."""
        return EVER[0] if self.since is None else self.since

    @property
    def end(self) -> int:
        """The first moment behind them."""
        return EVER[1] if self.until is None else self.until

    @property
    def bounded(self) -> bool:
        """Whether lines outside of bounds of time are passed over."""
        return self.since is not None or self.until is not None


TOLERATED_PERCENT = 50.0  # of the lines that look like ours


@dataclass(frozen=True)
class ImportOptions:
    """What an import is told. Times are UTC milliseconds, `since` included and `until` not.

    `again`: logs are read from their beginning, and what is stored of them gets today's addresses and verdicts.
    `tolerate`: so many of a hundred lines that look like ours may be bad before there is an alarm.
    """

    log_format: str | None = None
    since: int | None = None
    until: int | None = None
    mailing: str | None = None
    time_zone: str | None = None
    again: bool = False
    tolerate: float = TOLERATED_PERCENT


def terms_of(
    workspace: Workspace, book: AddressBook, options: ImportOptions, at: int, *, list_rejects: bool = False
) -> ImportTerms:
    """What the lines of a workspace's logs are read by at the moment `at` (UTC milliseconds)."""
    clicks = workspace.settings.clicks
    nameless = clicks.ip == "none"
    return ImportTerms(
        addresses=book.addresses,
        key=digest_key(book.keys.keyring),
        # Addresses that are not stored are known while a log is read: one behind most clicks is said.
        visitors=Visitors(
            clicks.trusted_proxies, Networks(clicks.networks).named, "truncate" if nameless else clicks.ip
        ),
        nameless=nameless,
        since=options.since,
        until=options.until,
        list_rejects=list_rejects,
        torn_before=at - DAY,
    )
