"""Benchmarks: each compares with its peers in the same run and ends in one `RESULT ` line of JSON."""
