"""The quantities that compare.py requests."""

import os


def is_wanted(quantity):
    """Whether the environment variable QUANTITIES names it; all are selected if there is no such variable."""
    return quantity in os.environ.get("QUANTITIES", quantity).split(",")
