"""Forms of challenges."""

from typing import Any

from django import forms

from podium.challenges.models import Challenge, RulesVersion
from podium.challenges.selectors import current_rules


class JoinForm(forms.Form):
    """Accept the rules that one has read."""

    rules = forms.IntegerField(widget=forms.HiddenInput)  # the number of the version that stood above the button
    accept = forms.BooleanField(error_messages={"required": "Tick the box to accept the rules."})

    def __init__(self, *args: Any, challenge: Challenge, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.version: RulesVersion | None = current_rules(challenge)
        if self.version:
            self.fields["rules"].initial = self.version.number
            self.fields["accept"].label = f"I have read version {self.version.number} of the rules and accept it."

    def clean_rules(self) -> int:
        """Refuse to record a version that the person did not see."""
        number: int = self.cleaned_data["rules"]
        if self.version and number != self.version.number:
            raise forms.ValidationError(
                f"The rules changed while you read them. Version {self.version.number} holds now, and is shown here."
            )
        return number
