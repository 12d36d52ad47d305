"""The part of a phase's form at `/host/` that is about code: which kinds it takes, what runs them, what they read."""

from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings

from podium.challenges.labels import why_not
from podium.challenges.models import Dataset, DatasetVersion, Phase
from podium.submissions.kinds import CODE_KINDS, WHAT, runnable
from podium.submissions.models import Submission
from podium.submissions.opening import USUAL, specs_of
from scoring.environments import HERE, STANDARD, listed
from scoring.errors import HostError
from scoring.sandbox.jobs import MIB

PREDICTIONS = Submission.Kind.PREDICTIONS
LIMITS = {
    "limit_wall_s": ("wall_s", "Seconds", 1),
    "limit_cpus": ("cpus", "Cores", 1),
    "limit_memory_mb": ("memory_mb", "Memory, in MB", 1),
    "limit_pids": ("pids", "Processes and threads", 1),
    "limit_output_mb": ("output_bytes", "Output, in MB", MIB),
}
FIELDSET: tuple[str, Any] = (
    "Code",
    {
        "fields": (
            ("environment", "resource"),
            ("inputs", "sample_inputs"),
            "expects",
            "show_error_lines",
            tuple(LIMITS),
            "model",
            "stream",
        ),
        "description": "For phases that take code, notebooks or models. They run in a sandbox without "
        "network, read the inputs, and never see a label.",
    },
)


def environments() -> list[tuple[str, str]]:
    """Return the environments that are built here, as choices."""
    names = [one.name for one in listed(Path(settings.ENVIRONMENTS_DIR)) if one.name != STANDARD]
    ours = (HERE, f"{HERE}: this site's own Python, where nothing can be built")
    return [("", f"{STANDARD}: what is usual"), *((name, name) for name in sorted(names)), ours]


def kinds_offered() -> list[tuple[str, str]]:
    """Return the kinds that this site takes, as choices."""
    return [(kind, words) for kind, words in WHAT.items() if kind in {PREDICTIONS, *runnable()}]


class CodePhaseForm(forms.ModelForm[Phase]):
    """What a phase takes, and what runs it. Limits are numbers here and one object in the phase."""

    kinds = forms.MultipleChoiceField(
        choices=kinds_offered,
        initial=["predictions"],
        widget=forms.CheckboxSelectMultiple,
    )
    environment = forms.ChoiceField(
        required=False, help_text="What it runs in. An operator builds further ones: `manage.py environment build`."
    )
    limit_wall_s = forms.IntegerField(required=False, min_value=1)
    limit_cpus = forms.IntegerField(required=False, min_value=1)
    limit_memory_mb = forms.IntegerField(required=False, min_value=64)
    limit_pids = forms.IntegerField(required=False, min_value=1)
    limit_output_mb = forms.IntegerField(required=False, min_value=1)

    class Meta:
        model = Phase
        fields: tuple[str, ...] = (
            "kinds", "environment", "resource", "inputs", "sample_inputs", "expects", "show_error_lines", "model",
            "stream",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known, own = environments(), self.instance.environment
        gone = [(own, f"{own}: not built here")] if own and own not in dict(known) else []
        self.fields["environment"].choices = [*known, *gone]  # type: ignore[attr-defined]
        for field, (name, label, unit) in LIMITS.items():
            self.fields[field].label = label
            self.fields[
                field
            ].help_text = f"Empty: {USUAL[name] / unit:g}. At most {settings.PREDICT_MOST[name] / unit:g}."
            value = self.instance.predict_limits.get(name)
            self.fields[field].initial = None if value is None else round(value / unit)

    def clean(self) -> dict[str, Any] | None:
        """Refuse a phase that could run nothing, and a sample that is a secret."""
        data = super().clean() or {}
        if not CODE_KINDS.isdisjoint(data.get("kinds", ())) and not data.get("inputs"):
            self.add_error("inputs", "Code needs something to read: publish the test data, without the truth.")
        for field in ("inputs", "sample_inputs"):
            self._check_version(field, data.get(field), data.get("challenge") or self.instance.challenge_id)
        sample = data.get("sample_inputs")
        if sample and sample.dataset.audience == Dataset.Audience.SCORING:
            self.add_error(
                "sample_inputs", "Teams read what their code prints on it, so it cannot be for scoring only."
            )
        data["predict_limits"] = self._limits(data)
        self.instance.predict_limits = data["predict_limits"]
        self._check_specs(data)
        return data

    def _check_version(self, field: str, version: DatasetVersion | None, challenge: Any) -> None:
        if version and challenge and version.dataset.challenge_id != getattr(challenge, "pk", challenge):
            self.add_error(field, "This dataset belongs to another challenge.")
        if version and (why := why_not(version)):
            self.add_error(field, why)

    def _limits(self, data: dict[str, Any]) -> dict[str, int]:
        """Return what was written of the limits, as the phase has it."""
        limits = {}
        for field, (name, _, unit) in LIMITS.items():
            value = data.get(field)
            if value is None:
                continue
            if value * unit > settings.PREDICT_MOST[name]:
                self.add_error(field, f"The operator of this site allows {settings.PREDICT_MOST[name] / unit:g}.")
            limits[name] = value * unit
        return limits

    def _check_specs(self, data: dict[str, Any]) -> None:
        for field in ("model", "stream"):
            data[field] = data.get(field) or {}
            try:
                specs_of(**{"model": {}, "stream": {}, field: data[field]})
            except HostError as error:
                self.add_error(field, error.message)
