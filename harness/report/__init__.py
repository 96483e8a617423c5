"""The report: a run store's leaderboards, figures, provenance and checklist as one HTML page that needs no network."""
