"""The run store, and what goes into it and comes out of it."""
