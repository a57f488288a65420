from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from dlbench.statistics.letters import compact_letters


def test_the_textbook_case():
    letters = compact_letters(["best", "middle", "worst"], [("worst", "best")])
    assert letters == {"best": "a", "middle": "ab", "worst": "b"}


def test_no_difference_is_one_letter_and_every_difference_one_each():
    assert compact_letters("xyz", []) == {"x": "a", "y": "a", "z": "a"}
    assert compact_letters("xyz", combinations("xyz", 2)) == {"x": "a", "y": "b", "z": "c"}


@given(st.integers(1, 7).flatmap(lambda n: st.sets(st.sampled_from([*combinations("abcdefg"[:n], 2), ("x", "y")]))))
def test_names_share_a_letter_exactly_where_no_difference_was_shown(different):
    names = "abcdefgxy"
    letters = compact_letters(names, different)
    assert all(letters.values())
    for pair in combinations(names, 2):
        shares = bool(set(letters[pair[0]]) & set(letters[pair[1]]))
        assert shares == (pair not in different)


def test_the_order_in_which_differences_are_listed_does_not_matter():
    pairs = [("a", "d"), ("b", "d"), ("a", "c")]
    assert compact_letters("abcd", pairs) == compact_letters("abcd", [(y, x) for x, y in reversed(pairs)])
