"""What an account at RunPod has beside its pods: templates, registry logins, ssh keys, network volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hunter.sandbox.callers import Refused
from hunter.sandbox.rental import Rental, Volume
from hunter.sandbox.runpod.pods import pod_id

if TYPE_CHECKING:
    from hunter.sandbox.book import Account, Page
    from hunter.sandbox.market import SandboxMarket
    from hunter.sandbox.runpod.stock import Stock

SIZES_GB = (10, 4096)
"""Of a network volume."""
TIERS = ("STANDARD", "HIGH_PERFORMANCE")


class Belongings:
    """Keeps them in the account's page."""

    def __init__(self, market: SandboxMarket, stock: Stock) -> None:
        self.market = market
        self.stock = stock

    @staticmethod
    def _new_id(account: Account) -> str:
        made = account.extras.get("made", 0) + 1
        account.extras["made"] = made
        return pod_id(account.number * 1000 + made, 10)

    def ssh_keys(self, page: Page, key: str) -> list[str]:
        """Public keys, one to a line of the user's setting."""
        return [line for line in self.market.accounts.of(page, key).pub_key.splitlines() if line]

    # ── templates and registry logins ────────────────────────────────────────────────────────

    def templates(self, page: Page, key: str) -> dict[str, dict[str, Any]]:
        """Templates by id."""
        found: dict[str, Any] = self.market.accounts.of(page, key).extras.setdefault(
            "templates", {}
        )
        return found

    def save_template(self, page: Page, key: str, wish: dict[str, Any]) -> dict[str, Any]:
        """Keep a template, under the id that it has or a new one."""
        known = self.templates(page, key)
        identity = wish.get("id") or self._new_id(self.market.accounts.of(page, key))
        if any(t["name"] == wish.get("name") and i != identity for i, t in known.items()):
            raise Refused("template", "Template name must be unique.")
        known[identity] = known.get(identity, {}) | wish | {"id": identity}
        return known[identity]

    def template(self, page: Page, key: str, identity: str) -> dict[str, Any]:
        """One template; Refused where there is none."""
        try:
            return self.templates(page, key)[identity]
        except KeyError:
            raise Refused("template", f"template {identity} not found") from None

    def delete_template(self, page: Page, key: str, identity: str) -> None:
        """Forget a template; Refused while a pod is made from it."""
        self.template(page, key, identity)
        if any(r.template == identity for r in self._pods(page, key)):
            raise Refused("template", "Template is in use by a pod and cannot be deleted.")
        del self.templates(page, key)[identity]

    @staticmethod
    def _pods(page: Page, key: str) -> list[Rental]:
        return [
            r for r in page.rentals
            if r.account == key and r.market == "runpod" and r.destroyed_at is None
        ]  # fmt: skip

    def registries(self, page: Page, key: str) -> dict[str, str]:
        """Names of registry logins by id; user names and passwords are kept nowhere."""
        found: dict[str, str] = self.market.accounts.of(page, key).extras.setdefault(
            "registries", {}
        )
        return found

    def save_registry(self, page: Page, key: str, name: str) -> dict[str, str]:
        """Keep a registry login."""
        known = self.registries(page, key)
        if name in known.values():
            raise Refused("registry", "Registry name must be unique.")
        identity = self._new_id(self.market.accounts.of(page, key))
        known[identity] = name
        return {"id": identity, "name": name}

    def registry(self, page: Page, key: str, identity: str) -> dict[str, str]:
        """One registry login; Refused where there is none."""
        name = self.registries(page, key).get(identity)
        if name is None:
            raise Refused("registry", "Registry auth not found.")
        return {"id": identity, "name": name}

    def delete_registry(self, page: Page, key: str, identity: str) -> None:
        """Forget a registry login; templates lose it, and Refused while a pod is fetched with it."""
        self.registry(page, key, identity)
        if any(r.registry == identity for r in self._pods(page, key)):
            raise Refused("registry", "Registry auth is in use by a pod and cannot be deleted.")
        del self.registries(page, key)[identity]
        for template in self.templates(page, key).values():
            if template.get("containerRegistryAuthId") == identity:
                template["containerRegistryAuthId"] = None

    # ── network volumes ──────────────────────────────────────────────────────────────────────

    def volumes(self, page: Page, key: str) -> list[Volume]:
        """Volumes that exist."""
        return [v for v in self.market.accounts.of(page, key).volumes if v.deleted_at is None]

    def volume(self, page: Page, key: str, identity: str) -> Volume | None:
        """One volume that exists."""
        return next((v for v in self.volumes(page, key) if v.volume_id == identity), None)

    def create_volume(
        self, page: Page, key: str, *, name: str, size_gb: int, center: str, tier: str = TIERS[0]
    ) -> Volume:
        """Rent storage in a data centre; Refused where it has none."""
        least, most = SIZES_GB
        if not least <= size_gb <= most:
            raise Refused("size", f"size must be between {least} and {most} GB")
        row = next((row for row in self.stock.centers if row[0] == center), None)
        if row is None or not row[4] or tier != TIERS[0]:
            raise Refused("center", f"no {tier} network storage in {center}")
        account, facts = self.market.accounts.of(page, key), self.market.facts["runpod"]
        now = self.market.now()
        volume = Volume(
            volume_id=self._new_id(account), name=name, center=center, tier=tier,
            sizes=[(now, size_gb)], created_at=now,
            usd_gb_month=facts["network_usd_gb_month"],
            beyond_usd_gb_month=facts["network_beyond_usd_gb_month"],
            tier_gb=facts["network_tier_gb"],
        )  # fmt: skip
        account.volumes.append(volume)
        return volume

    def change_volume(self, volume: Volume, name: str | None, size_gb: int | None) -> None:
        """Rename it, or let it grow."""
        if size_gb is not None and size_gb < volume.size_gb:
            raise Refused("size", "network volume size cannot be reduced")
        if size_gb is not None and size_gb > SIZES_GB[1]:
            raise Refused("size", f"size must be at most {SIZES_GB[1]} GB")
        if size_gb is not None and size_gb > volume.size_gb:
            volume.sizes.append((self.market.now(), size_gb))
        volume.name = name or volume.name

    def delete_volume(self, page: Page, volume: Volume) -> None:
        """Release it; Refused while a pod has it."""
        holders = [
            r for r in page.rentals
            if r.network_volume == volume.volume_id and r.destroyed_at is None
        ]  # fmt: skip
        if holders:
            raise Refused("used", "network volume is in use by a pod")
        volume.deleted_at = self.market.now()
