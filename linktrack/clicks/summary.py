"""What an import reports: counts that add up, what went wrong, what can be done about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from linktrack.clicks.logs.batches import MOST_RECIPIENTS, Batch
from linktrack.clicks.logs.rejections import BAD, UNREADABLE
from linktrack.errors import LinktrackError
from linktrack.sentences import counted

ALARM_LINES = 20  # so many of them must be there
UNREADABLE_LINES = 5  # fewer are accidents: lines that two processes wrote into one another, a full disk
NAMED_FOLDERS = 5  # so many are named in a sentence
BUSY_CLICKS, BUSY_RECIPIENTS = 20, 5  # fewer clicks, or of fewer people, from one address are nothing to speak of

# What speaks against a log, of the reasons for which lines and events are rejected that look like ours.
_SUSPECT = frozenset(BAD) - {"foreign-placement"} | {
    UNREADABLE, "unknown-target", "unknown-mailing", "unknown-recipient",
}  # fmt: skip

_NAME_MAILING = (
    "import them again with --mailing NAME, or with --again once mailing_variable in [clicks] is what names it in them "
    '("tag", "campaign", or a variable of your own)'
)


@dataclass(frozen=True)
class ImportSummary:
    """What an import did: read = stored + repeated + not_ours + rejected, and stored = the four verdicts."""

    files: int = 0
    read: int = 0
    stored: int = 0
    repeated: int = 0
    not_ours: int = 0
    rejected: int = 0
    reasons: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    human: int = 0
    prefetch: int = 0
    scanner: int = 0
    test: int = 0
    seconds: float = 0.0
    stopped: bool = False  # by Ctrl-C or SIGTERM; all that was read is stored
    moved: int = 0  # clicks of earlier imports whose verdict is another one now, because of these
    readdressed: int = 0  # clicks of earlier imports that have another visitor's address now
    waiting: int = 0  # unfinished last lines, which wait for the rest of them
    alarm: str = ""  # why the numbers are not to be trusted, and what to do; to be said in any case
    problems: tuple[LinktrackError, ...] = ()  # logs that could not be read, or not to their end
    notes: tuple[str, ...] = ()  # what went wrong
    unusual: tuple[str, ...] = ()  # what nobody expects of a log, and what can be done about it; said in any case
    hints: tuple[str, ...] = ()  # what was passed over, what can be done about rejections


@dataclass(frozen=True)
class Progress:
    """How far an import is, for whoever shows it."""

    path: str
    position: int  # bytes of uncompressed content
    summary: ImportSummary  # so far


@dataclass
class Tally:
    """What an import counts while it runs."""

    tolerate: float
    again: bool  # logs are read from their beginning
    may_be_of_later_key: Callable[[bytes], bool]  # the target of a rejected line: see `AddressBook`
    files: int = 0
    read: int = 0
    stored: int = 0
    repeated: int = 0
    not_ours: int = 0
    rejected: int = 0
    moved: int = 0
    readdressed: int = 0
    waiting: int = 0
    stopped: bool = False
    reasons: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)  # of the clicks that were stored by this import, as now
    problems: list[LinktrackError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unusual: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)  # what was not read of what was given
    suspects: int = 0  # rejected lines that look like ours and were not seen before
    unreadable: int = 0  # of which in no format that is known
    clicks: int = 0
    unaddressed: int = 0  # of which no address is known, though others are kept
    nobodys: int = 0  # departures of who was forgotten
    of_later_keys: int = 0  # rejected lines that may have been signed with a key of after the backup
    busiest: Counter[str] = field(default_factory=Counter)
    busy_recipients: dict[str, set[int]] = field(default_factory=dict)

    def pass_over_folders(self, path: str, folders: Sequence[str], *, beside: int) -> None:
        """Note folders in a folder whose logs are not read, though `beside` them so many logs are. Where no log is, it
        is said in any case."""
        if folders:
            names = ", ".join(folders[:NAMED_FOLDERS]) + (" …" if len(folders) > NAMED_FOLDERS else "")
            some = counted(len(folders), "folder")
            verb, them = ("was", "it") if len(folders) == 1 else ("were", "them")
            (self.passed_over if beside else self.unusual).append(
                f"{path}: {some} in it {verb} passed over ({names}): name {them} to import the logs in {them}, too."
            )

    def note_no_line(self, name: str, *, cut_off: bool, begun: bool) -> None:
        """Note a log without a complete line. Where one has begun, it waits for its end."""
        if cut_off:
            self.note_cut_off(name)
        else:
            self.waiting += begun

    def note_cut_off(self, name: str) -> None:
        """Note a compressed log without its end."""
        self.notes.append(f"{name}: the compressed file ends too early; what came was read")

    def note_unlike(self, name: str, format: str) -> None:
        """Note that a log is, in part, in another format than the named one."""
        self.unusual.append(
            f"{name}: some lines are in another format, {format}, than the one that is named: import it again with "
            f"--log-format {format}."
        )

    def add(self, batch: Batch, stored: int, new_junk: frozenset[tuple[int, int]]) -> None:
        """Add a batch of which `stored` clicks, and this `new_junk` of the rejected lines, were new."""
        self.read += batch.read
        self.not_ours += batch.not_ours
        self.stored += stored
        self.repeated += batch.repeated + len(batch.clicks) - stored
        if self.repeated < 0:  # what was mended had been read by an earlier run, which was stopped
            self.read -= self.repeated
            self.repeated = 0
        self.rejected += sum(batch.reasons.values())
        self.reasons.update(batch.reasons)
        new = [reason for at, mark, _, reason, _ in batch.junk if (at, mark) in new_junk]
        self.suspects += sum(reason in _SUSPECT for reason in new)
        self.unreadable += new.count(UNREADABLE)
        self.of_later_keys += sum(self.may_be_of_later_key(row[4]) for _, row in batch.unknown)
        self.waiting += batch.waiting
        self._add_addresses(batch)

    def _add_addresses(self, batch: Batch) -> None:
        self.clicks += len(batch.clicks)
        self.unaddressed += batch.unaddressed
        self.busiest.update(batch.busiest)
        for ip, recipients in batch.busy.items():
            if len(known := self.busy_recipients.setdefault(ip, set())) < MOST_RECIPIENTS:
                known.update(recipients)

    def summary(self, seconds: float = 0.0, *, final: bool = False) -> ImportSummary:
        """What was counted; `final`: with what it means."""
        return ImportSummary(
            files=self.files, read=self.read, stored=self.stored, repeated=self.repeated, not_ours=self.not_ours,
            rejected=self.rejected, reasons=MappingProxyType(dict(sorted(self.reasons.items()))),
            human=self.verdicts["human"], prefetch=self.verdicts["prefetch"], scanner=self.verdicts["scanner"],
            test=self.verdicts["test"], seconds=seconds, stopped=self.stopped, moved=self.moved,
            readdressed=self.readdressed, waiting=self.waiting, alarm=self._alarm() if final else "",
            problems=tuple(self.problems), notes=tuple(self.notes),
            unusual=(*self.unusual, *self._unusual()) if final else (),
            hints=(*self.passed_over, *self._hints()) if final else (),
        )  # fmt: skip

    def _alarm(self) -> str:
        if self.of_later_keys:
            named = "name a signing key" if self.of_later_keys > 1 else "names a signing key"
            return (
                f"{counted(self.of_later_keys, 'rejected line')} {named} that this workspace does not have. If the "
                "lost workspace made a key after the backup (linktrack key rotate), put its linktrack.key in the "
                "place of the one here, take each new key in it in with linktrack key rotate, and import again with "
                "--again. If it made none, somebody makes such addresses up: linktrack key rotate --no-later-keys "
                "makes a key of this workspace's own, after which they are forged-token and nothing more."
            )
        if unknown := self.reasons["unknown-shipment"]:
            return (
                f"{counted(unknown, 'line')} of ours {'name' if unknown > 1 else 'names'} a shipment that this "
                "database does not know: is it an older copy? Bring the right one back and import again with --again."
            )
        ours = self.stored + self.suspects
        if ours < ALARM_LINES or self.suspects * 100 <= self.tolerate * ours:
            return ""
        seen = {reason: count for reason, count in sorted(self.reasons.items()) if reason in _SUSPECT}
        shown = ", ".join(f"{count} {reason}" for reason, count in seen.items())
        if set(seen) == {"revoked-key"}:
            way_out = "they stay so, for a revoked key is revoked for ever"
        elif max(seen, key=lambda reason: seen[reason]) == "unknown-mailing":
            way_out = _NAME_MAILING
        else:
            way_out = "once the cause is mended, --again reads them again"
        return (
            f"{self.suspects} of the {ours} new lines that look like ours were rejected ({shown}): "
            f"--rejected FILE lists them, and {way_out}."
        )

    def _hints(self) -> Sequence[str]:
        """What to do about rejections that have one cause."""
        found = []
        others = self.stored or self.repeated or self.reasons["revoked-key"]
        if self.reasons["forged-token"] and not others:
            found.append(
                "Every token is forged: were these mails rewritten with another linktrack.key (or LINKTRACK_SECRET)? "
                "Bring it back and import again."
            )
        if self.reasons["unknown-mailing"]:
            found.append(f"Some events do not tell their mailing: {_NAME_MAILING}.")
        return found

    def _unusual(self) -> Sequence[str]:
        """What is wrong with a log whose lines are fine one by one, or that has changed."""
        found = []
        if self.unreadable >= UNREADABLE_LINES and not self._alarm():
            found.append(
                f"{counted(self.unreadable, 'new line')} with addresses of ours cannot be read, so their clicks are "
                "missing: has the log's format changed? --rejected FILE lists them; once --log-format or log_format in "
                "[clicks] names what they are in, --again reads them again."
            )
        told = self.stored or self.again  # else it was said of these clicks before
        if told and self.unaddressed * 2 > self.clicks:
            found.append(
                f"{self.unaddressed} of {counted(self.clicks, 'click')} came without the visitor's address, so that "
                "verdicts know less. If the log has it under a name of its own, give the server's format string "
                "(--log-format, or log_format in [clicks]) and import again with --again."
            )
        for ip, count in self.busiest.most_common(1):
            many = len(self.busy_recipients.get(ip, ())) >= BUSY_RECIPIENTS
            if told and count >= BUSY_CLICKS and count * 2 > self.clicks and many:
                found.append(
                    f"One address, {ip}, is behind {count} of {self.clicks} clicks. If it is your own proxy's, add its "
                    "network to trusted_proxies in [clicks], let the log have X-Forwarded-For, and import again with "
                    "--again."
                )
        return found


def of_nobody(departures: int) -> str:
    """What is said of departures that hold for nobody (`Departures.note`)."""
    came = "unsubscribe or refusal of tracking has" if departures == 1 else "unsubscribes or refusals of tracking have"
    return (
        f"{departures:,} {came} come from mails that people got before they were forgotten, and nothing says whose: "
        "for who is written to again since (linktrack contact subscribe) only what they say in a newer mail holds, or "
        "what the CRM says of them."
    )
