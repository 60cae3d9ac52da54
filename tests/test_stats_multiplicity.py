import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from tastemaker.stats.multiplicity import benjamini_hochberg, holm

FAMILY = [0.001, 0.008, 0.012, 0.03, 0.045, 0.2, 0.5]


def test_seven_p_values_by_hand():
    """STATS V5."""
    assert holm(FAMILY) == pytest.approx([0.007, 0.048, 0.06, 0.12, 0.135, 0.4, 0.5])
    assert benjamini_hochberg(FAMILY) == pytest.approx(
        [0.007, 0.028, 0.028, 0.0525, 0.063, 0.7 / 3, 0.5]
    )


@pytest.mark.parametrize("size", [1, 2, 7, 30])
def test_adjusted_p_values_are_those_of_statsmodels(size):
    """Rounded, so that some are equal."""
    p_values = np.random.default_rng(size).random(size).round(1)

    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])
    assert benjamini_hochberg(p_values) == pytest.approx(
        multipletests(p_values, method="fdr_bh")[1]
    )


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_what_was_not_tested_is_not_in_the_family(adjust):
    found = adjust([0.01, None, 0.02, float("nan")])

    assert found == pytest.approx([0.02, np.nan, 0.02, np.nan], nan_ok=True)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_an_empty_family_has_nothing_to_adjust(adjust):
    assert adjust([]).tolist() == []
    assert np.isnan(adjust([None])).all()


def test_a_p_value_outside_0_and_1_is_refused():
    with pytest.raises(ValueError, match="outside"):
        holm([0.5, 1.5])
