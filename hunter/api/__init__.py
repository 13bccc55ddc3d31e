"""The verbs that the command line, the app and Python users call."""
