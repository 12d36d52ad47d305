"""The commands of ``python -m scoring``, one module each: ``add(commands)`` says what it takes, ``run`` does it."""
