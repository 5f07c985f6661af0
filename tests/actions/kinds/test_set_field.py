"""Set field: what an action's value becomes in a cell, by the type of the field."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from actions.kinds.kind_world import make_desk, planned

from linktrack.actions.planned import Decision
from linktrack.errors import BadInput, CannotChange
from linktrack.links.actions import parse_action
from linktrack.settings.crm import CrmSettings

CRM: dict[str, Any] = {
    "contacts": {
        "fields": {
            "note": "Note",
            "score": {"column": "Score", "type": "number"},
            "price": {"column": "Price", "type": "number", "decimal": ","},
            "seen": {"column": "Seen", "type": "date"},
            "called": {"column": "Called", "type": "date", "format": "%d.%m.%Y"},
            "calls": {"column": "Calls", "type": "yes-no"},
            "ja": {"column": "Ja", "type": "yes-no", "yes": "Ja", "no": "Nej"},
            "level": {"column": "Level", "type": "list", "values": ["cold", "hot"]},
        }
    }
}

FITTING = {
    "a text": ("note", "hot", "hot"),
    "a text with placeholders": ("note", "{link.name} in {mailing.name}", "Yes please in spring"),
    "a text that only looks like a placeholder": ("note", '{"a": 1}', '{"a": 1}'),
    "an empty text empties the field": ("note", "", ""),
    "a number in a text field": ("note", 3, "3"),
    "true in a text field": ("note", True, "true"),
    "a field that the mapping does not know is a text": ("other", "x", "x"),
    "a whole number": ("score", 12, "12"),
    "a number with decimals": ("score", 12.50, "12.5"),
    "a number as text": ("score", "-0.5", "-0.5"),
    "a very large number": ("score", 1e20, "100000000000000000000"),
    "a number with the export's decimal comma": ("price", 12.5, "12,5"),
    "a number that has the comma already": ("price", "12,5", "12,5"),
    "no number at all": ("score", "", ""),
    "a date": ("seen", "2026-05-04", "2026-05-04"),
    "a date as TOML writes it": ("seen", date(2026, 5, 4), "2026-05-04"),
    "a date in the export's form": ("called", "2026-05-04", "04.05.2026"),
    "a date that has the form already": ("called", "04.05.2026", "04.05.2026"),
    "the date of the click": ("called", "{click.date}", "04.05.2026"),
    "yes": ("calls", True, "true"),
    "no": ("calls", "No", "false"),
    "yes in the export's word": ("ja", True, "Ja"),
    "no in the export's word": ("ja", "nej", "Nej"),
    "one of a list": ("level", "hot", "hot"),
}


@pytest.mark.parametrize("case", FITTING)
def test_a_value_that_fits_is_written_as_the_mapping_says(case: str) -> None:
    field, value, written = FITTING[case]
    action = {"type": "set-field", "field": field, "value": value}
    assert planned(action, make_desk(CRM)) == [Decision("set-field", field, "set", written)]


UNFIT = {
    "a word for a number": ("score", "many", "the field 'score' is a number: 'many' is not a number"),
    "infinity": ("score", "inf", "'inf' is not a number"),
    "true for a number": ("score", True, "'true' is not a number"),
    "a word for a date": ("seen", "soon", "'soon' is not a date like 2026-05-04"),
    "a day that is not in the calendar": ("seen", "2026-02-30", "'2026-02-30' is not a date"),
    "a word for yes or no": ("calls", "maybe", "'maybe' is neither yes nor no"),
    "a value outside the list": ("level", "warm", "'warm' is none of cold, hot"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_a_value_that_does_not_fit_is_refused_when_it_is_defined(case: str) -> None:
    field, value, sentence = UNFIT[case]
    with pytest.raises(BadInput) as problem:
        parse_action({"type": "set-field", "field": field, "value": value}, CrmSettings.model_validate(CRM))
    assert sentence in str(problem.value)


def test_a_filled_in_value_that_does_not_fit_is_refused_when_it_is_planned() -> None:
    action = {"type": "set-field", "field": "level", "value": "{contact.name}"}
    with pytest.raises(CannotChange, match="the field 'level' is a list: 'Karin Sjöström' is none of cold, hot"):
        planned(action, make_desk(CRM))
