"""Benchmarks: problems with known answers, a model's completions, the common grader's verdicts, one table."""
