"""Every error leaves as `{"error": {"code", "message", "field"?}}`, whoever raised it."""

import logging
import math
import secrets
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, UnreadablePostError
from django.utils.http import http_date
from rest_framework import exceptions
from rest_framework.response import Response

from podium.core.errors import Forbidden, Refusal

logger = logging.getLogger(__name__)

HOW_TO_SIGN = "This needs a token: “Authorization: Bearer …”. Make one on the page “Tokens” of your settings."
NOTHING_HERE = "There is no such thing here, or it is not open to you."
CODES = {"permission_denied": "forbidden", "error": "failed"}  # DRF's words, where ours differ


def answer(error: Exception, context: Mapping[str, Any]) -> Response:
    """Turn what a view raised into an answer: the exception handler of every REST view."""
    if isinstance(error, Forbidden) and not context["request"].user.is_authenticated:
        return _plain(401, "not_authenticated", f"{error.message} {HOW_TO_SIGN}", **{"WWW-Authenticate": "Bearer"})
    if isinstance(error, Refusal):
        headers = {"Retry-After": http_date(error.retry_at.timestamp())} if error.retry_at else {}
        return Response({"error": error.as_dict()}, status=error.status, headers=headers)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    return _of_django(error) or _ours(error, context)


def _of_django(error: Exception) -> Response | None:
    """Answer what Django raised; None where it is nothing that Django says on purpose."""
    match error:
        case Http404():
            return _plain(404, "not_found", _sentence(str(error)) or NOTHING_HERE)
        case PermissionDenied():
            return _plain(403, "forbidden", _sentence(str(error)) or "You have no right to do this.")
        case RequestDataTooBig():
            return _plain(413, "too_large", "The request is longer than this address takes.")
        case SuspiciousOperation() | UnreadablePostError():
            return _plain(400, "parse_error", "The request could not be read.")
    return None


def _plain(status: int, code: str, message: str, **headers: str) -> Response:
    return Response({"error": {"code": code, "message": message}}, status=status, headers=headers)


def _of_framework(error: exceptions.APIException) -> Response:
    """Answer what the REST framework raised, with the headers that belong to it."""
    headers: dict[str, str] = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if isinstance(error, exceptions.Throttled):
        seconds = max(math.ceil(getattr(error, "wait", None) or 1), 1)
        headers["Retry-After"] = str(seconds)
        return _plain(429, "throttled", f"Too many requests. Try again in {seconds} seconds.", **headers)
    if isinstance(error, exceptions.NotAuthenticated):
        return _plain(error.status_code, "not_authenticated", HOW_TO_SIGN, **headers)
    field, detail = _first(error.detail)
    code = str(detail.code)
    body = {"code": CODES.get(code, code), "message": _sentence(str(detail))}
    if field:
        body["field"] = field
    return Response({"error": body}, status=error.status_code, headers=headers)


def _first(detail: Any, field: str = "") -> tuple[str, exceptions.ErrorDetail]:
    """Return the first error of a nest of them, and the field that it is about."""
    if isinstance(detail, Mapping):
        key, inner = next(iter(detail.items()))
        named = "" if key == "non_field_errors" else str(key)
        return _first(inner, ".".join(filter(None, [field, named])))
    if isinstance(detail, list | tuple):
        return _first(next((inner for inner in detail if inner), detail[0]), field)
    return field, detail


def _ours(error: Exception, context: Mapping[str, Any]) -> Response:
    """Log what nobody foresaw under a reference that the person can tell an operator."""
    reference = secrets.token_hex(4)
    request = context.get("request")
    logger.error("REST error %s at %s", reference, getattr(request, "path", "?"), exc_info=error)
    got_request_exception.send(sender=None, request=request)
    return _plain(500, "internal", f"Something went wrong on our side. Tell the operator this reference: {reference}.")


def _sentence(text: str) -> str:
    """Return a text as a sentence: a capital first, a full stop last."""
    text = text.strip()
    return text and text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")
