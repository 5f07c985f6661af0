"""The marker in an export's folder, by which the next export knows what it was made for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from linktrack.errors import Conflict
from linktrack.files.reading import read_own

ExportKind = Literal["nginx", "json"]
EXPORT_KINDS: tuple[str, ...] = get_args(ExportKind)
MARKER = "linktrack-export.json"


class ExportMarker(NamedTuple):
    """What an export was made for, where the log is, and since when (UTC milliseconds) which of its pages are not
    its any more."""

    kind: str
    log: str
    left: Mapping[str, int]

    def text(self) -> str:
        return json.dumps({"for": self.kind, "log": self.log, "left": self.left}) + "\n"


def marker_of(out: Path) -> ExportMarker | None:
    """The marker of an export, None where there is none. Conflict for one that no export has written."""
    if not (out / MARKER).is_file():
        return None
    try:
        found = json.loads(read_own(out / MARKER, "an export"))
        left = {name: int(since) for name, since in found.get("left", {}).items()}
        if found["for"] in EXPORT_KINDS and isinstance(found["log"], str):
            return ExportMarker(found["for"], found["log"], left)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        pass
    raise Conflict("this is no export that linktrack knows: name a new folder", file=out / MARKER)
