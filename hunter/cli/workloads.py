"""The command that lists the sample workloads."""

from __future__ import annotations

import click

from hunter.cli.output import table
from hunter.cli.shell import Shell, common


@click.command()
@common
@click.pass_obj
def workloads(shell: Shell) -> int:
    """List the sample workloads, with the file that each one stands in."""
    from hunter.facts import workload_file  # noqa: PLC0415  tomllib and msgspec

    found = {
        name: (path, workload_file.load(name)) for name, path in workload_file.samples().items()
    }
    if shell.json:
        shell.document({"workloads": [{"name": n, "file": str(p)} for n, (p, _) in found.items()]})
        return 0
    rows = [
        [name, f"{job.run.hours:g} h", f"{job.disk_gb:g} GB", job.image, str(path)]
        for name, (path, job) in found.items()
    ]
    shell.show(table(["name", "run", "disk", "image", "file"], rows, left=(0, 3, 4)))
    return 0
