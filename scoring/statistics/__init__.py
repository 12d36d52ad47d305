"""How sure a score is, and what follows for a board.

Pure functions on numpy arrays; nothing here reads a file or knows what a submission is. Import from the modules, as in
``from scoring.statistics.steps import steps``: so a command that needs one interval does not wait for all the rest.

- one score: :mod:`~scoring.statistics.intervals`, :mod:`~scoring.statistics.delong` (AUC),
  :mod:`~scoring.statistics.bootstrap`, :mod:`~scoring.statistics.slices` (by group);
- two teams: :mod:`~scoring.statistics.comparisons`, :mod:`~scoring.statistics.small` (exact tests);
- a board: :mod:`~scoring.statistics.steps` (and rank ranges), :mod:`~scoring.statistics.rank_distribution`,
  :mod:`~scoring.statistics.aggregation` (several columns), :mod:`~scoring.statistics.optimism`,
  :mod:`~scoring.statistics.shakeup`;
- what a board gives away: :mod:`~scoring.statistics.leakage`, :mod:`~scoring.statistics.ladder`,
  :mod:`~scoring.statistics.assignment` (which rows are public), :mod:`~scoring.statistics.fingerprints` (copies),
  :mod:`~scoring.statistics.probing`.
"""
