"""Scoring of submissions against a reference: metrics, tables, and a process to do it in.

This package knows nothing of the site and may be used on its own::

    python -m scoring metrics
    python -m scoring score --metric auc --solution solution.csv --submission mine.csv
"""

__version__ = "0.1.0"
