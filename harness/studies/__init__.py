"""Studies: figures of Yu et al. 2020 computed from tables and from stored runs."""
