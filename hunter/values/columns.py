"""Many offers as columns: numpy arrays and coded texts of equal length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from hunter.values.offers import (
    COUNTS,
    FLAGS,
    KIND_OF,
    NUMBERS,
    TEXTS,
    Offer,
    OfferFields,
    Rejected,
    offer_ref,
    parse_offer_ref,
)
from hunter.values.text import LONGEST_SENTENCE, cleaned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from hunter.values.units import Floats


class Text(msgspec.Struct, frozen=True, eq=False):
    """A column of texts as codes into its distinct values; unknown is None among the values."""

    codes: NDArray[np.int32]
    values: tuple[str | None, ...]

    @classmethod
    def of(cls, texts: Iterable[str | None]) -> Text:
        """The column of these texts."""
        index: dict[str | None, int] = {}
        codes = np.array([index.setdefault(text, len(index)) for text in texts], dtype=np.int32)
        return cls(codes, tuple(index))

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> str | None:
        return self.values[int(self.codes[row])]

    def take(self, rows: NDArray[Any]) -> Text:
        """The same column, of these rows only (indices or a mask)."""
        return Text(self.codes[rows], self.values)

    def cleaned(self) -> Text:
        """The same column, each text one line that shows all that is in it."""
        if all(value is None or cleaned(value) == value for value in self.values):
            return self
        shown = Text.of(None if value is None else cleaned(value) for value in self.values)
        return shown.take(self.codes)

    def is_in(self, wanted: Iterable[str | None]) -> NDArray[np.bool_]:
        """Which rows hold one of these texts."""
        keep = set(wanted)
        if not keep:
            return np.zeros(len(self), dtype=np.bool_)
        return np.array([value in keep for value in self.values] or [False])[self.codes]

    def lookup(self, numbers: dict[str, float], otherwise: float = np.nan) -> Floats:
        """A number for each row, by its text."""
        if not numbers:
            return np.full(len(self), otherwise)
        table = [numbers.get(value or "", otherwise) for value in self.values]
        return np.array(table or [otherwise], dtype=np.float64)[self.codes]


class Offers(
    OfferFields[Text, Text, "Floats", "Floats", "Floats", "Floats"],
    frozen=True,
    eq=False,
    kw_only=True,
):
    """Many offers as columns of equal length: `Text` for texts, float64 for all else.

    Unknown is NaN among numbers and None among texts. Flags are 1, 0 or NaN. Two of these are equal
    only if they are the same object, so that a screen can hold one without comparing columns.
    """

    @classmethod
    def of(cls, offers: Sequence[Offer]) -> Offers:
        """These offers as columns."""
        texts: dict[str, Any] = {name: Text.of(getattr(o, name) for o in offers) for name in TEXTS}
        numbers = {
            name: np.array(
                [np.nan if (v := getattr(o, name)) is None else v for o in offers], dtype=np.float64
            )
            for name in NUMBERS
        }
        return cls.from_columns(texts | numbers)

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any]) -> Offers:
        """Offers of columns by name: every field, `Text` or float64, all of one length.

        KeyError names a field that has no column.
        """
        return cls(**{name: columns[name] for name in KIND_OF})

    def __len__(self) -> int:
        return len(self.price_usd_h)

    def __getitem__(self, row: int) -> Offer:
        texts = {name: getattr(self, name)[row] for name in TEXTS}
        numbers: dict[str, Any] = {}
        for name in NUMBERS:
            value = float(getattr(self, name)[row])
            numbers[name] = None if np.isnan(value) else value
        for name in FLAGS:
            numbers[name] = None if numbers[name] is None else bool(numbers[name])
        for name in COUNTS:
            numbers[name] = int(numbers[name])
        return Offer(**texts, **numbers)

    def __iter__(self) -> Iterator[Offer]:
        return (self[row] for row in range(len(self)))

    def take(self, rows: NDArray[Any]) -> Offers:
        """These rows only: indices, in their order, or a mask."""
        texts: dict[str, Any] = {name: getattr(self, name).take(rows) for name in TEXTS}
        numbers = {name: getattr(self, name)[rows] for name in NUMBERS}
        return Offers.from_columns(texts | numbers)

    def cleaned(self) -> Offers:
        """The same offers, their texts cleaned: markets and hosts write them as they like."""
        texts = {name: getattr(self, name).cleaned() for name in TEXTS}
        return Offers.from_columns(texts | {name: getattr(self, name) for name in NUMBERS})

    def ref(self, row: int) -> str:
        """The name a user types for this row's offer."""
        return offer_ref(self.market[row] or "", self.offer_id[row] or "", self.tenancy[row] or "")

    def row_of(self, ref: str) -> int | None:
        """The row of the offer of this name; None where it is not among these."""
        market, offer_id, tenancy = parse_offer_ref(ref)
        same = self.offer_id.is_in([offer_id]) & self.tenancy.is_in([tenancy])
        same &= self.market.is_in([market])
        return int(same.argmax()) if same.any() else None


def concat(parts: Sequence[Offers]) -> Offers:
    """Several blocks of offers as one."""
    if len(parts) == 1:
        return parts[0]
    texts: dict[str, Any] = {
        name: _concat_texts([getattr(part, name) for part in parts]) for name in TEXTS
    }
    numbers = {
        name: np.concatenate([np.empty(0), *(getattr(part, name) for part in parts)])
        for name in NUMBERS
    }
    return Offers.from_columns(texts | numbers)


def _concat_texts(columns: Sequence[Text]) -> Text:
    index: dict[str | None, int] = {}
    codes = [np.empty(0, dtype=np.int32)]
    for column in columns:
        renumber = [index.setdefault(value, len(index)) for value in column.values]
        codes.append(np.array(renumber or [0], dtype=np.int32)[column.codes])
    return Text(np.concatenate(codes), tuple(index))


class Listing(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What one poll of one market brought."""

    market: str
    offers: Offers
    complete: bool
    """Everything that the scope covers is in it; only then does absence mean gone."""
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[str, ...] = ()
    """What the poll found out about the market that a user should know."""

    def cleaned(self) -> Listing:
        """The same, with all of its texts cleaned."""
        rejected = tuple(
            Rejected(record=cleaned(one.record), reason=cleaned(one.reason, LONGEST_SENTENCE))
            for one in self.rejected
        )
        notes = tuple(cleaned(note, LONGEST_SENTENCE) for note in self.notes)
        return msgspec.structs.replace(
            self, offers=self.offers.cleaned(), rejected=rejected, notes=notes
        )
