"""The way of the data: one file per arrow."""
