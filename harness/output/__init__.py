"""What every view shares: tables of text, units, progress bars, and the style and files of figures."""
