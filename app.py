"""A Hugging Face Space as it is, or `python app.py` anywhere: the page at /, OpenAI's API at /v1.

Variables: ONEVISION_MODEL is served (nano), ONEVISION_ALSO lists more for the page to choose from, separated by commas; PORT (7860).
A Space is open to the world; elsewhere only this machine can reach it.
"""

import os
import sys
from pathlib import Path

# A Space installs requirements.txt, not this package.
sys.path.insert(0, str(Path(__file__).parent / "src"))

from onevision.serve.command import serve

if __name__ == "__main__":
    serve(
        model=os.environ.get("ONEVISION_MODEL", "nano"),
        host="0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1",
        port=int(os.environ.get("PORT", "7860")),
        others=[name for name in os.environ.get("ONEVISION_ALSO", "").split(",") if name],
    )
