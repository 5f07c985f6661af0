"""Charts: well-formed, within their frame, and never a word of a stranger as markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linktrack.reports.charts import (
    Bar,
    ChartTexts,
    Estimate,
    HourColumn,
    MostInAnHour,
    Segment,
    Tick,
    bar_chart,
    estimate_chart,
    hours_chart,
    round_ticks,
    week_chart,
)
from linktrack.visible import visible

TEXTS = ChartTexts("one", "A title <b>", 'Its "description" & more')
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1)
SHARES = st.floats(0, 1)
SPACE = "{http://www.w3.org/1999/xhtml}"
PLACES = ("x", "x1", "x2", "cx", "width")


def drawn(svg: str) -> Element:
    """A chart as XML, once it is known to be what every chart is."""
    root = fromstring(svg)
    assert (root.tag, root.get("role"), root.get("width")) == ("svg", "img", "100%")
    assert [root[0].tag, root[0].text] == ["title", TEXTS.title]
    assert [root[1].tag, root[1].text] == ["desc", TEXTS.description]
    assert root.get("aria-labelledby") == f"{root[0].get('id')} {root[1].get('id')}"
    return root


def percents(root: Element) -> Iterator[float]:
    for shape in root.iter():
        yield from (float((shape.get(place) or "0").rstrip("%")) for place in PLACES if shape.tag != "svg")


def labels(root: Element) -> list[str | None]:
    return [label.text for label in root.iter(f"{SPACE}div")]


@given(st.lists(st.tuples(WORDS, SHARES, SHARES), min_size=1, max_size=8))
def test_bars_lie_within_the_chart_one_below_the_other(rows: list[tuple[str, float, float]]) -> None:
    bars = [
        Bar(label, "1", (Segment(0, first, "people", label), Segment(first, (1 - first) * part, "machines")))
        for label, first, part in rows
    ]
    root = drawn(bar_chart(TEXTS, bars))
    assert labels(root) == [visible(label) for label, _, _ in rows]
    assert all(0 <= one <= 100.5 for one in percents(root))
    tops = [float(one.get("y") or 0) for one in root.iter("rect") if one.get("class") == "track"]
    assert tops == sorted(set(tops))
    assert tops[-1] < float(root.get("height") or 0)
    assert "<script" not in bar_chart(TEXTS, [Bar("<script>", "<script>", (), "<script>")])


def test_no_text_turns_a_line_round_and_letters_of_any_script_stay() -> None:
    name = "a\u202eb\x07 نجوى"
    shown = "a\\u202eb\\x07 نجوى"
    texts = ChartTexts("one", name, name)
    for svg in (
        bar_chart(texts, [Bar(name, name, (Segment(0, 1, "people", name),), name)]),
        estimate_chart(texts, [Estimate(name, name, 0.1, 0.2, 0.3)], [Tick(0.5, name)], low=0, high=1),
        hours_chart(texts, [HourColumn(1, 1, name)], hours=[Tick(0, name)], most=MostInAnHour(name, name)),
        week_chart(texts, {(1, 0): 1}, [name] * 7, {(1, 0): name}),
    ):
        found = [text for text in fromstring(svg).itertext() if text.strip() and not text.isdigit()]
        assert len(found) >= 4 and set(found) == {shown}


def test_a_bar_of_nothing_is_not_drawn_and_one_of_little_is_seen() -> None:
    bars = [Bar("a", "0", (Segment(0, 0, "people"),)), Bar("b", "1", (Segment(0, 0.00001, "people"),))]
    widths = [one.get("width") for one in drawn(bar_chart(TEXTS, bars)).iter("rect") if one.get("class") == "people"]
    assert widths == ["0.3%"]


def test_a_group_has_its_name_once() -> None:
    bars = [Bar("a", "1", (), "first"), Bar("b", "1", (), "first"), Bar("c", "1", (), "second")]
    assert labels(drawn(bar_chart(TEXTS, bars))) == ["first", "a", "b", "second", "c"]


@given(st.floats(-0.9, 0.9), st.floats(0.001, 0.1))
def test_a_point_lies_in_its_interval(value: float, half: float) -> None:
    estimates = [Estimate("a", "1", value - half, value, value + half), Estimate("b", "", None, None, None)]
    root = drawn(estimate_chart(TEXTS, estimates, [Tick(0.5, "0")], low=-1, high=1))
    (point,) = root.iter("circle")
    (interval,) = (one for one in root.iter("rect") if one.get("class") == "interval")
    left, width = (float(str(interval.get(name)).rstrip("%")) for name in ("x", "width"))
    assert left <= float(str(point.get("cx")).rstrip("%")) <= left + width + 0.01
    (zero,) = (one for one in root.iter("line") if one.get("class") == "zero")
    assert zero.get("x1") == "50%"


@pytest.mark.parametrize(("low", "high"), [(0, 0.4), (-0.4, -0.1)], ids=["from 0 on", "below 0"])
def test_there_is_a_line_at_0_only_where_0_lies_between(low: float, high: float) -> None:
    svg = estimate_chart(TEXTS, [Estimate("a", "1", low, low, high)], [], low=low, high=high)
    assert 'class="zero"' not in svg


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=48, max_size=48))
def test_the_highest_column_of_each_is_as_high_as_its_room(counts: list[tuple[int, int]]) -> None:
    columns = [HourColumn(people, machines) for people, machines in counts]
    root = drawn(hours_chart(TEXTS, columns, most=MostInAnHour("p", "m")))
    for look, room, most in (("people", 90, max(counts)[0]), ("machines", 40, max(one for _, one in counts))):
        heights = [float(str(one.get("height"))) for one in root.iter("rect") if one.get("class") == look]
        assert len(heights) == sum(1 for one in counts if one[look == "machines"])
        assert max(heights, default=room) == pytest.approx(room), (look, most)
    assert all(0 <= one <= 100 for one in percents(root))


def test_a_share_is_a_curve_that_ends_where_it_does() -> None:
    svg = hours_chart(TEXTS, [HourColumn(1, 0)] * 4, share=[0.5, 0.5, 0.75, 1], most=MostInAnHour("1", ""))
    assert 'd="M0 1L1 0.5L2 0.5L3 0.25L4 0"' in svg
    assert "median" not in svg


def test_a_week_has_168_fields_and_the_fullest_is_the_darkest() -> None:
    svg = week_chart(TEXTS, {(1, 0): 4, (7, 23): 1}, tuple("ABCDEFG"), {(1, 0): "four <"})
    root = drawn(svg)
    assert len(list(root.iter("rect"))) == 7 * 24
    assert [one.get("fill-opacity") for one in root.iter("rect") if one.get("class") == "people"] == ["1", "0.5"]
    assert re.findall(r"<title>(.*?)</title>", svg) == ["four &lt;"]


@given(st.floats(0.0001, 1), st.integers(3, 6))
def test_ticks_are_few_and_round_and_reach_nearly_to_the_end(largest: float, most: int) -> None:
    ticks = round_ticks(largest, most)
    assert 2 <= len(ticks) <= most
    assert ticks[0] == 0
    assert largest / 2.5 <= ticks[-1] <= largest * 1.001
    step = ticks[1]
    assert re.fullmatch(r"[125]0*(\.0)?|0\.0*[125]|[125]e-\d+", f"{step:.10g}"), step


def test_nothing_has_one_tick() -> None:
    assert round_ticks(0) == [0]
