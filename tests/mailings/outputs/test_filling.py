"""Filling merge tags: which stand in a mail, what refuses it, and that a value can leave neither its text nor its place."""

from __future__ import annotations

import json
import re
from email import message_from_bytes, policy

import pytest
from html5lib import parseFragment
from hypothesis import given, settings
from hypothesis import strategies as st
from tests_support import decoded

from linktrack.mailings.addresses import ReadingOptions, read_mail
from linktrack.mailings.compile import Compiled, PlacedSpan, compile_part
from linktrack.mailings.outputs.filling import prepare_filling, values_of
from linktrack.mailings.outputs.made_text import made_text
from linktrack.mailings.outputs.mail import Mail
from linktrack.mailings.outputs.mime import Message
from linktrack.mailings.outputs.ndjson import ndjson_maker
from linktrack.mailings.outputs.standing_tags import (
    CannotFill,
    StandingTag,
    check_fields,
    refuse_standing,
    standing_tags,
)
from linktrack.mailings.shipments import Recipient, Shipment, ShipmentSettings

BASE = "https://click.example.com"
TOKEN = "a2b3c4d5e6f7g2h3i4j5k6l7m2n3o4p5"
SHIPMENT = Shipment(1, "m", 1_777_885_200_000, False, 1, ShipmentSettings(BASE, "eml", 0, sender="asa@example.com"), 0)


def filled_mail(html: str, text: str | None = None, subject: str = "Hej", charset: str = "utf-8") -> Mail:
    parts = read_mail(html.encode(charset), None if text is None else text.encode(), ReadingOptions(BASE))
    placed: dict[str, list[PlacedSpan]] = {"html": [], "text": []}
    for spot in parts.addresses:
        if not spot.reason:
            placed[spot.part].append(PlacedSpan(f"abc{'defghijk'[spot.position]}", spot.start, spot.stop))
    plain: Compiled = (
        made_text(parts, placed["html"], BASE) if parts.text is None else compile_part(parts.text, placed["text"], BASE)
    )
    tags = standing_tags(parts, placed["html"], placed["text"], subject)
    filling = prepare_filling(parts, placed["html"], plain, tags, subject, BASE)
    compiled = compile_part(parts.html, placed["html"], BASE)
    return Mail("m", "", subject, compiled, plain, f"{BASE}/unsu/", 1, filling, tuple(tags))


def person(**fields: str) -> Recipient:
    return Recipient("10", fields.pop("email", "bo@example.com"), fields.pop("name", "Bo"), TOKEN, fields)


def html_for(html: str, charset: str = "utf-8", **fields: str) -> str:
    mail = filled_mail(html, charset=charset)
    assert mail.filling is not None
    return b"".join(mail.filling.html.joined(TOKEN.encode(charset), values_of(person(**fields)))).decode(charset)


def text_for(text: str, **fields: str) -> str:
    mail = filled_mail("", text)
    assert mail.filling is not None
    return b"".join(mail.filling.text.joined(TOKEN.encode(), values_of(person(**fields)))).decode()


