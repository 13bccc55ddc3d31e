"""The third market. Hunter imports this when the market is opened; its facts lie beside it."""

from .adapter import Third as MARKET

__all__ = ["MARKET"]
