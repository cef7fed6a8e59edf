"""One independent solver a task: `solve(description_text, ask)` answers without importing onevision."""
