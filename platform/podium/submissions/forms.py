"""The form of the submit page."""

from django import forms

from podium.submissions.kinds import TABLES


class SubmitForm(forms.Form):
    """A file and a note; and what the page sends along unseen."""

    file = forms.FileField(
        label="Predictions file",
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
    phase = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)
    once = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)  # the idempotency key
