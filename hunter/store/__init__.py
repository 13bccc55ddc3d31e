"""The database: one SQLite file that remembers every price, every launch and every bill.

All SQL of Hunter stands in this room. Reading uses sqlite3 alone; sqlite-utils is imported only when
the file is new or a migration is pending, because it costs 0.2 to 2 s to import.
"""

from hunter.store.database import Store

__all__ = ["Store"]
