"""Forms of teams."""

from django import forms

from podium.teams.names import LONGEST


class RenameForm(forms.Form):
    """Give a team another name; what is allowed in one, `team_rename` says."""

    name = forms.CharField(
        label="Name",
        max_length=LONGEST,
        help_text=f"Up to {LONGEST} characters. Boards show it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
