"""The verdict held to the truth: what pilots of a small share of the cost say, beside every route run in full."""
