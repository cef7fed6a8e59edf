"""Training on transformers' Trainer: recipes, packing, the curriculum, one module a stage."""
