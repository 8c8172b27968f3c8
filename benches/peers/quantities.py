"""Which quantities compare.py asks for."""

import os


def is_wanted(quantity):
    """Whether the environment's QUANTITIES names it; all are wanted where there is no such variable."""
    return quantity in os.environ.get("QUANTITIES", quantity).split(",")
