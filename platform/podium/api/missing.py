"""Addresses under /api/ that do not exist: told to programs in the words that programs get."""

from typing import Any

from django.http import Http404, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import resolve
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from podium.api.endpoint import OpenEndpoint


@extend_schema(exclude=True)
class Missing(OpenEndpoint):
    """Nothing. A slash that was forgotten at the end of an address is forgiven where nothing is sent along."""

    authentication_classes = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Whatever the method, there is nothing here."""
        super().initial(request, *args, **kwargs)
        if not self._is_here_with_slash(request):
            raise Http404(f"there is nothing at {request.path}")
        if request.method not in ("GET", "HEAD"):
            raise Http404(f"there is nothing at {request.path}; with a slash at the end there is")

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Point to the address with its slash."""
        query = request.META.get("QUERY_STRING", "")
        return HttpResponseRedirect(f"{request.path}/" + (f"?{query}" if query else ""))

    def _is_here_with_slash(self, request: Request) -> bool:
        found = resolve(f"{request.path}/") if not request.path.endswith("/") else None
        return found is not None and getattr(found.func, "view_class", None) is not Missing
