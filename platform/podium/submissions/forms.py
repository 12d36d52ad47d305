"""The form of the submit page."""

from django import forms

from podium.challenges.models import Phase
from podium.submissions.kinds import TABLES, endings_of, runs_code


class SubmitForm(forms.Form):
    """A file and a note; and what the page sends along unseen."""

    file = forms.FileField(
        label="File",
        allow_empty_file=True,  # judged like every other content: with a sentence of its own
        error_messages={"required": "Choose a file first."},
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(TABLES)}),
    )
    description = forms.CharField(
        label="Note to yourselves",
        help_text="Only your team and the hosts read it. Say what changed since the last one.",
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "e.g. dropped the hillshade columns"}),
    )
    trial = forms.BooleanField(
        label="Only try it on the sample",
        help_text="It costs nothing, has no score, and you see everything that it prints.",
        required=False,
    )
    phase = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)
    once = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)  # the idempotency key

    def fit(self, phase: Phase | None) -> None:
        """Offer what a phase takes: its endings, and the trial where there is a sample to try code on."""
        if phase is not None:
            self.fields["file"].widget.attrs["accept"] = ",".join(endings_of(phase))
        if phase is None or phase.sample_inputs_id is None or not runs_code(phase):
            del self.fields["trial"]
