"""The command line: parse, call one verb, print. Nothing here decides anything."""
