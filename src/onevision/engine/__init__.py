"""Generation: one protocol (base), on PyTorch (torch)."""
