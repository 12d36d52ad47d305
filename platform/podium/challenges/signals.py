"""What a challenge tells those above it, inside the transaction of the act itself."""

from django.dispatch import Signal

challenge_joined = Signal()  # challenge, user: a person accepted the rules for the first time
