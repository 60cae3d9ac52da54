"""The rating page as a client sees it: what is shown, what is kept, and who is kept out."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pyarrow.parquet as pq
import pytest

from tastemaker.about import Current, now_of
from tastemaker.errors import UserError
from tastemaker.marks import CONSENSUS, MARKS, Item, Mark, MarkStore, PairMark
from tastemaker.rating.app import LARGEST, is_ours, make_app
from tastemaker.rating.desk import PAGE_KEY, Progress, Reopened, pace
from tastemaker.rating.links import LINKS, Links, read_links, write_links
from tastemaker.rating.markup import rendered, too_large
from tastemaker.rating.pages import LONGEST, told
from tastemaker.rating.serve import address, hosts_of, is_loopback, open_desk, serve
from tastemaker.record import RECORD
from tastemaker.records import ReplyRow
from tastemaker.tables import REPLIES, read_table, reply_table, score_table, write_tables

FIRST = "clarity/ask-first"
QUESTIONS = [FIRST, "clarity/deadline", "honesty/invented-facts", "honesty/tone"]
OLD, NEW = "prompted-baseline", "zeta-candidate"
AGAIN = Reopened(eval="mail", scenario="s0", seed=1, arm=OLD, questions=(FIRST,))
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def single(n, rater="ana", arm=OLD, **fields):
    usual = dict(number=n, rater=rater, eval="mail", scenario=f"s{n}", seed=1, arm=arm)
    return Item(**(usual | fields))


def reply(n=0, arm=OLD):
    return "mail", f"s{n}", 1, arm


def marked(rater, value, **fields):
    usual = dict(eval="mail", scenario="s0", seed=1, arm=OLD, criterion=FIRST, rater=rater)
    return Mark(**(usual | {"value": value} | fields))


class Client(httpx.Client):
    """A rater's browser, as far as requests go."""

    def __init__(self, base):
        super().__init__(base_url=base, headers={"origin": base}, follow_redirects=True)

    def csrf(self, page):
        return re.search(r'data-csrf="([0-9a-f]+)"', page).group(1)

    def answer(self, url, question, answer, csrf=None, **more):
        csrf = csrf or self.csrf(self.get(url).text)
        posted = {"question": question, "answer": answer, **more}
        return self.post(url, json=posted, headers={"x-csrf-token": csrf})


@pytest.fixture
def room(rated, serving):
    """A run of three scenarios with a page for its raters."""

    class Room:
        def __init__(self):
            self.plan, self.logs = rated([(f"Old reply {n}", f"New reply {n}") for n in range(3)])
            self.store = MarkStore(self.logs / MARKS)
            self.clients = []

        def open(self, items, *, side_by_side=False, names=(), reopened=()):
            self.store.assign(items)
            desk, self.raters = open_desk(
                self.plan, self.logs, self.store, names, side_by_side, reopened
            )
            app = make_app(desk, cookie="rating-test", hosts=["localhost"], now=lambda: NOON)
            self.base = serving(app)
            return self

        @property
        def now(self):
            return now_of(json.loads((self.logs / RECORD).read_text()), self.logs)

        def about(self, question, **place):
            return self.now.about(reply(**place), question)

        def said(self, rater, value, **fields):
            """A mark about what there is now."""
            one = marked(rater, value, **fields)
            place = reply(n=one.scenario[1:], arm=one.arm)
            return replace(one, about=self.now.about(place, one.criterion))

        def client(self):
            client = Client(self.base)
            self.clients.append(client)
            return client

        def enter(self, rater):
            self.store.add_rater(rater, f"token-of-{rater}")
            client = self.client()
            client.get(f"/in/token-of-{rater}")
            return client

    made = Room()
    yield made
    for client in made.clients:
        client.close()


# What is shown -----------------------------------------------------------------------------------


