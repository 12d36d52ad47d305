"""How sure a score is, and what follows for a board. Pure functions on numpy arrays; nothing here reads a file."""
