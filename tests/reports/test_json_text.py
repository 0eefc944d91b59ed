"""JSON for people's terminals: the same data, and no sign that acts on what shows it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sameset.reports.texts import UNPRINTABLE, json_text

SIGNS = "\x9b31m \x85 \u202e \u2028 \x7f \xa0 \ud800 \U000e0001 \x1b[31m\nGröße"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([SIGNS]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just(SIGNS), inner),
)


@given(VALUES)
def test_what_is_read_back_is_what_was_written_and_nothing_acts_on_a_terminal(data: object) -> None:
    written = json_text(data)
    assert json.loads(written) == data
    assert not UNPRINTABLE.search(written.replace("\n", ""))


def test_letters_stay_as_they_are() -> None:
    assert json_text({"Größe": "\x9b31m\n"}) == '{\n  "Größe": "\\u009b31m\\n"\n}\n'