def test_a_page_shows_the_prompt_the_reply_and_the_judged_questions_alone(room):
    page = room.open([single(0)]).enter("ana").get("/").text

    assert "Ask Dana for invoice 0" in page
    assert "Old reply 0" in page
    assert "New reply 0" not in page
    assert re.findall(r'data-question="([^"]+)"', page) == QUESTIONS
    assert "A greeting does not count as a sentence." in page
    assert re.findall(r"<dt>(Met|Not met)</dt>", page) == ["Met", "Not met"]


def test_levels_are_the_answers_of_a_criterion_that_has_them(room):
    page = room.open([single(0)]).enter("ana").get("/").text

    tone = page[page.index('data-question="honesty/tone"') :]
    assert re.findall(r'type="radio" name="q4" value="([^"]+)"', tone) == [
        *("cold", "fair", "warm"),
        "CANNOT_ASSESS",
    ]


def test_a_plan_of_all_criteria_has_people_answer_checks_too(room):
    room.store.say("criteria", "all")
    page = room.open([single(0)]).enter("ana").get("/").text

    assert re.findall(r'data-question="([^"]+)"', page) == [*QUESTIONS, "brevity/short"]
    assert "Does it pass the check words (max: 120)?" in page


def test_side_by_side_asks_about_the_whole_and_each_principle(room):
    page = room.open([single(0, other=NEW)], side_by_side=True).enter("ana").get("/").text

    assert re.findall(r'data-question="([^"]*)"', page) == ["", "clarity", "honesty", "brevity"]
    assert page.index("Old reply 0") < page.index("New reply 0")


def test_no_arm_and_no_experiment_is_named_in_pages_addresses_or_headers(room):
    items = [single(0), single(1, arm=NEW)]
    client = room.open(items).enter("ana")
    seen = []
    for name in (client.get("/"), client.get("/"), client.get("/in/token-of-ana")):
        seen += [name.text, str(name.url), str(name.headers)]
    for link in re.findall(r'data-after="(\w+)"', seen[0]):
        seen += [client.get(f"/item/{link}").text]
    seen.append(str(client.answer(str(client.get("/").url), FIRST, "MET").headers))
    said = "\n".join(seen)

    assert "New reply 1" in said
    for word in (OLD, NEW, "candidate", "baseline", "email-v11", "acted", "s0"):
        assert word not in said


def test_pages_of_two_raters_have_different_names(room):
    room.open([single(0), single(0, rater="ben")])
    urls = {str(room.enter(rater).get("/").url.path) for rater in ("ana", "ben")}

    assert len(urls) == 2


def test_what_an_arm_adds_to_the_conversation_is_not_shown(room):
    (room.logs.parents[1] / "rated.yaml").write_text(
        (room.logs.parents[1] / "rated.yaml")
        .read_text()
        .replace(
            "model: acted/old",
            "model: acted/old, few_shot: [{role: user, content: EXAMPLE}, "
            "{role: assistant, content: LIKE THIS}]",
        )
    )
    from tastemaker.experiment import load_experiment
    from tastemaker.record import frozen

    room.plan = load_experiment(room.logs.parents[1] / "rated.yaml")
    record = json.loads((room.logs / RECORD).read_text()) | frozen(room.plan)
    (room.logs / RECORD).write_text(json.dumps(record))
    said = [
        *({"role": "user", "text": "EXAMPLE"}, {"role": "assistant", "text": "LIKE THIS"}),
        {"role": "user", "text": "As our v11 template has it: Ask Dana"},
        {"role": "assistant", "text": "", "tool_calls": [{"name": "look", "arguments": {"n": 1}}]},
        {"role": "tool", "text": "42 invoices"},
        {"role": "assistant", "text": "Old reply 0"},
    ]
    rows = [ReplyRow(**row) for row in read_table(room.logs / REPLIES).to_pylist()]
    rows[0] = replace(rows[0], messages=json.dumps(said))
    write_tables(room.logs, score_table([]), reply_table(rows))
    page = room.open([single(0)]).enter("ana").get("/").text

    assert "EXAMPLE" not in page
    assert "LIKE THIS" not in page
    assert "template" not in page
    assert "Ask Dana for invoice 0, and keep it friendly." in page
    assert "look({&#34;n&#34;: 1})" in page
    assert "42 invoices" in page


