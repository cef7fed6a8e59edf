#!/bin/sh
# Builds one peer's own environment:   benchmarks/peers/venv.sh trl FOLDER   (or llamafactory)
# Afterwards:                          FOLDER/bin/python benchmarks/peers/trl_grpo.py --help
set -eu
here=$(cd "$(dirname "$0")" && pwd)
peer=$1
folder=$2

${PYTHON:-python3} -m venv "$folder"
"$folder/bin/pip" install -q -r "$here/requirements-$peer.txt"
# torchvision and torchaudio ask for a CUDA build of torch; they are put beside the CPU build that is there.
"$folder/bin/pip" install -q --no-deps -r "$here/requirements-$peer-no-deps.txt"

site=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp "$here/torchvision_schemas.py" "$site/"
echo "import torchvision_schemas" > "$site/torchvision_schemas.pth"
# torchaudio loads its CUDA operators when it finds them; without them its Python part, which is all that is imported, works.
rm -f "$site"/torchaudio/lib/*.so
