"""What a GPU is called: the one place where a name that somebody typed becomes our names.

Any spelling will do (`rtx4090`, `RTX_4090`, `4090`, `NVIDIA GeForce RTX 4090`). A name of ours means that
model and no other. One that several models share (`H100`) means all of them, and whoever asked is told.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from hunter.values.errors import UsageError, WorkloadError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from hunter.values.workload import Workload

LONGEST_NAME = 100
MOST_NEAR = 4
"""Names suggested in place of one that is unknown."""
MAKERS = frozenset(
    ["nvidia", "geforce", "amd", "instinct", "radeon", "corporation", "generation", "edition", "blackwell",
     "gpu", "graphics"]
)  # fmt: skip
"""Words that part no model from another."""
COPIED = ("nvidia", "amd")
BRANDS = frozenset(["rtx", "gtx", "rx", "tesla", "quadro"])
"""Words that people leave out where the number says enough."""
TOLD = frozenset(["quadro"])
"""Of these, one that does part models: the Quadro RTX 6000 is not the RTX 6000 Ada."""
SAME = {"server": "s", "workstation": "ws"} | {f"sxm{n}": "sxm" for n in range(2, 10)}
"""Other words for one of ours."""
ONLY_FORM = frozenset(["sxm", "oam"])
"""How a model is built, where it is built in one way only: our name leaves it out then."""
_GB = re.compile(r"(?<![a-z0-9.])(\d{1,4}) ?gi?b(?![a-z0-9])")
_MEMORY = re.compile(r"(?<![a-z0-9])(?:hbm|gddr)\d[a-z]?(?![a-z0-9])")
_WORD = re.compile(
    "nvidia|geforce|instinct|radeon|tesla|quadro|titan|rtx|gtx|rx(?=[0-9])|pro(?=[0-9])|sxm[0-9]?|pcie|nvl"
    "|laptop|super|[a-z]*[0-9]+[a-z](?![a-z])|[a-z]*[0-9]+|[a-z]+"
)
_APART = re.compile(r"(?<![a-z0-9])(?!rx|ti)([a-z]{1,2}) (?=[0-9])")
"""A letter away from its number, as in `H 100`."""
_MODEL = re.compile(r"([a-z]*)([0-9]+)")


class Match(Struct, frozen=True, kw_only=True):
    """What a name means."""

    typed: str
    names: tuple[str, ...]
    """Ours, one or more."""

    @property
    def family(self) -> bool:
        """Whether it means several models, which is to be said."""
        return len(self.names) > 1

    def __str__(self) -> str:
        return f"{self.typed} is taken as {_listed(self.names)}"


class _Spelt(Struct, frozen=True):
    """A name taken apart."""

    brands: frozenset[str]
    words: tuple[str, ...]
    gb: float | None

    @property
    def joined(self) -> str:
        return "".join(self.words)

    def equals(self, other: _Spelt) -> bool:
        """Whether another name is this one, brands and memory aside."""
        return self.joined == other.joined and self.brands & TOLD == other.brands & TOLD

    def within(self, other: _Spelt) -> bool:
        """Whether another name is this one with more words, in this order."""
        if not self.words or not self.brands <= other.brands or self.words[0] != other.words[0]:
            return False
        rest = iter(other.words)
        return all(word in rest for word in self.words)


class GpuNames:
    """The names that are known, ours and the markets'."""

    def __init__(
        self, models: Mapping[str, float | None], aliases: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Names of ours with their memory in GB, None where that is unknown.

        Args:
            models: by our name.
            aliases: what a market calls one of them, and ours.
        """
        self.models = models
        self._aliases = tuple(aliases)

    @cached_property
    def _keys(self) -> dict[str, str]:
        return {key(name): name for name in self.models}

    @cached_property
    def _spelt(self) -> dict[str, _Spelt]:
        return {name: _taken_apart(name) for name in self.models}

    @cached_property
    def _also(self) -> list[tuple[_Spelt, str]]:
        return [(_taken_apart(alias), ours) for alias, ours in self._aliases if ours in self.models]

    @cached_property
    def _whole(self) -> dict[str, set[str]]:
        """Ours by a vendor's whole name: whoever writes the maker too has copied it."""
        found = dict[str, set[str]]()
        for alias, ours in self._aliases:
            if ours in self.models and alias.casefold().startswith(COPIED):
                found.setdefault(key(alias), set()).add(ours)
        return found

    def also(self, names: Collection[str]) -> GpuNames:
        """With further names, of models that are on sale and not in our table."""
        new = [name for name in names if name not in self.models]
        return GpuNames(dict(self.models) | dict.fromkeys(new), self._aliases) if new else self

    def find(self, typed: str) -> Match:
        """What a name means; UsageError with near names where it means nothing."""
        if typed in self.models:
            return Match(typed=typed, names=(typed,))
        found = self._found(typed) if len(typed) <= LONGEST_NAME else ()
        if not found:
            raise self.unknown(typed)
        return Match(typed=" ".join(typed.split()), names=tuple(found))

    def one(self, typed: str) -> str:
        """What a name means where only one model will do; UsageError where it means several, too."""
        match = self.find(typed)
        if match.family:
            raise UsageError(
                f"{typed!r} means several GPUs.", remedy=f"Name one: {_listed(match.names, 'or')}."
            )
        return match.names[0]

    def unknown(self, typed: str) -> UsageError:
        """No GPU is called so."""
        near = self.near(typed)
        hint = f"Did you mean {_listed(near, 'or')}?" if near else "hunter deals shows their names."
        shown = typed if len(typed) <= LONGEST_NAME else f"{typed[:LONGEST_NAME]}…"
        return UsageError(f"No GPU is called {shown!r}.", remedy=hint)

    def _found(self, typed: str) -> Sequence[str]:
        exact = self._keys.get(key(typed))
        if exact is not None:
            return (exact,)
        if key(typed) in self._whole:
            return sorted(self._whole[key(typed)])
        wanted = _taken_apart(typed)
        if not wanted.words:
            return ()
        return self._meant(wanted) or self._in_its_only_form(wanted)

    def _meant(self, wanted: _Spelt) -> list[str]:
        fits = [name for name in self._spelt if self._fits(wanted, name)]
        same = [
            name for name in fits
            if wanted.equals(self._spelt[name]) and (wanted.gb or self._spelt[name].gb is None)
        ]  # fmt: skip
        known = {self._spelt[name].joined for name in same}
        others = [
            ours for alias, ours in self._also
            if wanted.equals(alias) and wanted.brands <= alias.brands
            and alias.gb in (None, wanted.gb) and self._has(wanted.gb, ours)
            and self._spelt[ours].joined not in known
        ]  # fmt: skip
        return sorted({*(same or fits), *others})

    def _in_its_only_form(self, wanted: _Spelt) -> list[str]:
        bare = tuple(word for word in wanted.words if word not in ONLY_FORM)
        if not bare or bare == wanted.words:
            return []
        less = _Spelt(wanted.brands, bare, wanted.gb)
        return [name for name in self._meant(less) if less.equals(self._spelt[name])]

    def _fits(self, wanted: _Spelt, name: str) -> bool:
        spelt = self._spelt[name]
        if not wanted.brands <= spelt.brands or not self._has(wanted.gb, name):
            return False
        return wanted.within(spelt) or wanted.equals(spelt)

    def _has(self, gb: float | None, name: str) -> bool:
        """Whether a model has this much memory, as its name or our table says."""
        return gb is None or gb in (self._spelt[name].gb, self.models[name])

    def near(self, typed: str) -> tuple[str, ...]:
        """Names like one that is unknown: the same letters, and the same number or nearly.

        The H100 is no neighbour of the MI100, whose number alone is the same.
        """
        wanted = _taken_apart(typed[:LONGEST_NAME])
        letters, number = _model(wanted)
        if not number:
            said = {*wanted.words, *wanted.brands}
            return tuple(n for n, s in self._spelt.items() if said & {*s.words, *s.brands})[
                :MOST_NEAR
            ]
        from difflib import SequenceMatcher  # noqa: PLC0415  only where nothing is found

        close = list[tuple[float, bool, str]]()
        for name, spelt in self._spelt.items():
            theirs, its = _model(spelt)
            alike = SequenceMatcher(None, number, its).ratio()
            if sorted(number) == sorted(its):  # two digits exchanged are one slip
                alike = max(alike, 1 - 1 / (2 * len(number)))
            if theirs == letters and alike > 0.6:
                close.append((-alike, not wanted.brands <= spelt.brands, name))
        best = min((alike for alike, *_ in close), default=0.0)
        exact = [entry for entry in sorted(close) if best > -1 or entry[0] == -1]
        return tuple(name for *_, name in exact[:MOST_NEAR])


def named(workload: Workload, names: GpuNames, place: str) -> Workload:
    """The workload with our names of the GPUs that it names, families spelt out.

    Args:
        workload: as its user wrote it.
        names: those that are known.
        place: of the workload, for the sentence of WorkloadError.
    """
    gpu, run = workload.gpu, workload.run
    families = dict[str, tuple[str, ...]]()

    def find(typed: str, key: str, *, one: bool = False) -> tuple[str, ...]:
        try:
            match = Match(typed=typed, names=(names.one(typed),)) if one else names.find(typed)
        except UsageError as error:
            text = f"{place}, {key}: {str(error)[:1].lower()}{str(error)[1:]}"
            raise WorkloadError(text, remedy=error.remedy) from error
        if match.family:
            families[match.typed] = match.names
        return match.names

    models = [ours for typed in gpu.models for ours in find(typed, "gpu.models")]
    reference = run.reference_gpu
    if reference is not None:
        reference = find(reference, "run.reference_gpu", one=True)[0]
    measured = [(find(typed, "run.speed"), speed) for typed, speed in run.speed.items()]
    measured.sort(key=lambda entry: -len(entry[0]))  # who names a model says more than a family
    alone = [found for found, _ in measured if len(found) == 1]
    if twice := next((found[0] for found in alone if alone.count(found) > 1), None):
        raise WorkloadError(f"{place}, run.speed: {twice} is given twice.", remedy="Keep one.")
    return replace(
        workload,
        gpu=replace(gpu, models=tuple(dict.fromkeys(models))),
        run=replace(
            run,
            reference_gpu=reference,
            speed={ours: speed for found, speed in measured for ours in found},
        ),
        families=workload.families | families,
    )


def key(name: str) -> str:
    """A name without case, blanks and signs.

    >>> key("RTX_4090 D")
    'rtx4090d'
    """
    return "".join(c for c in name.casefold() if c.isalnum())


def _taken_apart(name: str) -> _Spelt:
    text = re.sub(r"[^a-z0-9.]+", " ", name.casefold())
    gb = _GB.search(text)
    text = _MEMORY.sub(" ", _GB.sub(" ", text))
    text = _APART.sub(r"\1", text)
    said = [SAME.get(word, word) for word in _WORD.findall(text) if word not in MAKERS]
    brands = [word for word in said if word in BRANDS]
    words = [word for word in said if word not in BRANDS]
    if words == ["titan"]:  # the Titan RTX has no number: there the brand is the name
        words += brands
    if words[:1] == ["pro"] and _MODEL.match(" ".join(words[1:2])):  # as in Radeon Pro W7900
        words = words[words[1][0].isalpha() :]
    return _Spelt(frozenset(brands), tuple(words), float(gb[1]) if gb else None)


def _model(spelt: _Spelt) -> tuple[str, str]:
    """The letters and the number of a model."""
    for word in spelt.words:
        if found := _MODEL.match(word):
            return found[1], found[2]
    return "", ""


def _listed(names: Sequence[str], word: str = "and") -> str:
    """Names as a sentence has them.

    >>> _listed(["A", "B", "C"], "or")
    'A, B or C'
    """
    return f" {word} ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
