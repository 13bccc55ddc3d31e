"""What was learnt about payloads: manifests, listings and sizes, with their age."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hunter.store.database import Store


class PayloadMemory:
    """The cache of the payload room in the database. Ages are by this machine's clock."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def get(self, key: str) -> tuple[bytes, float] | None:
        """What was put under the key, and its age in seconds; None where nothing was."""
        sql = "select body, learned_at from payload where key = ?"
        with self.store.errors():
            row = self.store.db.execute(sql, [key]).fetchone()
        if row is None or not isinstance(row["learned_at"], float):
            return None
        body = row["body"].encode() if isinstance(row["body"], str) else row["body"]
        age_s = max(0.0, time.time() - row["learned_at"])
        return (body, age_s) if isinstance(body, bytes) else None

    def put(self, key: str, body: bytes) -> None:
        """Remember the bytes under the key, from now on."""
        with self.store.writing() as db:
            db.execute(
                "insert or replace into payload (key, body, learned_at) values (?, ?, ?)",
                [key, body, time.time()],
            )
