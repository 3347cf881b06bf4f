"""Each file here trains one model in its own process for `benchmarks.train_speed` and prints what it measured."""
