"""Locks on rows, on both databases.

PostgreSQL: `SELECT … FOR UPDATE`. SQLite: every transaction is opened IMMEDIATE (see settings) and so holds the one
write lock already; `select_for_update` says nothing there.

Callers MUST be inside `transaction.atomic()`, MUST take locks in the order team, submission, run, board, and SHOULD
read what they decide on only after the lock is held.
"""

from typing import TypeVar

from django.db import connection, models, transaction

Row = TypeVar("Row", bound=models.Model)


def locked(model: type[Row], pk: int) -> Row:
    """Return the row `pk` of `model`, locked until the end of the transaction.

    Raises `model.DoesNotExist` when it is gone, and `TransactionManagementError` outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            f"a lock on {model.__name__} outlives no statement: open a transaction"
        )
    return model._default_manager.select_for_update().get(pk=pk)
