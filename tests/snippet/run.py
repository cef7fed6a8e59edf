"""R1-Onevision's own README snippet on a nano folder, with only MODEL_ID, the device and the picture changed.

    python tests/snippet/run.py MODEL_FOLDER PICTURE

`make snippet` runs it in a venv of its own, with torchvision and qwen-vl-utils, which OneVision does not need.
"""

import sys

import torch

# The CPU builds of torch and torchvision that pip finds do not match: torchvision's compiled operators cannot load.
# Declaring the two that its Python part asks for at import lets the rest of it, which is all that is needed, work.
operators = torch.library.Library("torchvision", "DEF")
operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
operators.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from qwen_vl_utils import process_vision_info  # noqa: E402
from transformers import AutoProcessor, Qwen2_5_VLForConditionalGeneration  # noqa: E402

MODEL_ID, PICTURE = sys.argv[1:3]
processor = AutoProcessor.from_pretrained(MODEL_ID, trust_remote_code=True)
model = Qwen2_5_VLForConditionalGeneration.from_pretrained(MODEL_ID, trust_remote_code=True, torch_dtype=torch.bfloat16).to("cpu").eval()

messages = [
    {
        "role": "user",
        "content": [
            {"type": "image", "image": PICTURE},
            {"type": "text", "text": "Which number do you have to write in the last daisy?"},
        ],
    }
]
text = processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
image_inputs, video_inputs = process_vision_info(messages)
inputs = processor(text=[text], images=image_inputs, videos=video_inputs, padding=True, return_tensors="pt").to(model.device)

generated_ids = model.generate(**inputs, max_new_tokens=4096)
generated_ids_trimmed = [out_ids[len(in_ids) :] for in_ids, out_ids in zip(inputs.input_ids, generated_ids, strict=True)]
output_text = processor.batch_decode(generated_ids_trimmed, skip_special_tokens=True, clean_up_tokenization_spaces=False)
print(output_text[0])
