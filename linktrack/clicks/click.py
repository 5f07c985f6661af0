"""A click, and many of them in columns: what looks at few of their fields, and at many clicks, takes a third of the
time with those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import compress
from typing import NamedTuple, cast, overload

from linktrack.click_marks import SHARED
from linktrack.links.tokens import NOBODY

# Whose click one is, as it is compared with others: the recipient, with the shipment where there are several; of those
# who share a token, whom nothing else tells apart, address and agent too.
Whose = int | tuple[int, int] | tuple[int, int, str, int]

# The fields of a click; in the batches of the reader network and agent are indices into lists that these have.
ClickFields = tuple[int, int, int, int, int, int, str, int, int, int]


class Click(NamedTuple):
    """A click as it is judged. `print` is the print of its line together with the line's number among equal ones."""

    clicked_at: int
    print: int
    link_id: int
    placement_id: int
    shipment_id: int
    recipient_id: int
    ip: str
    network_id: int  # 0 = none that is known
    agent_id: int
    flags: int


_IP, _NETWORK, _AGENT = map(Click._fields.index, ("ip", "network_id", "agent_id"))


class Clicks(Sequence[Click]):
    """Clicks that stay as they are, a column for each field; in order, that is, of time, if nothing else is said."""

    def __init__(self, columns: Sequence[Sequence[int | str]] = ((),) * len(Click._fields)) -> None:
        self.columns = columns
        (
            self.times, self.prints, self.links, self.placements, self.shipments, self.recipients, _,
            self.networks, self.agents, self.flags,
        ) = cast(Sequence[Sequence[int]], columns)  # fmt: skip
        self.ips = cast(Sequence[str], columns[_IP])

    @classmethod
    def of(cls, clicks: Iterable[ClickFields]) -> Clicks:
        """The same in columns; they must be in order."""
        if isinstance(clicks, Clicks):
            return clicks
        columns = list(zip(*clicks, strict=True))
        return cls(columns) if columns else cls()

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[Click]:
        return map(Click._make, zip(*self.columns, strict=True))

    @overload
    def __getitem__(self, at: int) -> Click: ...

    @overload
    def __getitem__(self, at: slice) -> Clicks: ...

    def __getitem__(self, at: int | slice) -> Click | Clicks:
        if isinstance(at, slice):
            return Clicks([column[at] for column in self.columns])
        return Click._make(column[at] for column in self.columns)

    @cached_property
    def addresses(self) -> Sequence[str]:
        """`address_of` each."""
        if not any(flag & SHARED for flag in set(self.flags)):
            return self.ips
        return ["" if flags & SHARED else ip for ip, flags in zip(self.ips, self.flags, strict=True)]

    @cached_property
    def people(self) -> Sequence[Whose]:
        """`person_of` each, without the shipment where there is one."""
        if NOBODY in self.recipients:
            return list(map(person_of, self))
        if len(set(self.shipments)) > 1:
            return list(zip(self.shipments, self.recipients, strict=True))
        return self.recipients

    def picked(self, which: Sequence[object]) -> Clicks:
        """Those of which `which` says so, for each."""
        return Clicks([list(compress(column, which)) for column in self.columns])

    def and_then(self, others: Iterable[Click]) -> Clicks:
        """These, and then the others, in whatever order they are."""
        more = Clicks.of(others)
        return Clicks([[*column, *behind] for column, behind in zip(self.columns, more.columns, strict=True)])

    def merged(self, others: Sequence[Click]) -> tuple[Clicks, list[int]]:
        """These and others, which are in order, too; and where the others stand among them."""
        if not others:
            return self, []
        clicks = list(zip(*self.and_then(others).columns, strict=True))
        order = sorted(range(len(clicks)), key=clicks.__getitem__)
        places = [place for place, index in enumerate(order) if index >= len(self)]
        return Clicks.of(map(clicks.__getitem__, order)), places

    def numbered(self, networks: Sequence[int], agents: Sequence[int]) -> Clicks:
        """The same with these numbers in place of the networks and agents, which are indices into them."""
        columns = list(self.columns)
        columns[_NETWORK] = list(map(networks.__getitem__, self.networks))
        columns[_AGENT] = list(map(agents.__getitem__, self.agents))
        return Clicks(columns)


def person_of(click: Click) -> Whose:
    """Whose click it is, as clicks are compared."""
    shipment, recipient = click[4:6]
    return (shipment, recipient) if recipient != NOBODY else (shipment, recipient, address_of(click), click.agent_id)


def address_of(click: Click) -> str:
    """The address by which a click is compared with others; empty where anybody may stand behind it."""
    return "" if click.flags & SHARED else click.ip
