"""Files that users give and files that we write: YAML, atomic writes, downloads, folders, plain pickles."""
