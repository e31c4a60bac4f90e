"""The prover's own list, put to the kernel: nine in ten of its true claims are accepted, and none of its false ones."""

from __future__ import annotations

import pytest

from boundcalc.kernel import available
from tests.kernel.claims import FALSE, TRUE, ask

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available(), reason="coqc with Interval and Coquelicot is not installed"),
]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOUNDCALC_CACHE", str(tmp_path_factory.mktemp("kernel")))
        yield


def test_nine_in_ten_true_claims_are_accepted_and_none_is_refuted():
    files = [ask(claim) for claim in TRUE]
    assert not any(file.refuted for file in files)
    assert sum(file.accepted for file in files) >= 0.9 * len(TRUE)


@pytest.mark.parametrize("claim", FALSE, ids=str)
def test_false_twins_are_refused(claim):
    assert not ask(claim, seconds=20).accepted
