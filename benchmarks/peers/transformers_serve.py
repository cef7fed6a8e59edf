"""transformers' own server on a machine without CUDA's libraries, which the compiled picture decoder of the registry's torchvision
needs: Pillow decodes in its place, to the same pixels. Everything else is transformers' own.

    ENV/bin/python benchmarks/peers/transformers_serve.py FOLDER --port 8123

ENV: made by `benchmarks/vllm_env.sh`, and then `ENV/bin/pip install 'transformers[serving]==5.19.0' torch==2.13.0 requests`.
"""

import sys
from io import BytesIO
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import image_utils
from transformers.cli.transformers import main


def decode(data: torch.Tensor, mode: Any = None) -> torch.Tensor:
    """data: (bytes,) uint8, an encoded picture -> (3, height, width) uint8, RGB."""
    pixels = np.array(Image.open(BytesIO(data.numpy().tobytes())).convert("RGB"))
    return torch.from_numpy(pixels).permute(2, 0, 1)


image_utils.decode_image = decode
sys.argv[1:1] = ["serve"]
main()
