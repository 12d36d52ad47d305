"""What accounts tell those above them, inside the transaction of the act itself."""

from django.dispatch import Signal

account_deleting = Signal()  # user: the account is about to be deleted; a receiver takes the person out of its own rows
