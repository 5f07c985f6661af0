"""The calendars of an export of the CRM: when its users are busy."""

from __future__ import annotations

from collections import Counter
from datetime import tzinfo
from pathlib import Path

from linktrack.actions.crm_state import CrmState
from linktrack.actions.crm_tables import cells_of, table_of
from linktrack.crm.export_rows import BadRow
from linktrack.errors import BadInput
from linktrack.moments import datetime_written


def load_calendars(state: CrmState, export: Path, zone: tzinfo) -> None:
    """What the export says of people's time and of their open requests."""
    settings = state.mapping.settings
    table = table_of(state, export, "follow-ups")
    if table is not None:
        times = settings.follow_ups
        left: list[BadRow] = []
        understood = 0
        for line, (user, *span) in cells_of(
            state, table, "follow-ups", {"user": times.user, "start": times.start, "end": times.end}
        ):
            try:
                start, end = (datetime_written(text, zone) for text in span)
            except ValueError:
                reason = f"{' and '.join(map(repr, span))} must be times like 2026-05-04T09:00"
                left.append(BadRow(reason, line, " ".join((user, *span))[:200]))
                continue
            understood += 1
            if user:
                state.bookings.append((user, start, end))
        if left and not understood:  # it is the format of all, and nobody's time would be heeded
            raise BadInput(left[0].reason, file=table.path, line=left[0].line)
        state.leave_alone(table, left)
    table = table_of(state, export, "requests")
    if table is not None:
        owners = (owner for _, (owner,) in cells_of(state, table, "requests", {"owner": settings.requests.owner}))
        state.open_requests = Counter(owner for owner in owners if owner)
