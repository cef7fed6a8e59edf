"""Answers bar chart questions from the chart's table."""

from solvers.tables import solve

__all__ = ["solve"]
