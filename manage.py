#!/usr/bin/env python3
"""Django's command line for this site."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "platform"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "podium.config.settings")

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
