"""The same record is found in any format, and a format is told from what looks like it."""

import time

import pytest

from tastemaker.checks.fields import LONGEST, Unreadable, read, xml_value
from tastemaker.checks.registry import bind
from tastemaker.records import Reply

BILL = [{"vendor": "Olt & Sons", "due_date": "2026-03-04", "total": 1210.5}]
HOURS = [{"who": "Ines", "hours": 7.5}, {"who": "Bo", "hours": 3}]
TOWNS = [{"town": "Łódź"}, {"town": "Brno"}, {"town": "São Tomé"}]


def value(name, text, **arguments):
    return bind(name, arguments)(Reply(text=text)).value


SAID = [
    (BILL, '{"vendor": "Olt & Sons", "due_date": "2026-03-04", "total": 1210.50}'),
    (BILL, '{"invoice": {"Vendor": "olt & sons", "dueDate": "2026-03-04", "total": "1,210.50"}}'),
    (
        BILL,
        '```json\n{"vendor": "Olt & Sons", "due date": "2026-03-04", "total": 1210.5}\n```\nDone!',
    ),
    (
        BILL,
        "<bill><vendor>Olt &amp; Sons</vendor><due_date>2026-03-04</due_date>"
        "<total>1210.50</total></bill>",
    ),
    (BILL, '<bill vendor="Olt &amp; Sons" due-date="2026-03-04"><total>€1,210.50</total></bill>'),
    (
        BILL,
        "Here:\n<b><vendor>Olt &amp; Sons</vendor><due_date>2026-03-04</due_date>"
        "<total>1210.5</total></b>",
    ),
    (BILL, "vendor: Olt & Sons\ndue_date: 2026-03-04\ntotal: 1210.50"),
    (
        BILL,
        "# Invoice\n\n- **Vendor:** Olt & Sons\n- **Due date:** 2026-03-04\n- **Total:** €1,210.50",
    ),
    (BILL, "| vendor | due_date | total |\n|---|---|---|\n| Olt & Sons | 2026-03-04 | 1210.50 |"),
    (
        BILL,
        "| Field | Value |\n|---|---|\n| vendor | Olt & Sons |\n| due_date | 2026-03-04 |\n"
        "| total | 1.210,50 |",
    ),
    (BILL, "Olt & Sons; 2026-03-04; 1210.50"),
    (BILL, "Olt & Sons: 2026-03-04, 1210.50"),
    (BILL, "Olt & Sons - 2026-03-04; 1210.50"),
    (BILL, "vendor Olt & Sons\ndue date 2026-03-04\ntotal 1210.50"),
    (BILL, "vendor      due date    total\nOlt & Sons  2026-03-04  1210.50"),
    (HOURS, "Ines 7.5\nBo 3"),
    (HOURS, '[{"who": "Ines", "hours": 7.5}, {"who": "Bo", "hours": 3}]'),
    (HOURS, '{"people": [{"who": "Ines", "hours": "7.50"}, {"who": "Bo", "hours": 3.0}]}'),
    (
        HOURS,
        "<all><p><who>Ines</who><hours>7.5</hours></p><p><who>Bo</who><hours>3</hours></p></all>",
    ),
    (HOURS, '<all><p who="Ines">\n<hours>7.5</hours></p><p who="Bo"><hours>3</hours></p></all>'),
    (HOURS, "| who | hours |\n|:--|--:|\n| **Ines** | 7.5 |\n| Bo | 3 |"),
    (HOURS, "- **Ines**: 7.5\n- **Bo**: 3 h"),
    (HOURS, "### Ines\n- hours: 7.5\n\n### Bo\n- hours: 3"),
    (HOURS, "who: Ines, hours: 7.5\nwho: Bo, hours: 3"),
    (HOURS, "who: Ines\nhours: 7.5\n\nwho: Bo\nhours: 3"),
    (HOURS, "who, hours\nInes, 7.5\nBo, 3"),
    (HOURS, "hours, who\n7.5, Ines\n3, Bo"),
    (HOURS, "Ines - 7.5\nBo - 3"),
    (TOWNS, '["Łódź", "Brno", "São Tomé"]'),
    (TOWNS, '{"towns": ["Łódź", "Brno", "São Tomé"]}'),
    (TOWNS, "<towns><town>Łódź</town><town>Brno</town><town>São Tomé</town></towns>"),
    (TOWNS, "1. Łódź\n2. Brno\n3. São Tomé"),
    (TOWNS, "Here they are:\n\n- **Łódź**\n- Brno\n- São Tomé\n\nAnything else?"),
    (TOWNS, "Łódź\nBrno\nSão Tomé"),
    (TOWNS, "| Town |\n|---|\n| Łódź |\n| Brno |\n| São Tomé |"),
    (TOWNS, "town: Łódź\ntown: Brno\ntown: São Tomé"),
]


