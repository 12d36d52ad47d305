"""People, for operators. Accounts are made by signing up, or by `manage.py owner create`."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from podium.accounts.models import User
from podium.accounts.services import account_delete

# Operators sign in where everybody does, so that attempts are counted there too
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


@admin.register(User)
class PersonAdmin(admin.ModelAdmin[User]):
    """Look people up, close accounts, make operators."""

    list_display = ["username", "name", "email", "is_active", "is_superuser", "date_joined", "last_login"]
    list_filter = ["is_active", "is_superuser"]
    search_fields = ["username", "name", "email"]
    ordering = ["-date_joined"]
    fields = [
        *("username", "name", "affiliation", "about", "email"),
        *("is_active", "is_staff", "is_superuser", "date_joined", "last_login"),
    ]
    readonly_fields = ["email", "date_joined", "last_login"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody chooses another's password."""
        return False

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """End an account as its person would: submissions stay."""
        account_delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """End several, each as its person would."""
        for person in queryset:
            account_delete(person)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Name the accounts alone: what goes with them, `account_delete` decides."""
        return [str(each) for each in objs], {"people": len(objs)}, set(), []
