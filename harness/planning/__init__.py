"""Turns what a user asks for into run specifications: experiment files, settings, registry and plan."""