# What is kept ------------------------------------------------------------------------------------


def test_a_mark_is_on_disk_when_the_answer_arrives(room):
    client = room.open([single(0)]).enter("ana")
    url = str(client.get("/").url)
    response = client.answer(url, FIRST, "UNMET", quote="Old reply", note="=1+1 späť")

    assert response.json() == {"saved": True}
    assert room.store.marks() == [
        Mark(
            eval="mail",
            scenario="s0",
            seed=1,
            arm=OLD,
            criterion=FIRST,
            rater="ana",
            value=0.0,
            quote="Old reply",
            note="=1+1 späť",
            made="2026-01-02T12:00:00Z",
            about=room.about(FIRST),
        )
    ]


@pytest.mark.parametrize(
    ("question", "answer", "value"),
    [
        (FIRST, "MET", 1.0),
        (FIRST, "CANNOT_ASSESS", None),
        # Undesirable criteria are kept as asked: met is 1.
        ("honesty/invented-facts", "MET", 1.0),
        ("honesty/tone", "fair", 0.5),
        ("honesty/tone", "cold", 0.0),
    ],
)
def test_an_answer_is_kept_as_its_value_and_shown_again_after_a_reload(
    room, question, answer, value
):
    client = room.open([single(0)]).enter("ana")
    url = str(client.get("/").url)
    client.answer(url, question, answer)

    assert [mark.value for mark in room.store.marks()] == [value]
    checked = re.findall(r'value="(\w+)"[^>]* checked', client.get(url).text)
    assert checked == [answer]


def test_an_answer_can_be_changed_and_taken_back(room):
    client = room.open([single(0)]).enter("ana")
    url = str(client.get("/").url)
    client.answer(url, FIRST, "MET")
    client.answer(url, FIRST, "UNMET")

    assert [mark.value for mark in room.store.marks()] == [0.0]
    client.answer(url, FIRST, None)
    assert room.store.marks() == []
    assert " checked" not in re.sub("<dialog.*", "", client.get(url).text, flags=re.DOTALL)


@pytest.mark.parametrize(("answer", "kept"), [("a", "a"), ("tie", "tie"), ("CANNOT_ASSESS", None)])
def test_a_preference_is_kept_with_the_order_in_which_it_was_shown(room, answer, kept):
    client = room.open([single(0, arm=NEW, other=OLD)], side_by_side=True).enter("ana")
    url = str(client.get("/").url)
    client.answer(url, "", answer)
    client.answer(url, "clarity", "b", note="shorter")

    assert room.store.pairs() == [
        PairMark(
            eval="mail",
            scenario="s0",
            seed=1,
            first=NEW,
            second=OLD,
            principle=principle,
            rater="ana",
            preference=preference,
            note=note,
            made="2026-01-02T12:00:00Z",
            about=room.now.about_pair(reply(arm=NEW), reply(), principle),
        )
        for principle, preference, note in (("", kept, ""), ("clarity", "b", "shorter"))
    ]


def test_a_rater_resumes_at_the_first_item_with_an_open_question(room):
    client = room.open([single(0), single(1), single(2)]).enter("ana")
    first = client.get("/")
    for question in QUESTIONS[:3]:
        client.answer(str(first.url), question, "MET")
    assert client.get("/").url == first.url

    client.answer(str(first.url), QUESTIONS[3], "warm")
    second = client.get("/")
    assert "Old reply 1" in second.text
    assert "1 of 3 done" in second.text
    room.store.put(
        room.said("ana", 1.0, scenario=f"s{n}", criterion=question)
        for n in (1, 2)
        for question in QUESTIONS
        if question != "honesty/tone"
    )
    tones = [room.said("ana", 0.5, scenario=f"s{n}", criterion="honesty/tone") for n in (1, 2)]
    room.store.put(tones)
    assert "All done" in client.get("/").text


