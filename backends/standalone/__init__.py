"""Stand-alone training: one architecture, from scratch, by a fixed recipe."""
