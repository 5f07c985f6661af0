"""Options that go together are one value of a command: a NamedTuple whose fields are the options.

`choice: Choice` in a command's signature stands on the command line as --sort, --top and whatever else `Choice` has. A
group may be a field of another one; each of its options has a default.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import NamedTuple, get_type_hints


class _Group(NamedTuple):
    """A group of options: its class, and by field an option of its own or a further group."""

    made_by: Callable[..., object]
    fields: dict[str, inspect.Parameter | _Group]

    def options(self) -> Iterator[inspect.Parameter]:
        """Each option of it, in order."""
        for one in self.fields.values():
            if isinstance(one, _Group):
                yield from one.options()
            else:
                yield one

    def taken(self, given: Mapping[str, object]) -> object:
        """The group's value, of what was given by option."""
        return self.made_by(
            **{name: one.taken(given) if isinstance(one, _Group) else given[name] for name, one in self.fields.items()}
        )


def with_single_options(command: Callable[..., object]) -> Callable[..., object]:
    """A command as the parser wants it, with each option of its groups by itself."""
    written = inspect.signature(command, eval_str=True).parameters
    whole = _Group(command, {name: _group_of(one.annotation) or one for name, one in written.items()})

    @wraps(command)
    def single(**given: object) -> object:
        return whole.taken(given)

    options = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in whole.options()]
    vars(single)["__signature__"] = inspect.Signature(options)
    return single


def _group_of(kind: object) -> _Group | None:
    """The group that a NamedTuple is; None for any other kind of value."""
    if not (isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_field_defaults")):
        return None
    return _Group(
        kind,
        {
            name: _group_of(hint)
            or inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=kind._field_defaults[name], annotation=hint
            )
            for name, hint in get_type_hints(kind, include_extras=True).items()
        },
    )