@pytest.mark.parametrize(("rows", "text"), SAID)
def test_the_same_content_is_found_in_any_format(rows, text):
    assert value("fields_say", text, rows=rows, ordered=True) == 1
    assert value("fields_named", text, rows=rows) == 1


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (BILL, '{"vendor": "Olt & Sons", "due_date": "2026-03-04", "total": 1210}'),
        (BILL, "vendor: Olt\ndue_date: 2026-03-04\ntotal: 1210.50"),
        (HOURS, "| who | hours |\n|---|---|\n| Ines | 3 |\n| Bo | 7.5 |"),
        (HOURS, '[{"who": "Ines", "hours": 7.5}]'),
        (HOURS, "Ines, 7.5\nBo, 3\nKim, 2"),  # one too many
        (TOWNS, "- Brno\n- Łódź\n- São Tomé"),  # another order
        (TOWNS, "Łódź, Brno and São Tomé are the towns you asked about."),
        (TOWNS, ""),
        (TOWNS, "\u200b"),
    ],
)
def test_wrong_content_is_wrong(rows, text):
    assert value("fields_say", text, rows=rows, ordered=True) == 0


def test_without_an_order_any_order_is_right():
    assert value("fields_say", "- São Tomé\n- Łódź\n- Brno", rows=TOWNS) == 1


def test_half_of_the_values_can_be_enough():
    half = "Ines, 7\nBo, 4"  # two of four

    assert value("fields_say", half, rows=HOURS, share=0.5) == 1
    assert value("fields_say", half, rows=HOURS, share=0.75) == 0


@pytest.mark.parametrize(
    "text",
    [
        '{"vendor": "Olt & Sons", "due_date": "2026-03-04"}',
        '{"vendor": "Olt & Sons", "due_date": "2026-03-04", "total": 1, "currency": "EUR"}',
        "- **Vendor:** Olt & Sons\n- **Due date:** 2026-03-04\n- **Total:** 1\n- **Note:** hm",
        "Vendor: Olt & Sons\nDue date: 2026-03-04\nTotal: 1\nNote: paid in cash",
        "Nothing to see.",
    ],
)
def test_fields_missing_or_too_many_are_seen(text):
    assert value("fields_named", text, rows=BILL) == 0


FORMATS = {
    "JSON": [
        '{"who": "Ines", "hours": 7.5}',
        '[{"who": "Ines", "hours": 7.5}]',
        '\n  {"who":"Ïnes 🐌","hours":7.5}\n',
    ],
    "XML": [
        "<r><who>Ines</who><hours>7.5</hours></r>",
        '<?xml version="1.0" encoding="UTF-8"?>\n<r><who>Ïnes</who><hours>7.5</hours></r>',
        '<r who="Ines" hours="7.5"/>',
    ],
    "Markdown": [
        "| who | hours |\n|---|---|\n| Ines | 7.5 |",
        "- **who:** Ines\n- **hours:** 7.5",
        "# Hours\n\n**who:** Ines\n**hours:** 7.5",
    ],
    "plain text": [
        "who: Ines\nhours: 7.5",
        "Ines, 7.5",
        "Ines: 7.5\nBo: 3",
    ],
}


@pytest.mark.parametrize(
    ("asked", "come", "text"),
    [(asked, come, text) for asked in FORMATS for come, texts in FORMATS.items() for text in texts],
)
def test_each_format_is_told_from_the_others(asked, come, text):
    assert value("in_format", text, format=asked, rows=HOURS) == (asked == come)


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("JSON", '```json\n{"who": "Ines", "hours": 7.5}\n```'),
        ("JSON", 'Here you go: {"who": "Ines", "hours": 7.5}'),
        ("JSON", '{"who": "Ines", "hours": 7.5,}'),
        ("JSON", '{"who": "Ines", "who": "Bo", "hours": NaN}'),
        ("JSON", "7.5"),
        ("JSON", ""),
        ("XML", "```xml\n<r><who>Ines</who></r>\n```"),
        ("XML", "<who>Ines</who><hours>7.5</hours>"),
        ("XML", "<r><who>Olt & Sons</who></r>"),
        ("XML", "Sure!\n<r><who>Ines</who></r>"),
        ("Markdown", "Here is the table:\n\n| who | hours |\n|---|---|\n| Ines | 7.5 |"),
        ("Markdown", "| who | hours |\n|---|---|\n| Ines | 7.5 |\n\nLet me know if you need more."),
        ("Markdown", "```markdown\n- **who:** Ines\n- **hours:** 7.5\n```"),
        ("plain text", "Here are the hours you asked for:\nwho: Ines\nhours: 7.5"),
        ("plain text", "who: **Ines**\nhours: 7.5"),
        ("plain text", "```\nwho: Ines\nhours: 7.5\n```"),
    ],
)
def test_what_stands_around_it_or_breaks_it_is_seen(format, text):
    assert value("in_format", text, format=format, rows=HOURS) == 0


