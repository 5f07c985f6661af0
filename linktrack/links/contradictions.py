"""Duplicate and contradictory actions: of one link, of a mailing's links, and of mailings that share a link."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from linktrack.links.actions import AnyAction, InterestAction, MakingAction, NamesAction, SetFieldAction, canonical

_ON = {"person": ("interest",), "company": ("company's interest",), "both": ("interest", "company's interest")}

NOTES = frozenset(("new-selection", "new-project", "new-interest", "nowhere", "near-address", "untold"))

Subject = tuple[str, str]  # what an action is about: the kind (field, interest, selection …) and the name


@dataclass(frozen=True)
class LinkFinding:
    """One thing to look at; `other` is the second link of a pair, `mailing` where the pair stands, or both empty."""

    finding: str  # duplicate, contradiction, at-odds, unsubscribe, untold, bad-value, no-script, …
    link: str
    other: str
    mailing: str
    explanation: str

    @property
    def is_note(self) -> bool:
        """Whether it is only worth knowing, and nothing is wrong."""
        return self.finding in NOTES


@dataclass(frozen=True)
class CheckedLink:
    """A link as the check sees it, with its actions in their order and what is wrong with those that do not parse."""

    key: str
    kind: str
    deleted: bool
    actions: tuple[AnyAction, ...]
    broken: tuple[str, ...] = ()
    response: str = "redirect"
    prefill: tuple[str, ...] = ()  # the contact's fields that a form is opened with
    url: str = ""
    numbers: tuple[int, ...] = ()  # of the actions; none given = 1, 2, 3 …
    unfilled: str = ""  # why its form gets no values, where it should

    @property
    def numbered(self) -> list[tuple[int, AnyAction]]:
        """The actions with their numbers."""
        return list(zip(self.numbers or range(1, len(self.actions) + 1), self.actions, strict=True))


@dataclass(frozen=True)
class CheckedMailing:
    """A mailing with the keys of the links in it, and those of its addresses that are no registered link's."""

    name: str
    type: str
    links: tuple[str, ...]
    addresses: tuple[str, ...] = ()


def wishes(link: CheckedLink, mailing_type: str) -> dict[Subject, list[tuple[int, str]]]:
    """What a link's actions do to each thing: the number of the action, and the field's value or `add` or `remove`."""
    wanted: dict[Subject, list[tuple[int, str]]] = defaultdict(list)
    for number, action in link.numbered:
        if isinstance(action, SetFieldAction):
            wanted["field", action.field].append((number, str(action.value)))
        elif isinstance(action, NamesAction):
            for kind in _ON[action.on] if isinstance(action, InterestAction) else (action.type,):
                for operation, names in (("add", action.add), ("remove", action.remove)):
                    for name in names:
                        name = name.replace("{mailing.type}", mailing_type or "{mailing.type}")
                        wanted[kind, name].append((number, operation))
    return dict(wanted)


def within_link(link: CheckedLink) -> Iterator[tuple[str, str]]:
    """(finding, explanation) for the actions of one link among themselves."""
    same = set()
    for (first, one), (second, two) in combinations(link.numbered, 2):
        if canonical(one.table) == canonical(two.table):
            same.add((first, second))
            yield "duplicate", f"actions {first} and {second} of {link.key!r} are the same ({one.type})"
    for (kind, name), wanted in wishes(link, "").items():
        values = {value for _, value in wanted}
        if len(values) == 1:
            for (first, value), (second, _) in combinations(wanted, 2):
                if (first, second) not in same:
                    said = (
                        f"set the {kind} {name!r} to {value!r}" if kind == "field" else f"{value} the {kind} {name!r}"
                    )
                    yield "duplicate", f"actions {first} and {second} of {link.key!r} both {said}"
        elif kind == "field":
            said = " and ".join(repr(value) for value in sorted(values))
            yield "contradiction", f"{link.key!r} sets the field {name!r} to {said}: the last one wins"
        else:
            yield "contradiction", f"{link.key!r} both adds and removes the {kind} {name!r}: the last one wins"


def between_links(links: Mapping[str, CheckedLink], mailings: Sequence[CheckedMailing]) -> list[LinkFinding]:
    """What the links of each mailing do to each other, and those of mailings that share a registered link."""
    return [*_contradictions(links, mailings), *_duplicates(links, mailings)]


def _contradictions(links: Mapping[str, CheckedLink], mailings: Sequence[CheckedMailing]) -> Iterator[LinkFinding]:
    """Pairs of links that want different things of the same thing; a link at odds with itself is left out."""
    places: dict[Subject, dict[tuple[str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    known: dict[tuple[str, str], dict[Subject, list[tuple[int, str]]]] = {}
    for mailing in mailings:
        for key in mailing.links:
            if (key, mailing.type) not in known:
                known[key, mailing.type] = wishes(links[key], mailing.type)
            for thing, wanted in known[key, mailing.type].items():
                values = {value for _, value in wanted}
                if len(values) == 1:
                    places[thing][key, values.pop()].append(mailing.name)
    stands = {mailing.name: frozenset(mailing.links) for mailing in mailings}
    for thing in sorted(places):
        for ((one, here), first), ((two, there), second) in combinations(sorted(places[thing].items()), 2):
            if one == two or here == there:
                continue
            together = [name for name in first if name in second]
            said = _said(thing, (one, here), (two, there))
            if together:
                text = f"{said}: whoever clicks both keeps what was clicked last"
                yield LinkFinding("contradiction", one, two, ", ".join(together), text)
            elif shared := _shared_link(links, stands, first, second):
                here_too, there_too, key = shared
                text = (
                    f"{said}; they stand in the mailings {here_too!r} and {there_too!r}, which share the link {key!r}: "
                    "who gets both mailings keeps what was clicked last"
                )
                yield LinkFinding("contradiction", one, two, f"{here_too}, {there_too}", text)


def _said(thing: Subject, one: tuple[str, str], two: tuple[str, str]) -> str:
    """What two links, each with what it does, want of one thing."""
    (kind, name), (key, does), (other, does_too) = thing, one, two
    if kind == "field":
        return f"{key!r} sets the field {name!r} to {does!r} and {other!r} to {does_too!r}"
    return f"{key!r} {does}s the {kind} {name!r} and {other!r} {does_too}s it"


def _shared_link(
    links: Mapping[str, CheckedLink], stands: Mapping[str, frozenset[str]], first: list[str], second: list[str]
) -> tuple[str, str, str] | None:
    """Two mailings, one of each list, and a registered link that both use."""
    for here in first:
        for there in second:
            for key in sorted(stands[here] & stands[there]):
                if links[key].kind == "registered":
                    return here, there, key
    return None


def _duplicates(links: Mapping[str, CheckedLink], mailings: Sequence[CheckedMailing]) -> Iterator[LinkFinding]:
    """Pairs of links in one mailing that make the same thing."""
    pairs: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for mailing in mailings:
        makers: dict[tuple[str, str], list[str]] = defaultdict(list)
        for key in mailing.links:
            for action in links[key].actions:
                if isinstance(action, MakingAction):
                    settings = canonical(action.table)
                    if key not in makers[action.type, settings]:
                        makers[action.type, settings].append(key)
        for (kind, _), keys in makers.items():
            for one, two in combinations(sorted(keys), 2):
                if mailing.name not in pairs[kind, one, two]:
                    pairs[kind, one, two].append(mailing.name)
    for (kind, one, two), names in pairs.items():
        text = f"{one!r} and {two!r} make the same {kind}: whoever clicks both causes two"
        yield LinkFinding("duplicate", one, two, ", ".join(names), text)
