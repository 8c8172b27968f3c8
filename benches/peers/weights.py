"""The source of weights for the peers' networks."""

import math


class Weights:
    """Returns the parts of a flat vector in their shapes, in the order of the requests."""

    def __init__(self, flat):
        self.flat, self.used = flat, 0

    def __call__(self, *shape):
        size = math.prod(shape)
        part = self.flat[self.used : self.used + size].reshape(shape)
        self.used += size
        return part
