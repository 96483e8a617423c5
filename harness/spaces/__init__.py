"""Search spaces as pure descriptions: no network, no data."""
