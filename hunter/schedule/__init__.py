"""Timers that call Hunter's own commands: a systemd user timer, or a line of the user's crontab."""
