"""Templates: what is filled in, what is left alone, which combinations are drawn."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tastemaker.reading import Mark, Node, data
from tastemaker.template import combinations, fill, identifier, rendered, slug

VARS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.lists(st.text(max_size=3), min_size=1, max_size=4, unique=True),
    min_size=1,
)  # fmt: skip


def node(value):
    """A node of a plain value, all at one place."""
    here = Mark(1, 1)
    if isinstance(value, dict):
        value = {key: node(child) for key, child in value.items()}
    elif isinstance(value, list):
        value = [node(child) for child in value]
    return Node(value, here, here)


def test_only_named_fields_are_filled_in():
    text = '{who} {{who}} {who.__class__} {who!r} {who:>9} {0} {} { who } {"who": 1}'

    assert fill(text, {"who": "Ana"}) == (
        'Ana {who} {who.__class__} {who!r} {who:>9} {0} {} { who } {"who": 1}'
    )


def test_what_was_filled_in_is_not_looked_at_again():
    assert fill("{a}{b}", {"a": "{b}", "b": "{a}"}) == "{b}{a}"


def test_every_part_of_an_entry_is_filled_in_and_nothing_else():
    template = node(
        {
            "id": "x-{who}",
            "vars": {"who": ["{who}"]},
            "sample": 1,
            "prompt": "To {who}.",
            "labels": {"{who}": "{who}"},
            "messages": [{"content": "Hi {who}"}],
            "weight": 2,
        }
    )

    assert data(rendered(template, {"who": "Ana"})) == {
        "prompt": "To Ana.",
        "labels": {"{who}": "Ana"},
        "messages": [{"content": "Hi Ana"}],
        "weight": 2,
    }


def test_a_value_that_stands_alone_is_read_like_any_other():
    template = node({"expect": {"max": "{n}", "text": "{n} words", "no": "{{n}}"}})
    made = rendered(template, {"n": "5"})

    assert data(made) == {"expect": {"max": 5, "text": "5 words", "no": "{n}"}}


def test_an_id_names_the_values_that_tell_its_scenario_apart():
    vars = {"who": ["A Client", "Ana"], "tone": ["warm", "cool"], "only": ["one"]}
    values = {"who": "A Client", "tone": "warm", "only": "one"}

    assert identifier("ask-{who}-{tone}", values, vars) == "ask-a-client-warm"
    assert identifier("Ask {who}", values, vars) == "ask-a-client-warm"
    assert identifier("ask", values, vars) == "ask-a-client-warm"


@settings(deadline=None)
@given(st.text())
def test_a_slug_is_a_valid_id_or_empty(text):
    made = slug(text)

    assert made == "" or (
        made[0].isalnum() and set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    )


def test_without_a_sample_every_combination_is_made_in_its_written_order():
    made = combinations({"a": ["1", "2"], "b": ["x", "y"]}, None, seed=1)

    assert ["".join(values.values()) for values in made] == ["1x", "1y", "2x", "2y"]


@settings(deadline=None)
@given(VARS, st.data(), st.integers())
def test_a_sample_is_drawn_without_replacement_and_again_the_same(vars, draw, seed):
    every = combinations(vars, None, seed)
    sample = draw.draw(st.integers(1, len(every)))
    made = combinations(vars, sample, seed)

    assert len(made) == sample
    assert made == [values for values in every if values in made]
    assert made == combinations(vars, sample, seed)


@settings(deadline=None)
@given(VARS, st.data(), st.integers())
def test_a_larger_sample_keeps_the_smaller_one(vars, draw, seed):
    sample = draw.draw(st.integers(1, len(combinations(vars, None, seed))))
    larger = combinations(vars, sample + 1, seed)

    assert all(values in larger for values in combinations(vars, sample, seed))


def test_seeds_draw_different_samples():
    vars = {"a": [str(i) for i in range(30)]}
    drawn = {tuple(v["a"] for v in combinations(vars, 5, seed)) for seed in range(10)}

    assert len(drawn) == 10


def test_every_combination_is_drawn_about_equally_often():
    """2,000 seeds, 2 of 4 combinations each: 1,000 times each, with a deviation of 22."""
    counts = dict.fromkeys("wxyz", 0)
    for seed in range(2000):
        for values in combinations({"a": ["w", "x", "y", "z"]}, 2, seed):
            counts[values["a"]] += 1

    assert all(abs(count - 1000) < 110 for count in counts.values())
