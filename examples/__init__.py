"""Examples to read and to run: the whole factory as one paragraph, and training without abstractions."""
