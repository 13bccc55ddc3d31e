"""The picture in the README: the app itself on the embedded market, as SVG."""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path

from hunter.api.hunter import Hunter
from hunter.facts import workload_file
from hunter.facts.config import Config, Home, SandboxConfig
from tui.app import HunterApp

TARGET = Path(__file__).with_name("screenshot.svg")


async def shoot() -> None:
    """Open, wait for the first poll, move down a few deals, and take the picture."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(
            config_folder=Path(folder), data_folder=Path(folder), simulated=True,
            config=Config(sandbox=SandboxConfig(speed=30.0)),
        )  # fmt: skip
        hunter = Hunter(home, sandbox=True)
        await hunter.scrape()
        app = HunterApp(hunter, workload_file.load("comfyui-flux"))
        async with app.run_test(size=(140, 40)) as pilot:
            for _ in range(200):
                await pilot.pause(0.05)
                if app.deals.shortlist:
                    break
            await pilot.press(*"jjj")
            await pilot.pause(0.5)
            svg = app.export_screenshot(title="hunter --sandbox -w comfyui-flux")
            # the reader's own monospaced font, instead of one fetched from somebody's server
            svg = re.sub(r"@font-face\s*{[^}]*}", "", svg).replace("Fira Code", "DejaVu Sans Mono")
            TARGET.write_text(svg)
        await asyncio.to_thread(app.shut)


if __name__ == "__main__":
    asyncio.run(shoot())
