"""What a recipe will take before anything runs: memory per device, tokens, FLOPs, time, and what to change if it does not fit."""
