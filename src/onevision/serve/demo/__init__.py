"""The web demo at `/`: drop a picture, ask, and watch the model see, think and answer. A Gradio page on the server's own app."""

from onevision.serve.demo.mounting import mount

__all__ = ["mount"]
