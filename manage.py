#!/usr/bin/env python3
"""Podium's command line: `uv run manage.py demo`, or `python3 manage.py demo` where uv is not installed.

This file and podium/bootstrap.py are read by whatever Python a machine has: they keep to what Python 3.6 understands.
"""

import os
import sys

if sys.version_info < (3, 6):
    sys.exit("Podium needs Python 3.11 or newer. Start it with: python3 manage.py " + " ".join(sys.argv[1:]))

ROOT = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(ROOT, "platform"), ROOT]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "podium.config.settings")

if __name__ == "__main__":
    from podium import bootstrap

    bootstrap.make_ready(ROOT, sys.argv)

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
