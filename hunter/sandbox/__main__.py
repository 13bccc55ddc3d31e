"""`python -m hunter.sandbox`: the embedded market for a parent process."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from hunter.sandbox.server import Options, serve_child
from hunter.values.errors import HunterError


def main() -> int:
    """Serve until the parent goes away."""
    parser = argparse.ArgumentParser(prog="hunter.sandbox")
    parser.add_argument("--child", action="store_true", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--offers", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--limits", action="store_true")
    parser.add_argument("--page-rows", type=int)
    parser.add_argument("--run-guards", action="store_true")
    parser.add_argument("--fault", action="append", default=[])
    words = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    try:
        serve_child(
            Options(
                port=words.port,
                offers=words.offers,
                seed=words.seed,
                speed=words.speed,
                state=words.state,
                limits=words.limits,
                page_rows=words.page_rows,
                run_guards=words.run_guards,
                faults=tuple(words.fault),
            )
        )
    except HunterError as error:
        sys.stderr.write(f"{error} {error.remedy}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