@pytest.mark.parametrize(
    "posted",
    [
        {"question": "clarity/nothing", "answer": "MET"},
        {"question": FIRST, "answer": "warm"},
        {"question": "clarity", "answer": "a"},
    ],
)
def test_what_is_not_asked_is_not_kept(room, posted):
    client = room.open([single(0)]).enter("ana")
    response = client.answer(str(client.get("/").url), **posted)

    assert response.status_code == 404
    assert room.store.marks() == []


def replaced(room, text):
    """Another run has put another reply of the baseline to s0 there."""
    rows = [ReplyRow(**row) for row in read_table(room.logs / REPLIES).to_pylist()]
    rows = [replace(row, reply=text) if row.reply == "Old reply 0" else row for row in rows]
    write_tables(room.logs, score_table([]), reply_table(rows))


def test_an_answer_is_about_what_the_page_showed_though_the_run_has_another_reply_by_now(room):
    client = room.open([single(0)]).enter("ana")
    url, shown = str(client.get("/").url), room.about(FIRST)
    replaced(room, "A new reply")
    client.answer(url, FIRST, "MET")

    (mark,) = room.store.marks()
    assert mark.about == shown != room.about(FIRST)
    assert Current(room.store, room.now).marks() == []


def test_a_page_left_open_while_the_reply_changes_answers_nothing_about_the_new_one(room):
    client = room.open([single(0), single(1)]).enter("ana")
    left_open = client.get("/")
    for question in QUESTIONS:
        client.answer(str(left_open.url), question, "CANNOT_ASSESS")
    assert "1 of 2 done" in client.get("/").text
    replaced(room, "A new reply")
    client = room.open([single(0), single(1)]).enter("ana")
    now = client.get("/")

    assert "A new reply" in now.text
    assert "0 of 2 done" in now.text
    assert not re.search(r'value="\w+"[^>]* checked', now.text)
    posted = {"question": FIRST, "answer": "UNMET"}
    csrf = {"x-csrf-token": client.csrf(left_open.text)}
    assert client.post(left_open.url.path, json=posted, headers=csrf).status_code == 404
    assert {mark.value for mark in room.store.marks()} == {None}


def test_a_preference_is_about_both_replies(room):
    items = [single(0, arm=NEW, other=OLD)]
    client = room.open(items, side_by_side=True).enter("ana")
    client.answer(str(client.get("/").url), "", "a")
    assert len(Current(room.store, room.now).pairs()) == 1
    replaced(room, "A new reply")

    assert Current(room.store, room.now).pairs() == []
    client = room.open(items, side_by_side=True).enter("ana")
    assert not re.search(r'value="\w+"[^>]* checked', client.get("/").text)


def test_replies_that_were_edited_are_shown_to_nobody(room):
    table = read_table(room.logs / REPLIES)
    place = table.schema.get_field_index("reply")
    edited = [f"{text}!" for text in table["reply"].to_pylist()]
    pq.write_table(table.set_column(place, "reply", [edited]), room.logs / REPLIES)

    with pytest.raises(UserError, match=r"replies\.parquet: was edited after it was written"):
        room.open([single(0)])


# Agreeing ----------------------------------------------------------------------------------------


def test_adjudication_shows_both_marks_without_names_and_keeps_the_agreed_one_beside_them(room):
    room.store.put([room.said("ana", 1.0, quote="Old", note="clear"), room.said("ben", 0.0)])
    client = room.open([], names=["cleo"], reopened=[AGAIN]).enter("cleo")
    page = client.get("/")

    assert re.findall(r'data-question="([^"]+)"', page.text) == [FIRST]
    said = re.findall(r"<b>([AB])</b> (Met|Not met)", page.text)
    assert sorted(letter for letter, _ in said) == ["A", "B"]
    assert sorted(answer for _, answer in said) == ["Met", "Not met"]
    assert "<q>Old</q>" in page.text
    assert not re.search(r"\b(ana|ben)\b", page.text)
    client.answer(str(page.url), FIRST, "MET")
    assert [(mark.rater, mark.value) for mark in room.store.marks()] == [
        *(("ana", 1.0), ("ben", 0.0), (CONSENSUS, 1.0)),
    ]
    assert "All done" in client.get("/").text


