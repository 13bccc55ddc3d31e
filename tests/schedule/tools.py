"""crontab and systemctl as scripts on PATH: they keep what they are told in a folder, and say what they said."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CRONTAB = """#!/bin/sh
file="{folder}/table"
[ -e "{folder}/broken" ] && {{ echo "crontab: you may not use this" >&2; exit 1; }}
case "$1" in
-l) [ -e "$file" ] || {{ echo "no crontab for nobody" >&2; exit 1; }}; cat "$file";;
-) echo write >> "{folder}/calls"; cat > "$file";;
esac
"""
SYSTEMCTL = """#!/bin/sh
shift
echo "$*" >> "{folder}/calls"
[ -e "{folder}/no-manager" ] && {{ echo "Failed to connect to bus" >&2; exit 1; }}
case "$1" in
enable) [ -e "{folder}/refuses" ] && {{ echo "refused: $2" >&2; exit 1; }}; echo active > "{folder}/state";;
disable) rm -f "{folder}/state";;
is-active) cat "{folder}/state" 2>/dev/null || {{ echo inactive; exit 3; }};;
esac
exit 0
"""
LOGINCTL = """#!/bin/sh
cat "{folder}/linger"
"""


def put(folder: Path, patch: pytest.MonkeyPatch, *names: str) -> Path:
    """Scripts of these names, and nothing else of theirs, before all others on PATH."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    texts = {"crontab": CRONTAB, "systemctl": SYSTEMCTL, "loginctl": LOGINCTL}
    for name, text in texts.items():
        script = tools / name
        script.write_text(text.format(folder=tools) if name in names else "#!/bin/sh\nexit 127\n")
        script.chmod(0o700)
    (tools / "linger").write_text("no\n")
    patch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    return tools
