"""Models of other libraries: what the README says of scikit-learn, pytorch-metric-learning and sentence embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from boundcalc.certification import certify

rng = np.random.default_rng(0)
Y = rng.integers(0, 3, 120)
X = rng.normal(size=(120, 4)) + 3.0 * np.eye(3, 4)[Y]


def test_anything_with_transform():
    decomposition = pytest.importorskip("sklearn.decomposition")
    model = decomposition.PCA(n_components=2).fit(X[:40])
    found = certify(model=model, data=(X[40:], Y[40:]), threshold=8.0)
    given = certify(embeddings=model.transform(X[40:]), y=Y[40:], threshold=8.0)
    assert (found.value, found.error) == (given.value, given.error)


def test_a_network_is_a_callable():
    torch = pytest.importorskip("torch", reason="torch is not installed: `make test-align` installs the extra align")
    trunk = torch.nn.Linear(4, 4, dtype=torch.float64)
    found = certify(model=lambda rows: trunk(torch.as_tensor(rows)).detach().numpy(), data=(X, Y), threshold=1.0)
    weight, bias = (part.detach().numpy() for part in (trunk.weight, trunk.bias))
    assert found.error == pytest.approx(certify(embeddings=X @ weight.T + bias, y=Y, threshold=1.0).error)
    similar = torch.nn.functional.cosine_similarity(torch.as_tensor(X)[:, None], torch.as_tensor(X), dim=-1)
    scored = certify(scores=similar, y=Y, threshold=0.5)
    assert scored.value == pytest.approx(certify(embeddings=X, metric="cosine", y=Y, threshold=0.5).value, abs=1e-9)


def test_single_precision_vectors():
    vectors = X.astype(np.float32)
    found = certify(embeddings=vectors, metric="cosine", y=Y, threshold=0.4)
    assert found.value == pytest.approx(certify(embeddings=X, metric="cosine", y=Y, threshold=0.4).value, abs=1e-3)