EVIL = """<b> "x" 'y' & z=1 `"""
IN_HTML = {
    "text": ("<p>Hej {{ city }}!</p>", "<p>Hej &lt;b&gt; &quot;x&quot; &#x27;y&#x27; &amp; z=1 `!</p>"),
    "a quoted attribute": ('<img alt="{{city}}">', '<img alt="&lt;b&gt; &quot;x&quot; &#x27;y&#x27; &amp; z=1 `">'),
    "a value without quotes": (
        "<p title={{ city }} id=a>",
        '<p title="&lt;b&gt; &quot;x&quot; &#x27;y&#x27; &amp; z=1 `" id=a>',
    ),
    "a part of a value without quotes": (
        "<p title=a{{city}}>",
        "<p title=a&#60;b&#62;&#32;&#34;x&#34;&#32;&#39;y&#39;&#32;&#38;&#32;z&#61;1&#32;&#96;>",
    ),
    "three braces are escaped too": ("<p>{{{city}}}</p>", "<p>&lt;b&gt; &quot;x&quot; &#x27;y&#x27; &amp; z=1 `</p>"),
    "the query of an address that is not tracked": (
        '<a data-track=off href="https://a.example/?c={{ city }}&amp;d">x</a>',
        '<a data-track=off href="https://a.example/?c=%3Cb%3E%20%22x%22%20%27y%27%20%26%20z%3D1%20%60&amp;d">x</a>',
    ),
    "the path of an address": (
        "<img src=https://a.example/{{ city }}.png>",
        "<img src=https://a.example/%3Cb%3E%20%22x%22%20%27y%27%20%26%20z%3D1%20%60.png>",
    ),
    "an address for Outlook": (
        '<!--[if mso]><v:rect data-track=off href="https://a.example/?{{city}}"></v:rect><![endif]-->',
        '<!--[if mso]><v:rect data-track=off href="https://a.example/?%3Cb%3E%20%22x%22%20%27y%27%20%26%20z%3D1%20%60">'
        "</v:rect><![endif]-->",
    ),
}


@pytest.mark.parametrize("case", IN_HTML)
def test_a_value_is_escaped_as_its_place_in_the_html_needs_it(case: str) -> None:
    html, expected = IN_HTML[case]
    assert html_for(html, city=EVIL) == expected


def test_a_value_that_is_the_whole_address_stays_one() -> None:
    assert html_for('<a href="{{ site }}">x</a>', site="https://a.example/?a=1&b=2") == (
        '<a href="https://a.example/?a=1&amp;b=2">x</a>'
    )


def test_a_tracked_address_keeps_its_token_and_its_merge_tag_is_no_gap() -> None:
    written = html_for('{{name}} <a href="https://a.example/?c={{ city }}">{{ city }}</a>', city="Umeå")
    assert written == f'Bo <a href="{BASE}/abce/{TOKEN}">Umeå</a>'


NAMES = {
    "the column": ("{{ city }}", "Umeå"),
    "capitals": ("{{ CITY }}", "Umeå"),
    "a column with a blank": ("{{ first_name }} {{ First Name }}", "Åsa Åsa"),
    "contact.x": ("{{ contact.city }}", "Umeå"),
    "Mailchimp": ("*|CITY|*", "Umeå"),
    "SuperOffice": ("[[city]]", "Umeå"),
    "Mailgun": ("%recipient.city%", "Umeå"),
    "ERB and EJS": ("<%= city %>", "Umeå"),
    "id, e-mail and name": ("{{contact_id}} {{id}} {{email}} {{name}}", "10 10 bo@example.com Bo"),
    "no value": ("[{{ empty }}]", "[]"),
}


@pytest.mark.parametrize("case", NAMES)
def test_fields_are_named_as_in_targets(case: str) -> None:
    text, expected = NAMES[case]
    assert text_for(text, **{"city": "Umeå", "First Name": "Åsa", "empty": ""}) == expected


def test_text_gets_values_as_they_are_and_addresses_in_it_percent_encoded() -> None:
    text = "Hej {{ city }}. Se linktrack:x och https://t.example/{{ p }}?c={{ city }}."
    assert text_for(text, city="A & <B>", p="å/b").startswith("Hej A & <B>. Se ")
    assert text_for(text, city="A & <B>", p="å/b").endswith(" https://t.example/%C3%A5%2Fb?c=A%20%26%20%3CB%3E.")


def test_a_letter_that_the_encoding_has_not_is_a_reference_and_control_characters_go() -> None:
    html = '<meta charset="windows-1252"><p title="{{city}}">å {{city}}</p>'
    assert html_for(html, "cp1252", city="Łódź\0\x1b") == (
        '<meta charset="windows-1252"><p title="&#321;ód&#378;">å &#321;ód&#378;</p>'
    )
    assert html_for('<meta charset="iso-2022-jp"><p>日本 {{city}}</p>', "iso2022_jp", city="日本").endswith(
        "<p>日本 日本</p>"
    )
    assert html_for("<p>{{city}}</p>", "utf-16", city="日本") == "<p>日本</p>"


