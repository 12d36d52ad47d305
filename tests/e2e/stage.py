"""`python -m tests.e2e.stage`: put the cast and their challenges into the site's own database."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "platform"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "podium.config.settings")

OVERVIEW = """
# The forest

| kind | share |
|------|------:|
| fir  |    1  |

A formula $a^2$, and

$$\\frac{1}{n}\\sum_i x_i$$

```python
import this  # code
```
"""

if __name__ == "__main__":
    import django

    django.setup()

    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.core.management import call_command

    from podium.challenges.models import Page
    from podium.submissions.services import submission_receive
    from podium.submissions.tasks import drain
    from tests.cast import assemble, predictions

    call_command("migrate", verbosity=0)
    cast = assemble()
    Page.objects.create(
        challenge=cast.forest,
        slug="overview",
        title="Overview",
        body=OVERVIEW,
    )
    for author, right in ((cast.chen, 12), (cast.ada, 15)):
        file = SimpleUploadedFile("mine.csv", predictions(right))
        submission_receive(cast.forest.phases.get(), author=author, upload=file)
    drain()