def test_adjudication_of_a_pair_turns_what_was_said_of_the_other_order(room):
    pair = dict(eval="mail", scenario="s0", seed=1)
    about = room.now.about_pair(reply(), reply(arm=NEW), "")
    room.store.put_pairs(
        [
            PairMark(**pair, first=OLD, second=NEW, rater="ana", preference="a", about=about),
            PairMark(**pair, first=NEW, second=OLD, rater="ben", preference="a", about=about),
        ]
    )
    again = [Reopened(**pair, arm=OLD, other=NEW, questions=("",))]
    client = room.open([], side_by_side=True, names=["cleo"], reopened=again).enter("cleo")
    page = client.get("/").text

    assert sorted(re.findall(r"<b>[AB]</b> (Reply \d)", page)) == ["Reply 1", "Reply 2"]


def test_somebody_who_does_not_adjudicate_has_no_page_there(room):
    client = room.open([single(0)], names=["cleo"], reopened=[AGAIN]).enter("ana")

    assert client.get("/").status_code == 403


# Who is kept out ---------------------------------------------------------------------------------


def test_without_a_link_there_is_nothing_to_see(room):
    room.open([single(0)])
    client = room.client()

    assert client.get("/").status_code == 403
    assert client.get("/in/guess").status_code == 403
    assert client.get("/item/x").status_code == 403
    assert client.post("/item/x", json={"question": FIRST, "answer": "MET"}).status_code == 403
    assert "Old reply" not in client.get("/").text


def test_the_link_sets_a_cookie_that_scripts_and_other_sites_cannot_use(room):
    room.open([single(0)]).store.add_rater("ana", "secret-of-ana")
    response = room.client().get("/in/secret-of-ana")
    cookie = response.headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert 'content="0;url=/"' in response.text
    assert "secret-of-ana" not in response.text


def test_links_can_be_shown_again_by_whoever_started_the_page_and_nobody_else(room):
    room.store.add_rater("ana", "secret-of-ana")
    room.store.add_rater("ben", "secret-of-ben")
    tokens = {"ana": "secret-of-ana", "ben": "secret-of-ben"}
    write_links(room.logs, Links(base="http://127.0.0.1:8765", tokens=tokens))
    found = read_links(room.logs, room.store)

    assert found.of("ana") == "http://127.0.0.1:8765/in/secret-of-ana"
    assert (room.logs / LINKS).stat().st_mode & 0o777 == 0o600
    room.store.add_rater("ben", "another")
    assert dict(read_links(room.logs, room.store).tokens) == {"ana": "secret-of-ana"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"base": 1, "tokens": 2}', "\udcff"])
def test_a_damaged_file_of_links_holds_none(room, text):
    (room.logs / LINKS).write_bytes(text.encode("utf-8", "surrogateescape"))

    assert read_links(room.logs, room.store) == Links()


def test_a_new_link_ends_the_one_before(room):
    client = room.open([single(0)]).enter("ana")
    assert client.get("/").status_code == 200
    room.store.add_rater("ana", "another")

    assert client.get("/").status_code == 403


def test_one_rater_cannot_see_or_change_what_another_says(room):
    room.open([single(0), single(1, rater="ben")])
    ana, ben = room.enter("ana"), room.enter("ben")
    url = str(ana.get("/").url)
    own = ben.csrf(ben.get("/").text)
    ana.answer(url, FIRST, "MET", note="between us")

    assert ben.get(url).status_code == 404
    assert "between us" not in ben.get("/").text
    for csrf in (own, ana.csrf(ana.get(url).text)):
        assert ben.answer(url, FIRST, "UNMET", csrf=csrf).status_code in (403, 404)
    assert [(mark.rater, mark.value) for mark in room.store.marks()] == [("ana", 1.0)]


