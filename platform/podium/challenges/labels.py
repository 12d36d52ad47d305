"""Whether data that participants' code is to read hold labels: a file of a reference, under whatever name.

Code never shares a sandbox with labels. That a host names the wrong dataset is one slip in a form, and the labels of a
whole challenge would be gone with the first submission, so it is looked at in the form and again before each run.
"""

from podium.challenges.models import DataFile, DatasetVersion, Task


def labels_in(version: DatasetVersion) -> str:
    """Return the path of a file of this version that is, byte for byte, one of a reference of its challenge; or “”."""
    references = Task.objects.filter(challenge=version.dataset.challenge_id).values("reference__dataset")
    truth = DataFile.objects.filter(version__dataset__in=references, blob__size__gt=0)
    file = DataFile.objects.filter(version=version, blob__in=truth.values("blob")).order_by("path").first()
    return file.path if file else ""


def why_not(version: DatasetVersion) -> str:
    """Return in a sentence why participants' code may not read this version; nothing where it may."""
    path = labels_in(version)
    return f"Its file {path} is one of a task’s reference: code would read the labels." if path else ""
