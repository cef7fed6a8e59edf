"""Answers heat map questions from the map's table."""

from solvers.tables import solve

__all__ = ["solve"]