@pytest.mark.parametrize("csrf", ["", "0" * 64, "é"])
def test_a_request_without_the_pages_token_changes_nothing(room, csrf):
    client = room.open([single(0)]).enter("ana")
    url = str(client.get("/").url)
    headers = {b"x-csrf-token": csrf.encode()}
    posted = {"question": FIRST, "answer": "MET"}

    assert client.post(url, json=posted, headers=headers).status_code == 403
    assert room.store.marks() == []


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", "http://127.0.0.1:1", "http://[", "http://]:x"]
)
def test_answers_from_other_sites_are_refused(room, origin):
    client = room.open([single(0)]).enter("ana")
    url = str(client.get("/").url)
    csrf = client.csrf(client.get(url).text)
    posted = {"question": FIRST, "answer": "MET"}
    response = client.post(url, json=posted, headers={"x-csrf-token": csrf, "origin": origin})

    assert response.status_code == 403
    assert room.store.marks() == []


def test_a_foreign_name_that_leads_here_shows_nothing(room):
    client = room.open([single(0)]).enter("ana")

    response = client.get("/", headers={"host": "evil.example"})
    assert response.status_code == 403
    assert "Old reply" not in response.text


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        *(("127.0.0.1:8000", True), ("localhost", True), ("LOCALHOST:1", True), ("[::1]:80", True)),
        *(("192.168.1.7:8000", True), ("evil.example", False), ("", False), ("[::1", False)),
        *(("localhost.evil.example", False), ("127.0.0.1.evil.example:8000", False)),
    ],
)
def test_a_name_is_ours_or_a_number(host, ours):
    assert is_ours(host, ["localhost"]) is ours


def test_too_large_a_request_is_refused_declared_or_not(room):
    client = room.open([single(0)]).enter("ana")
    url = str(client.get("/").url)
    whole = b"x" * (LARGEST + 1)

    assert client.post(url, content=whole).status_code == 413
    assert client.post(url, content=iter([whole[:LARGEST], whole[LARGEST:]])).status_code == 413
    assert client.post(url, content=b"x" * LARGEST).status_code == 400


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b'{"question": NaN, "answer": "MET"}',
        b'{"question": "clarity/ask-first", "answer": Infinity}',
        b'{"question": "clarity/ask-first", "answer": "MET", "note": "\\ud800"}',
        b'{"question": "\\udfff", "answer": "MET"}',
        b'{"question": "clarity/ask-first", "answer": "MET", "rater": "ben"}',
        b"[" * 60_000,
        b"1" * 60_000,
    ],
)
def test_what_the_page_could_not_have_sent_is_refused_in_words(room, content):
    client = room.open([single(0)]).enter("ana")
    url = str(client.get("/").url)
    headers = {"x-csrf-token": client.csrf(client.get(url).text)}
    headers["content-type"] = "application/json"
    response = client.post(url, content=content, headers=headers)

    assert response.status_code == 400
    assert room.store.marks() == []


def test_a_note_can_be_as_long_as_the_page_lets_it_be_and_no_longer(room):
    client = room.open([single(0)]).enter("ana")
    url = str(client.get("/").url)

    assert client.answer(url, FIRST, "MET", note="\N{GRINNING FACE}" * LONGEST).status_code == 200
    assert client.answer(url, FIRST, "MET", note="x" * (LONGEST + 1)).status_code == 400


def test_every_answer_carries_the_headers_that_keep_scripts_and_frames_out(room):
    client = room.open([single(0)]).enter("ana")
    pages = ["/", "/in/x", "/nothing", "/static/x/page.js", "/item/x"]
    foreign = client.get("/", headers={"host": "evil.example"})
    for response in [*map(client.get, pages), foreign]:
        policy = response.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_there_is_no_description_of_the_interface(room, path):
    assert room.open([single(0)]).enter("ana").get(path).status_code == 404


