"""The cache on Redis, which may be away: then it is an empty cache, and the site goes on.

What is kept there can be counted anew or done without. Rate limits are not held meanwhile: that nobody could sign in or
send a file would be worse than that somebody tries passwords a little faster.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
PAUSE_SECONDS = 5  # so long nobody asks again: one that is silent would cost every request its patience


class PatientCache(RedisCache):
    """Django's cache on Redis; without an answer it holds nothing and keeps nothing."""

    away_until = 0.0

    def _try(self, act: Callable[..., Any], *args: Any, without: Any, **kwargs: Any) -> Any:
        if time.monotonic() < PatientCache.away_until:
            return without
        try:
            return act(*args, **kwargs)
        except (RedisError, OSError) as error:
            PatientCache.away_until = time.monotonic() + PAUSE_SECONDS
            logger.warning("The cache does not answer (%r); going on without it.", error)
            return without

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Keep a value where there is none; without an answer it seems kept."""
        return bool(self._try(super().add, *args, without=True, **kwargs))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return a value, or the default."""
        return self._try(super().get, key, default, version, without=default)

    def set(self, *args: Any, **kwargs: Any) -> None:
        """Keep a value."""
        self._try(super().set, *args, without=None, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        """Keep a value for longer; False where there is none."""
        return bool(self._try(super().touch, *args, without=False, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        """Forget a value; False where there is none."""
        return bool(self._try(super().delete, *args, without=False, **kwargs))

    def get_many(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        """Return those values that are there."""
        return dict(self._try(super().get_many, *args, without={}, **kwargs))

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        """Tell whether there is a value."""
        return bool(self._try(super().has_key, *args, without=False, **kwargs))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Count. Raises ValueError where there is nothing to count from."""
        counted = self._try(super().incr, key, delta, version, without=None)
        if counted is None:
            raise ValueError(f"the cache has no {key!r}")
        return int(counted)

    def set_many(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Keep values; return the keys of those that were not kept."""
        return list(self._try(super().set_many, *args, without=[], **kwargs))

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        """Forget values."""
        self._try(super().delete_many, *args, without=None, **kwargs)

    def clear(self) -> None:
        """Forget all."""
        self._try(super().clear, without=None)
