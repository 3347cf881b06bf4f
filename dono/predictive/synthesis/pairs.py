"""How otherwise the columns of made rows hang together, two by two, than those of real rows."""

from __future__ import annotations

from torch import Tensor


def apart_in_pairs(made: Tensor, real: Tensor, classes: Tensor) -> Tensor:
    """The squared distance of the second moments of made and real rows, [rows, width] each, within each class [rows].

    The second moments of rows of zeros and ones are the shares of all pairs of categories, so that this is 0 where all
    of them, and with them the shares of single categories, are right. It is the maximum mean discrepancy with the
    kernel (x·y)² (Gretton et al. 2012, equation 3: without the terms of a row with itself, which would draw made rows
    together; Li et al. 2015 train generators by it). Made row i is asked for what real row i has. Summed over the
    classes by their share of rows, and divided by the square of a row's length.
    """
    apart = made.new_zeros(())
    length = (real**2).sum(1).mean()
    for one in classes.unique():
        of = classes == one
        many = int(of.sum())
        if many < 2:
            continue
        x, y = made[of], real[of]
        own = sum(((rows @ rows.T) ** 2).sum() - ((rows**2).sum(1) ** 2).sum() for rows in (x, y)) / (many * (many - 1))
        across = ((x @ y.T) ** 2).fill_diagonal_(0).sum() / (many * (many - 1))
        apart = apart + (own - 2 * across) * many / len(classes)
    return apart / length**2
