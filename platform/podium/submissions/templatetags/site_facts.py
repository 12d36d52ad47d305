"""`{% load site_facts %}`: `{% site_facts as facts %}` gives what the home page says about this site."""

from django import template

from podium.submissions import facts

register = template.Library()


@register.simple_tag
def site_facts() -> facts.SiteFacts:
    """Return the site's numbers: scored_today, median_seconds."""
    return facts.site_facts()
