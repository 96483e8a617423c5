"""Reads and writes files: YAML, atomic writes, downloads, folders, restricted pickles."""
