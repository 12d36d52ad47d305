"""The page of the mails that the demo would have sent: with it, signing up needs no mail server."""

from ipaddress import ip_address

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from podium.demo.mails import latest

# What a proxy writes. Behind one, everybody's requests come from loopback, so then nobody sees the mails
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")


@never_cache
@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    """Show the mails, to who sits at this machine."""
    if not settings.DEMO or not is_local(request):
        raise Http404("mails are shown by the demo alone, and on its own machine alone")
    return render(request, "demo/mail.html", {"mails": latest()})


def is_local(request: HttpRequest) -> bool:
    """Tell whether a request comes from this machine, and not through a proxy on it."""
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