# Markdown of models ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**b** _i_ ~~s~~", "<p><strong>b</strong> <em>i</em> <s>s</s></p>\n"),
        ("# One", "<h3>One</h3>\n"),
        ("##### Five", "<h6>Five</h6>\n"),
        ("Best,\nAna", "<p>Best,<br>\nAna</p>\n"),
        ("<script>x()</script>", "<p>&lt;script&gt;x()&lt;/script&gt;</p>\n"),
        ("[a](http://x.example)", '<p><span class="link">a</span> '
         '<span class="address">(http://x.example)</span></p>\n'),
        ("<http://x.example>", '<p><span class="link">http://x.example</span></p>\n'),
        ("[a](javascript:x())", "<p>[a](javascript:x())</p>\n"),
        ("![cat](http://x.example/c.png)", '<p><span class="image">[image: cat]</span></p>\n'),
        ("![](http://x.example/c.png)",
         '<p><span class="image">[image: http://x.example/c.png]</span></p>\n'),
        ("```js\nlet a = '<b>';\n```", "<pre><code>let a = '&lt;b&gt;';\n</code></pre>\n"),
    ],
)  # fmt: skip
def test_markdown_becomes_harmless_elements(text, html):
    assert str(rendered(text)) == html


def test_a_table_keeps_its_alignment_without_a_style():
    html = str(rendered("| a |\n|--:|\n| 1 |"))

    assert '<td align="right">1</td>' in html
    assert "style" not in html


def table(columns, rows):
    head = f"|{'a|' * columns}\n|{'-|' * columns}\n"
    return head + f"|{'1|' * columns}\n" * rows


@pytest.mark.parametrize(
    "text",
    [
        "word " * 20_001,
        "[" * 5_001,
        table(50, 2_000),
        table(300, 0)
        + "1\n" * 300,  # short rows would be filled up: 90,000 cells of 1,500 characters
        "> " + table(300, 0).replace("\n", "\n> ") + "1\n> " * 300,
        "- " + table(300, 0).replace("\n", "\n  ") + "1\n  " * 300,
    ],
)
def test_what_would_take_long_to_format_is_shown_as_it_was_written(text):
    """A reply can ask for seconds of work; meanwhile nobody else would get their page."""
    assert too_large(text)
    assert rendered(text) == f"<pre>{text.replace('>', '&gt;')}</pre>"


@pytest.mark.parametrize(
    "text",
    [table(12, 100), "An ordinary sentence, of a long text. " * 2_600, "- **a** [b](c)\n" * 300],
)
def test_a_long_reply_is_formatted_all_the_same(text):
    assert not too_large(text)
    assert "<pre>" not in rendered(text)


def test_a_reply_that_is_not_formatted_says_so(room):
    replaced(room, table(50, 2_000))
    page = room.open([single(0)]).enter("ana").get("/").text

    assert "Too large to be formatted" in page
    assert "<td" not in page


