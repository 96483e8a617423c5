"""What all views share: text tables, units, progress bars, pages, and the style and files of figures."""
