"""What is wrong with a value, in our words and not in those of a library."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from linktrack.values import wrong_value


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    needed: str
    text: str = ""
    flag: bool = False
    number: int = 0
    share: float = 0.0
    names: list[str] = []
    table: dict[str, str] = {}
    day: date = date(2026, 5, 4)
    choice: Literal["a", "b", "c"] = "a"
    even: int = 0
    small: int = Field(default=1, ge=1, le=4_096)

    @field_validator("even")
    @classmethod
    def _check(cls, value: int) -> int:
        if value % 2:
            raise ValueError(f"{value} is odd")
        return value


# what is given -> as a setting of the workspace, as one of a form
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a number for a text": ({"text": 5}, "text: it must be a text, not 5", "text of a form: it must be a text, not 5"),
    "a word for a flag": ({"flag": "yes"}, "flag: it must be true or false, not 'yes'", "flag of a form: it must be true or false, not 'yes'"),
    "a text for a number": ({"number": "5"}, "number: it must be a whole number, not '5'", "number of a form: it must be a whole number, not '5'"),
    "true for a number": ({"number": True}, "number: it must be a whole number, not true", "number of a form: it must be a whole number, not true"),
    "a day for a list of flags": ({"names": date(2026, 5, 4)}, "names: it must be a list, not 2026-05-04", "names of a form: it must be a list, not 2026-05-04"),
    "a table for a flag": ({"flag": {"a": [True]}}, "flag: it must be true or false, not { a = [true] }", "flag of a form: it must be true or false, not { a = [true] }"),
    "too small a number": ({"small": 0}, "small: it must be at least 1, not 0", "small of a form: it must be at least 1, not 0"),
    "too large a number": ({"small": 5000}, "small: it must be at most 4,096, not 5000", "small of a form: it must be at most 4,096, not 5000"),
    "a time of a day": ({"day": datetime(2026, 5, 4, 9)}, "day: it must be a date like 2026-05-04 without quotes, not 2026-05-04T09:00:00", "day of a form: it must be a date like 2026-05-04 without quotes, not 2026-05-04T09:00:00"),
    "a text for a share": ({"share": "x"}, "share: it must be a number, not 'x'", "share of a form: it must be a number, not 'x'"),
    "a text for a list": ({"names": "x"}, "names: it must be a list, not 'x'", "names of a form: it must be a list, not 'x'"),
    "a text for a table": ({"table": "x"}, "table: it must be a table, not 'x'", "table of a form: it must be a table, not 'x'"),
    "a text for a day": ({"day": "x"}, "day: it must be a date like 2026-05-04 without quotes, not 'x'", "day of a form: it must be a date like 2026-05-04 without quotes, not 'x'"),
    "none of the choices": ({"choice": "d"}, "choice: it must be 'a', 'b' or 'c', not 'd'", "choice of a form: it must be 'a', 'b' or 'c', not 'd'"),
    "what a check of ours refuses": ({"even": 3}, "even: 3 is odd", "even of a form: 3 is odd"),
    "an unknown setting": ({"colour": 1}, "unknown setting 'colour': linktrack init --example settings shows the ones there are", "a form has no setting 'colour': it has one, two"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_the_sentence(case: str) -> None:
    given, alone, owned = WRONG[case]
    with pytest.raises(ValidationError) as problem:
        Model.model_validate({"needed": "x", **given})
    (error,) = problem.value.errors()
    name = ".".join(map(str, error["loc"]))
    assert wrong_value(error, name) == alone
    assert wrong_value(error, name, owner="a form", known=["one", "two"]) == owned


def test_a_missing_setting() -> None:
    with pytest.raises(ValidationError) as problem:
        Model.model_validate({})
    (error,) = problem.value.errors()
    assert wrong_value(error, "needed") == "the setting 'needed' is missing"
    assert wrong_value(error, "needed", owner="a form") == "a form needs the setting 'needed'"
