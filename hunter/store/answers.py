"""Rankings that were asked for before: the same question on the same prices has the same answer.

Scripts and people ask again and again between two polls. An answer is kept with everything that it
depends on, and is found without loading what ranks. Ages are never kept: they move.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hunter.facts.plugins import facts_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hunter.store.database import Store

KEPT = 50
"""Answers to remember; the oldest go."""
PACKAGE = Path(__file__).resolve().parents[1]


_LEARNT = (
    "select (select max(learned_at) from payload), (select count(*) from observation), "
    "(select max(ready_at) from lease)"
)


def key_of(store: Store, question: Mapping[str, Any]) -> str:
    """What an answer depends on, as one text: the question, the prices, the facts and the code."""
    with store.errors():
        boards = [
            tuple(row)
            for row in store.db.execute("select market, taken_at from board order by market")
        ]
        learnt = tuple(store.db.execute(_LEARNT).fetchone())
    files = [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "data").rglob("*.*"), *facts_files()]
    newest = max(file.stat().st_mtime_ns for file in files)
    text = json.dumps([question, boards, learnt, newest, len(files)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def recall(store: Store, key: str) -> Any:
    """The answer to a question, None where it is not remembered."""
    with store.errors():
        row = store.db.execute("select body from answer where key = ?", [key]).fetchone()
    return None if row is None else json.loads(row["body"])


def remember(store: Store, key: str, answer: Any) -> None:
    """Keep an answer, and only so many."""
    with store.writing() as db:
        db.execute(
            "insert or replace into answer (key, body) values (?, ?)", [key, json.dumps(answer)]
        )
        db.execute(
            "delete from answer where rowid not in (select rowid from answer order by rowid desc limit ?)",
            [KEPT],
        )
