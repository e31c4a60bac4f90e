import math

import pytest

from boundcalc.errors import InvalidInputError
from boundcalc.trainer import Entry, Estimates


@pytest.fixture
def record():
    return Estimates(
        (
            Entry("n", 100, "examples"),
            Entry("R_M", 0.1 + 0.2, "complexity", events=(("complexity", 0.05),)),
            Entry("kappa_M", math.pi, "constant", "estimated", "why", (("kappa", 0.01), ("complexity", 0.05))),
            Entry("kappa_worst", math.inf, "<b>worst</b>", symbol=False),
        ),
        "demo",
        {"rows": 3},
        {"gap": "unknown"},
    )


def test_values_hold_vocabulary_only(record):
    assert record.values == {"n": 100, "R_M": 0.1 + 0.2, "kappa_M": math.pi}
    assert isinstance(record.values["n"], int)


def test_json_is_lossless(record):
    again = Estimates.from_json(record.to_json())
    assert again == record
    assert again.values["R_M"] == 0.1 + 0.2
    assert math.isinf(again["kappa_worst"].value)


def test_shared_events_are_paid_once(record):
    assert record.delta_used() == pytest.approx(0.06)
    assert record.delta_used("R_M", "kappa_M") == pytest.approx(0.06)
    assert record.delta_used("n") == 0
    assert not record.certified
    assert record.only(["n", "R_M"]).certified


def test_unobservable_symbols_are_refused(record):
    for name in ("gamma", "Lhat_M", "Delta"):
        with pytest.raises(InvalidInputError, match="cannot be observed"):
            Entry(name, 0.0, "")
        with pytest.raises(InvalidInputError, match="cannot be observed"):
            record[name]
    with pytest.raises(InvalidInputError, match="not claimed: unknown"):
        record["gap"]
    with pytest.raises(KeyError):
        record["nonesuch"]


def test_bad_records():
    with pytest.raises(InvalidInputError, match="twice"):
        Estimates((Entry("n", 1, ""), Entry("n", 2, "")))
    with pytest.raises(InvalidInputError, match="status"):
        Entry("n", 1, "", "sure")
    for text, why in (
        ("{}", "it has no entry 'entries'"),
        ("not json", r"it is no JSON \(line 1, column 1\)"),
        ('{"entries": [{"name": "n"}]}', "it has no entry 'value'"),
        ("[]", "its entries are not of the kind expected"),
        ("3", "its entries are not of the kind expected"),
    ):
        with pytest.raises(InvalidInputError, match=f"not an estimates record: {why}$"):
            Estimates.from_json(text)


def test_pictures_for_people(record):
    assert "R_M" in str(record)
    assert "complexity: 0.05" in str(record)
    html = record._repr_html_()
    assert "<table>" in html
    assert "&lt;b&gt;" in html


def test_replace_keeps_the_order(record):
    changed = record.replace(Entry("n", 7, "fewer"), Entry("d_M", 2, "dimension"))
    assert [e.name for e in changed] == ["n", "R_M", "kappa_M", "kappa_worst", "d_M"]
    assert changed.values["n"] == 7
