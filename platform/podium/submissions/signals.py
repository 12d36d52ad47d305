"""What a submission tells those above it, inside the transaction of the act itself."""

from django.dispatch import Signal

submission_finished = Signal()  # submission: it has just reached scored, rejected, failed or cancelled
run_measured = Signal()  # submission: how sure its scores of one run are is known now
selection_changed = Signal()  # team, phase: the team's final submissions are others now
runs_queued = Signal()  # runs: those that were just written, and wait
