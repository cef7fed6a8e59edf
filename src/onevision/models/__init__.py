"""Models: load a Qwen2.5-VL, open pictures, the text form of an answer, and nano."""
