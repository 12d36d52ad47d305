"""The hosts' own admin."""

from django.contrib.admin import AdminSite


class HostSite(AdminSite):
    """A second admin, at `/host/`."""


host_site = HostSite(name="host")
