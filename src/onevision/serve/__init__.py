"""A model on the network: the OpenAI API, continuous batching behind it, and a page to try it."""
