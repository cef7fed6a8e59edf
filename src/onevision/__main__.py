"""python -m onevision"""

import sys

from onevision.cli import main

sys.exit(main())
