"""JSON files that linktrack itself has written, read back: a model's values, or bad input with its file and line.

What became of a file since (cut, packed, of another encoding, numbers beyond all bounds, nested without end) is never
more than that.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from linktrack.errors import BadInput
from linktrack.files.reading import explained, open_input

Count = Annotated[int, Field(ge=0, le=2**63 - 1)]  # what both databases can store


class WrittenModel(BaseModel):
    """What stands in such a file. A value has the very type that was written; further ones are passed over."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


_Written = TypeVar("_Written", bound=WrittenModel)


def read_written(
    model: type[_Written], data: bytes, what: str, *, file: Path | str, line: int | None = None
) -> _Written:
    """What `data` says; `what` is what it should be: "the summary of a run". BadInput for anything else."""
    try:
        return model.model_validate_json(data)
    except ValidationError as problem:
        at = problem.errors(include_url=False, include_input=False)[0]["loc"]
        why = f"{'.'.join(map(str, at))!r} is missing or no such value" if at else "it is cut short or no JSON at all"
        raise BadInput(f"this is not {what}: {why}", file=file, line=line) from None


def read_written_lines(model: type[_Written], path: Path, what: str) -> Iterator[tuple[int, _Written]]:
    """What each line of a file says, with the number of the line. NotFound without the file; BadInput as above."""
    with open_input(path) as file, explained(path):
        for number, line in enumerate(file, 1):
            yield number, read_written(model, line, what, file=path, line=number)
