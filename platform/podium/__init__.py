"""Podium: self-hosted machine-learning competitions."""

__version__ = "0.1.0"
