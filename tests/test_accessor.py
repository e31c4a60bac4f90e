"""What a grid of values answers, before and after a file."""

import math

import numpy as np
import pytest
import xarray as xr

import boundcalc as bc
from boundcalc.errors import InvalidInputError

VALUES = {"L": 1, "C": 1, "R_M": 0.1, "gamma": 0, "eps_opt": 0}


@pytest.fixture(scope="module")
def grid():
    bound = bc.theorem("zhou2026.risk_gap").bound()
    return bound.evaluate(n=[100, 1000, 10_000], delta=[0.05, 0.1, 1e-6], **VALUES)


def test_first_is_the_value_from_which_on_the_target_is_kept(grid):
    for target in (0.4, 0.45, 0.5, 0.6, 0.74, 3.0, 0.01):
        found = grid.boundcalc.first(target)
        for delta, answer in zip(grid.delta.values, found.values, strict=True):
            kept = [n for n in grid.n.values if (grid.sel(delta=delta, n=slice(n, None)) <= target).all()]
            assert (math.isnan(answer) and not kept) or answer == min(kept)
    assert found.dims == ("delta",)


def test_a_bound_that_rises_again_is_not_kept_before_it(grid):
    grid = xr.DataArray([0.1, 0.9, 0.2], {"n": [1, 2, 3]}, attrs={"relation": "<="})
    assert grid.boundcalc.first(0.5) == 3
    lower = xr.DataArray([0.1, 0.9, 0.2], {"n": [1, 2, 3]}, attrs={"relation": ">="})
    assert np.isnan(lower.boundcalc.first(0.5))
    assert lower.boundcalc.first(0.15) == 2


def test_bad_questions_are_refused(grid):
    with pytest.raises(InvalidInputError, match="target = nan must be a finite number"):
        grid.boundcalc.first(math.nan)
    with pytest.raises(InvalidInputError, match="dim = 'x' is none of the axes: n, delta"):
        grid.boundcalc.first(0.5, dim="x")
    with pytest.raises(InvalidInputError, match="dim = 'delta': its values must rise"):
        grid.boundcalc.first(0.5, dim="delta")
    with pytest.raises((AttributeError, RuntimeError)):
        xr.DataArray([1.0]).boundcalc  # noqa: B018


def test_a_grid_survives_netcdf(grid, tmp_path):
    grid.to_netcdf(tmp_path / "grid.nc", engine="scipy")
    copy = xr.load_dataarray(tmp_path / "grid.nc", engine="scipy")
    xr.testing.assert_equal(copy, grid)
    assert copy.attrs == grid.attrs
    assert copy.boundcalc.theorem.key == "zhou2026.risk_gap"
    xr.testing.assert_equal(copy.boundcalc.first(0.5), grid.boundcalc.first(0.5))


def test_a_grid_survives_zarr(grid, tmp_path):
    pytest.importorskip("zarr")
    grid.to_zarr(tmp_path / "grid.zarr", consolidated=False)
    xr.testing.assert_identical(
        xr.open_dataarray(tmp_path / "grid.zarr", engine="zarr", consolidated=False).load(), grid
    )


def test_it_draws_into_given_axes(grid, tmp_path):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    assert grid.boundcalc.draw(tmp_path / "grid.png", ax=axes) is axes
    assert len(axes.lines) == 3
    assert axes.get_xlabel() == "n"
    assert (tmp_path / "grid.png").stat().st_size > 0
