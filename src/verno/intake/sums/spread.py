"""How what points pay is spread over a receipt's lines."""

from collections.abc import Sequence


def spread(paid: int, prices: Sequence[int]) -> list[int]:
    """Return each line's part of ``paid`` in proportion to its price; the parts add up to ``paid`` exactly.

    What the divisions leave over goes to the largest remainders, one minor unit each, ties by the lines' order. No
    part is larger than its price as long as ``paid`` is not larger than all of them together.
    """
    total = sum(prices)
    if not paid or not total:
        return [0] * len(prices)
    parts = [paid * price // total for price in prices]
    left = paid - sum(parts)
    if left:
        order = sorted(range(len(prices)), key=lambda i: (-(paid * prices[i] % total), i))
        for i in order[:left]:
            parts[i] += 1
    return parts
