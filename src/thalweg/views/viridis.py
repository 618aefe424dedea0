"""Viridis without a plotting library, for files that carry their own colors.

By Smith, van der Walt and Firing (2015), CC0; every fifth of its 256 colors, joined by lines.
"""

import numpy as np
from numpy.typing import ArrayLike

from thalweg.core.arrays import FloatArray

_HEX = (
    "440154 46085c 471063 481769 481d6f 482475 472a7a 46307e 453781 433d84 414287 3f4889 3d4e8a "
    "3a538b 38598c 355e8d 33638d 31688e 2e6d8e 2c718e 2a768e 297b8e 27808e 25848e 23898e 218e8d "
    "20928c 1f978b 1e9c89 1fa188 21a585 24aa83 28ae80 2eb37c 35b779 3dbc74 46c06f 50c46a 5ac864 "
    "65cb5e 70cf57 7cd250 89d548 95d840 a2da37 b0dd2f bddf26 cae11f d8e219 e5e419 f1e51d fde725 "
)
_RGB = np.array([list(bytes.fromhex(color)) for color in _HEX.split()]) / 255


def viridis(parts: ArrayLike) -> FloatArray:
    """Return sRGB colors (..., 3), 0 to 1, for parts (...) of the scale; outside it, its ends.

    >>> (255 * viridis([0.0, 1.0])).round().astype(int).tolist()
    [[68, 1, 84], [253, 231, 37]]
    """
    places = np.linspace(0, 1, len(_RGB))
    values = np.asarray(parts, dtype=np.float64)
    return np.stack([np.interp(values, places, channel) for channel in _RGB.T], axis=-1)