HERE = "<p>{tag}</p>"
THERE = '<img alt="{tag}" data-x=å>'
PLACES = {"text": HERE, "an attribute": THERE, "a comment of Outlook's": f"<!--[if mso]>{HERE}<![endif]-->"}
WRITINGS = [
    "{{%s}}",
    "{{ %s }}",
    "{{{%s}}}",
    "[[%s]]",
    "*|%s|*",
    "%%%%%s%%%%",
    "<%%= %s %%>",
    "${%s}",
    "%%recipient.%s%%",
]
COLUMNS = {
    "Förnamn": ("Förnamn", "FÖRNAMN", "fo\u0308rnamn", "F&ouml;rnamn", "F&#246;rnamn", "F&#xF6;rnamn"),
    "Intresseområden": ("Intresseområden", "Intresseomr&aring;den"),
    "fo\u0308dd_år": ("fo\u0308dd_år", "föddår"),
    "Säljare": ("Säljare", "S&auml;ljare"),
    "År": ("År", "år", "&Aring;r"),
    "Город": ("Город", "город"),
}


@pytest.mark.parametrize("charset", ["utf-8", "cp1252", "utf-16", "gb18030"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_of_any_language_is_filled_however_it_is_written(column: str, place: str, charset: str) -> None:
    head = "<meta charset=gb18030>" if charset == "gb18030" else ""
    for name in COLUMNS[column]:
        for writing in WRITINGS:
            frame = f"{head}<i>日本</i>{PLACES[place]}<p>é</p>"
            mail = frame.replace("日本", "é") if charset == "cp1252" else frame
            try:
                mail.replace("{tag}", name).encode(charset)
            except UnicodeEncodeError:
                continue
            html = mail.replace("{tag}", writing % name)
            check_fields(filled_mail(html, charset=charset).tags, [column])
            assert html_for(html, charset, **{column: "Åsa"}) == mail.replace("{tag}", "Åsa"), (name, writing)


def test_the_text_that_is_made_of_the_html_is_filled_as_the_html_is() -> None:
    mail = filled_mail(
        "<p>{{Förnamn}} {{ F&ouml;rnamn }} [[F&#246;rnamn]] %%&Aring;r%% {{&nbsp;Förnamn }}</p><img alt='{{F&ouml;rnamn}}'>"
    )
    assert mail.filling is not None
    written = b"".join(mail.filling.text.joined(b"", values_of(person(Förnamn="Åsa", År="26")))).decode()
    assert written.split() == ["Åsa", "Åsa", "Åsa", "26", "Åsa", "Åsa"]


SIGNS = [
    "E-post (arbete)",
    "Kund/ort",
    "R&D",
    "C++",
    "Kund.nr",
    "Ort:land",
    "ชื่อ",
    "नाम",
    "Vår kontakt (ID)",
    "Kundens\nort",
]


@pytest.mark.parametrize("column", SIGNS, ids=repr)
def test_a_column_with_signs_in_its_name_is_filled(column: str) -> None:
    html = f"<p>{{{{ {column.replace('&', '&amp;')} }}}}</p>"
    check_fields(filled_mail(html).tags, [column])
    assert html_for(html, **{column: "Åsa"}) == "<p>Åsa</p>"
    assert text_for(f"{{{{ {column} }}}}", **{column: "Åsa"}) == "Åsa"


def test_tags_behind_letters_of_many_bytes_stand_where_they_are_said_to() -> None:
    mail = filled_mail("<p>å日😀 {{Förnamn}} é</p>\n<p>ö[[Säljare]]%%År%%")
    assert [(tag.line, tag.column, tag.written) for tag in mail.tags] == [
        (1, 8, "{{Förnamn}}"),
        (2, 5, "[[Säljare]]"),
        (2, 16, "%%År%%"),
    ]


_values = st.text(st.sampled_from("ab <>\"'`=&;/\\\n\t-!?{}%#\0é日😀"), max_size=30)
_frames = st.sampled_from(
    ["<p>{{v}}</p>", '<p title="{{v}}">x</p>', "<p title='{{v}}'>x</p>", "<p title={{v}} id=b>x</p>", "<p title=a{{v}}b>x</p>",
     '<a href="https://a.example/{{v}}" data-track=off>x</a>', "<a href=https://a.example/{{v}} data-track=off>x</a>",
     "<!-- {{v}} --><p>x</p>", "<!--[if mso]><p title={{v}}>x</p><![endif]--><p>x</p>", "<style>a{b:{{v}}}</style><p>x</p>"]
)  # fmt: skip


@settings(max_examples=300)
@given(_frames, _values)
def test_no_value_changes_what_elements_and_attributes_there_are(frame: str, value: str) -> None:
    def shape(html: str) -> list[tuple[str, list[str]]]:
        return [(str(node.tag), sorted(node.attrib)) for node in parseFragment(html, treebuilder="etree").iter()]

    written = html_for(frame, v=value)
    assert shape(written) == shape(html_for(frame, v="x"))
    if frame.startswith("<p title") and "a{{v}}" not in frame:
        (element,) = parseFragment(written, treebuilder="etree")
        assert element.attrib["title"] == re.sub("\0", "", value)


@settings(max_examples=200)
@given(_values, _values.map(lambda value: value.replace("\n", "")))
def test_an_e_mail_and_a_row_read_back_as_the_filled_mail(value: str, subject: str) -> None:
    mail = filled_mail(
        f"<p>Hej {{{{v}}}}, {'x' * 70}{{{{v}}}}{{{{name}}}}</p>\r\n<a href='https://shop.example/{'y' * 60}'>z {{{{v}}}}</a>",
        "Hej {{v}}!\r\nFrom {{v}}\r\nhttps://shop.example/ {{v}}",
        "Om {{s}}",
    )
    row = person(v=value, s=subject)
    clean = value.replace("\0", "")
    lines = re.sub("\r\n|\r|\n", "\r\n", clean)
    maker = Message(mail, SHIPMENT)
    raw = b"".join(maker.buffers(row))
    read = message_from_bytes(raw, policy=policy.default)
    plain, html = read.iter_parts()
    assert [plain["Content-Type"].params["charset"], [key for key, _ in read.items()].count("Subject")] == ["utf-8", 1]
    assert decoded(plain).decode() == f"Hej {lines}!\r\nFrom {lines}\r\n{BASE}/abcf/{TOKEN} {lines}"
    (parsed,) = (json.loads(f"[{b''.join(ndjson_maker(mail)(row)).decode()}]"),)
    assert parsed[0]["text"] == f"Hej {clean}!\r\nFrom {clean}\r\n{BASE}/abcf/{TOKEN} {clean}"
    assert decoded(html).decode() == re.sub("\r\n|\r|\n", "\r\n", parsed[0]["html"])
    assert parsed[0]["subject"] == "Om " + subject.replace("\0", "")
    assert all(len(line) <= 76 for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))
    box = b"".join(maker.mbox_buffers(row))
    assert b"\r" not in box and not re.search(rb"\n>*From ", box.partition(b"\nFrom: ")[2])


FILLED = f"""\
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Bo=
: se https://a.example/=
Ume%C3%A5%0AVind=
 eller=20=
{BASE}/abcg/{TOKEN}=


--=
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<p>Hej=20=
Bo=
,=20=
Ume=C3=A5
Vind=
</p>
<a href=3D"=
{BASE}/abce/{TOKEN}=
">=
Bo=
</a>

--=--
"""


def test_a_filled_mail_line_by_line() -> None:
    mail = filled_mail(
        '<p>Hej {{ name }}, {{city}}</p>\n<a href="https://shop.example/x">{{name}}</a>\n',
        "{{name}}: se https://a.example/{{city}} eller https://shop.example/x\n",
        "Till {{ name }}",
    )
    maker, row = Message(mail, SHIPMENT), person(city="Umeå\nVind")
    raw, box = b"".join(maker.buffers(row)).decode(), b"".join(maker.mbox_buffers(row)).decode()
    assert "\r\nSubject: Till Bo\r\n" in raw
    assert box == f"From asa@example.com Mon May  4 09:00:00 2026\n{raw}\n".replace("\r\n", "\n")
    assert re.sub("--=_[0-9a-f]{24}", "--=", box).partition("\n\n--=\n")[2] == FILLED + "\n"


def test_a_mail_that_is_not_filled_is_joined_by_its_token_alone() -> None:
    mail = filled_mail('<p>{{ name }}</p><a href="https://shop.example/x">x</a>')
    assert mail.html.copy_for(TOKEN) == f'<p>{{{{ name }}}}</p><a href="{BASE}/abce/{TOKEN}">x</a>'.encode()


STANDING = '<p>Hej {{ name }}</p>\n<a href="https://a.example/?x={{ city }}">{% if a %}å{% endif %}</a>\n<a href="{{ bye }}">x</a>'


def test_the_tags_that_stand_in_a_mail_are_named_with_their_places() -> None:
    mail = filled_mail(STANDING, "Hej\n  {{ name }} https://a.example/?{{ city }}", "*|FNAME|*, läs")
    assert [(tag.part, tag.line, tag.column, tag.written) for tag in mail.tags] == [
        ("subject", 1, 1, "*|FNAME|*"),
        ("text", 2, 3, "{{ name }}"),
        ("html", 1, 8, "{{ name }}"),
        ("html", 2, 43, "{% if a %}"),
        ("html", 2, 54, "{% endif %}"),
        ("html", 3, 10, "{{ bye }}"),
    ]
    with pytest.raises(
        CannotFill, match=r"\*\|FNAME\|\* \(in the subject\).*line 2, column 3 of the text.*and 1 more: add --fill"
    ):
        refuse_standing(mail.tags)
    refuse_standing([])


UNFILLABLE = {
    "logic": ("<p>\n{% if x %}{{ name }}", "line 2, column 1\\) is logic"),
    "Handlebars' logic": ("<p>{{#if x}}", r"{{#if x}} \(line 1, column 4\) is logic"),
    "a filter": ("<p>{{ name | upper }}", r"{{ name \| upper }} \(line 1, column 4\) is more than a column's name"),
    "a function": ("<p>%%=v(@name)=%%", "is more than a column's name"),
    "an unknown column": ("<p>{{ nmae }}", r"{{ nmae }} \(line 1, column 4\) names no column"),
}


@pytest.mark.parametrize("case", UNFILLABLE)
def test_what_cannot_be_filled_is_refused_with_its_place(case: str) -> None:
    html, sentence = UNFILLABLE[case]
    with pytest.raises(CannotFill, match=sentence) as caught:
        check_fields(filled_mail(html).tags, ["City"])
    assert caught.value.exit_code == 3 and len(caught.value.tags) == 1


def test_columns_and_the_names_of_the_mapping_can_be_filled() -> None:
    tags: tuple[StandingTag, ...] = filled_mail(
        "<p>{{ name }}{{ First Name }}{{ email }}{{ id }}{{ contact.city }}"
    ).tags
    check_fields(tags, ["first_name", "City"])


@pytest.mark.parametrize("piece", ["<!--{{x}}", "{{x}}", "<a href='{{x}}", "<p {{x}}>", "<!--[if x]><p title={{x}}>"])
def test_hostile_mails_are_cut_in_linear_time(piece: str) -> None:
    """A reader that is quadratic would take minutes here."""
    html = "<p>" + piece * 20_000 + ("'>" if "'" in piece else "")
    parts = read_mail(html.encode(), None, ReadingOptions(BASE))
    tags = standing_tags(parts, [], [], "")
    assert prepare_filling(parts, [], compile_part(parts.html, [], BASE), tags, "", BASE).html.gaps
