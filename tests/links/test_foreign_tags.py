"""Merge tags of languages that nobody set up: found where they stand, and nothing else taken for one."""

from __future__ import annotations

import pytest

from linktrack.links.foreign_tags import foreign_tags, foreign_tags_in_url

TAGS = ["{contact.id}", "[subscriber:x]", "[subscriber:firstname | default:reader]", "[FIRST_NAME]", "###x###", "##NR##", "{$email}",
        "$[EMAIL]$", "~~x~~", "{firstname}", "[EMAIL]", "%FIRSTNAME%", "%unsubscribe_url%", "{contactfield=firstname|you}",
        "@@name@@", "!*Name*!", "{FIRST_NAME}", "[förnamn]", "{last name}"]  # fmt: skip
OF_A_QUERY = ["{id}", "[ID]", "%LISTID%", "#CODE#", "-user_id-"]


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_of_an_unknown_language_is_found_in_text_and_in_a_query(tag: str) -> None:
    text = f"Hej {tag}, å"
    assert [text[slice(*span)] for span in foreign_tags(text)] == [tag]
    url = f"https://a.example/x?a={tag}&b=2"
    assert [url[slice(*span)] for span in foreign_tags_in_url(url)] == [tag]


@pytest.mark.parametrize("tag", OF_A_QUERY)
def test_what_may_be_meant_otherwise_in_a_text_is_a_tag_in_a_query(tag: str) -> None:
    assert foreign_tags(f"Hej {tag}, å") == []
    for url in (f"https://a.example/x?a={tag}", f"https://a.example/?b=1&a={tag}&c#d"):
        assert [url[slice(*span)] for span in foreign_tags_in_url(url)] == [tag]


NONE = ["a [NYTT] {a} (b) 50% off 20%", "[1] {page=1} a{color:red}", "[if mso] [Läs mer]", "#news# ## x ## # 1", "x[NAME] y[0][EMAIL]",
        "{{ name }} *|EMAIL|* [[name]] %%name%% ${email} %recipient.email%", "Priset {se nedan} ~~ nu ~~", "a@@b", "{}", "100 % av 20 %"]  # fmt: skip


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_tag_in_a_text(text: str) -> None:
    assert foreign_tags(text) == []


QUERIES = ["?a[]=1&b[x]=2&c[NAME]=3", "?c=%20%AB%C3%A5%20", "?y=100%25%20", "?filter[name]=x", "?q={{ name }}&r=*|EMAIL|*&s=%%x%%",
           "?a=-1-2&b=-x", "?u=https://b.example/#top", "?ids=[1,2]", "?json={%22a%22:1}", "#{x}"]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_what_is_no_tag_in_a_query(query: str) -> None:
    assert foreign_tags_in_url("https://a.example/" + query) == []


def test_a_language_that_is_set_up_is_not_foreign() -> None:
    assert foreign_tags("##name## ###x###", [("##", "##")]) == []
    assert foreign_tags_in_url("https://a.example/?x=-name-", [("-", "-")]) == []


@pytest.mark.parametrize(
    "piece", ["{a.", "[aaa:", "~~a", "[A_", "%fi", "{$", "first", "###a", "$[a", "{", "[", "%", "a", "!*"]
)
def test_hostile_texts_are_read_in_linear_time(piece: str) -> None:
    """A reader that is quadratic would take minutes here."""
    foreign_tags(piece * 100_000)
    foreign_tags_in_url("https://a.example/?" + piece * 100_000)