def test_a_code_block_and_words_around_are_let_pass_where_said():
    fenced = '```json\n{"who": "Ines", "hours": 7.5}\n```'
    wordy = f"Here you are.\n\n{fenced}\n\nAnything else?"

    assert value("in_format", fenced, format="json", rows=HOURS, fenced=True) == 1
    assert value("in_format", wordy, format="json", rows=HOURS, fenced=True) == 0
    assert value("in_format", wordy, format="json", rows=HOURS, around=True) == 1
    assert value("in_format", f"So: {fenced[8:-4]}", format="json", rows=HOURS, around=True) == 1


BOMB = (
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefg", "bcdefgh", strict=True))
    + "]><r><who>&h;</who><hours>1</hours></r>"
)
OUTSIDE = '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/hostname">]><r><who>&f;</who></r>'


@pytest.mark.parametrize("text", [BOMB, OUTSIDE, "<!DOCTYPE r SYSTEM 'r.dtd'><r/>"])
def test_no_entity_is_expanded_or_fetched(text):
    with pytest.raises(Unreadable, match="document type"):
        xml_value(text)
    assert value("in_format", text, format="xml", rows=HOURS) == 0


@pytest.mark.parametrize(
    "text",
    [
        "<a>" * 5000 + "</a>" * 5000,
        "[" * 50_000 + "]" * 50_000,
        "<r>" + "<who/>" * 16_000 + "</r>",
        "who: " * 19_000,
        "| " * 49_000,
        "- " * 49_000,
        "**" * 49_000,
        "x" * (LONGEST + 1),
        "{" * 900 + "\n" * 90_000,
    ],
)
def test_large_and_deep_replies_are_read_in_a_moment(text):
    start = time.process_time()
    value("fields_say", text, rows=HOURS)
    value("in_format", text, format="xml", rows=HOURS)
    value("in_format", text, format="plain text", rows=HOURS)

    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    ("given", "wanted", "right"),
    [
        ("€ 12.50", 12.5, 1),
        ("12,50 €", 12.5, 1),
        ("1,210", 1210, 1),
        ("1 210", 1210, 1),
        ("-3", -3, 1),
        ("−3 °C", -3, 1),
        ("-$3.00", -3, 1),
        ("7.5", 7, 0),
        ("about 7", 8, 0),
        ("7 or 8", 7, 0),
        ("yes", True, 1),
        ("false", True, 0),
        ('"Brno."', "brno", 1),
        ("Brno", ["Brünn", "Brno"], 1),
        ("Brno-Sever", "Brno", 0),
    ],
)
def test_values_are_compared_as_what_they_are(given, wanted, right):
    text = f"a: {given}\nb: x"

    assert value("fields_say", text, rows=[{"a": wanted, "b": "x"}]) == right


@pytest.mark.parametrize(
    "text",
    [
        "Łódź, Brno, São Tomé",
        "town: Łódź, Brno, São Tomé",
        "Łódź → Brno → São Tomé",
        "town\nŁódź\nBrno\nSão Tomé",
        "In order: Łódź; Brno; São Tomé",
    ],
)
def test_items_of_one_field_stand_on_a_line_or_under_its_name(text):
    assert value("fields_say", text, rows=TOWNS, ordered=True) == 1
    alone = not text.startswith("In order")
    assert value("in_format", text, format="plain text", rows=TOWNS) == alone


@pytest.mark.parametrize(
    "text", ["There it is.\nInes 7.5\nBo 3", "Here they are:\nInes 7.5\nBo 3\nBye now!"]
)
def test_short_sentences_around_rows_are_no_rows(text):
    assert value("fields_say", text, rows=HOURS) == 1
    assert value("in_format", text, format="plain text", rows=HOURS) == 0


def test_a_heading_with_a_figure_at_its_end_is_one_name():
    rows = [{"item": "rope 10m", "total": 21.6}]
    assert value("fields_say", "## rope 10m\n\n- total: 21.60", rows=rows) == 1


def test_strays_are_the_lines_of_no_record():
    given = read("Hello there.\n\nwho: Ines\nhours: 7.5\n\nBye now.", ("who", "hours"))

    assert given.records == ({"who": "Ines", "hours": "7.5"},)
    assert given.strays == ("Hello there.", "Bye now.")
