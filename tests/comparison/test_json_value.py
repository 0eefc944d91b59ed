"""Values in JSON: strict JSON for whatever a row can hold."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest

from sameset.comparison.result import json_value


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, None),
        (True, True),
        (2**63, 2**63),
        (0.1, 0.1),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        ("<b>\n", "<b>\n"),
        (b"\x00\xff", "00ff"),
        (Decimal("5.00"), "5.00"),
        (dt.date(2024, 2, 29), "2024-02-29"),
        (dt.time(1, 2, 3, 4), "01:02:03.000004"),
        (dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "2024-01-01T00:00:00+00:00"),
        (dt.timedelta(days=1, seconds=1), "1 day, 0:00:01"),
        ([1, None, float("nan")], [1, None, "nan"]),
        ({"a": [b"\x01"]}, {"a": ["01"]}),
        ([("key", dt.date(2024, 1, 1))], [["key", "2024-01-01"]]),
    ],
    ids=repr,
)
def test_a_value_becomes_strict_json(value: Any, told: Any) -> None:
    assert json.loads(json.dumps(json_value(value), allow_nan=False)) == told