HOSTILE = [
    '<img src=x onerror="x()">',
    "<svg/onload=x()>",
    "<iframe src=//x.example></iframe>",
    '[a](<x" onmouseover="x()>)',
    "![a](<x\" onerror=\"x()>)",
    '![" onerror="x()](y)',
    "[a](vbscript:x())",
    "[a](&#106;avascript:x())",
    "<a href='javascript:x()'>a</a>",
    "<style>@import '//x.example'</style>",
    "<<SCRIPT>x()//<</SCRIPT>",
    "[r]: javascript:x()\n\n[r]",
    "`</code><script>x()</script>`",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_no_element_of_a_reply_has_an_attribute_that_could_do_anything(text):
    tags = re.findall(r"<[^>]*>", str(rendered(text)))

    allowed = r'</?(p|em|code|pre|br|span)>|<span class="(link|address|image)">'
    assert [tag for tag in tags if not re.fullmatch(allowed, tag)] == []


# Progress and starting ---------------------------------------------------------------------------


def test_the_pace_is_the_median_without_breaks():
    """Gaps of 20, 30, 25 s and an hour: the hour is a break, the median of the others is 25."""
    times = [0, 20, 50, 75, 3675]
    made = [(NOON + timedelta(seconds=s)).isoformat() for s in times]

    assert pace(made) == 25.0
    assert pace(made[:3]) is None
    assert pace([*made, ""]) == 25.0


def test_progress_is_told_in_words():
    progress = Progress(done=34, total=120, seconds=25.0, open="x")

    assert told(progress) == "34 of 120 done, about 25 s each, 36 min left"
    assert told(replace(progress, seconds=None)) == "34 of 120 done"
    assert told(replace(progress, done=120)) == "120 of 120 done"


@pytest.mark.parametrize(
    ("items", "options", "message"),
    [
        ([], {}, "no plan says what to rate; make one with --plan"),
        ([single(0)], {"side_by_side": True}, "no pairs to rate side by side"),
        ([single(0, other=NEW)], {}, "the plan has pairs only"),
        ([single(0)], {"names": ["ann"]}, "nothing for a rater 'ann': did you mean 'ana'?"),
        ([single(0)], {"names": ["zoe"]}, "nothing for a rater 'zoe'; it has ana"),
        ([single(7)], {}, "the run has no such scenario"),
        ([single(0, seed=2)], {}, f"{OLD} has no reply"),
        ([single(0, eval="post")], {}, "post: the plan names it, and it has no rubric"),
        ([], {"reopened": [AGAIN]}, "say who adjudicates"),
        ([], {"reopened": [replace(AGAIN, questions=("clarity/x",))], "names": ["cleo"]},
         "nobody is asked 'clarity/x' about it"),
        ([], {"reopened": [AGAIN], "names": ["cleo"], "side_by_side": True},
         "what was reopened is of the other kind"),
        ([], {"reopened": [AGAIN], "names": [CONSENSUS]}, "agreed marks stand under it"),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_said(room, items, options, message):
    room.store.assign(items)
    usual = {"names": [], "side_by_side": False}

    with pytest.raises(UserError, match=re.escape(message)):
        serve(room.plan, room.logs, host="127.0.0.1", port=0, **(usual | options))


def test_a_scenario_without_a_judged_criterion_has_nothing_to_answer(room):
    (room.logs.parents[1] / "letters.yaml").write_text(
        "rubric: letters\nprinciples: {brevity: {criteria: {short: {check: words, "
        "with: {max: 120}}}}}\n"
    )
    from tastemaker.rubric import load_rubric

    record = json.loads((room.logs / RECORD).read_text())
    rubric = load_rubric(room.logs.parents[1] / "letters.yaml")
    record["evals"]["mail"]["rubric_hash"] = rubric.fingerprint
    (room.logs / RECORD).write_text(json.dumps(record))

    with pytest.raises(UserError, match="nothing for people to answer"):
        room.open([single(0)])


def test_a_port_that_is_taken_is_said(room):
    room.open([single(0)])
    port = int(room.base.rpartition(":")[2])

    with pytest.raises(UserError, match=rf"port {port}: .*choose another with --port"):
        serve(room.plan, room.logs, host="127.0.0.1", port=port, names=["ana"], side_by_side=False)


def test_page_names_stay_when_the_server_starts_again(room):
    before = room.open([single(0)]).enter("ana").get("/").url.path

    assert room.open([single(0)]).enter("ana").get("/").url.path == before
    assert len(room.store.said()[PAGE_KEY]) >= 40


def test_addresses_and_names_of_hosts():
    assert address("127.0.0.1", 80) == "http://127.0.0.1:80"
    assert address("::1", 80) == "http://[::1]:80"
    assert "0.0.0.0" not in address("0.0.0.0", 80)
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "x")] == [
        *(True, True, True, False, False)
    ]
    assert hosts_of("127.0.0.1") == {"localhost", "127.0.0.1"}
