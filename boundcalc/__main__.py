"""``python -m boundcalc`` is the command ``boundcalc``."""

import sys

from boundcalc.cli import main

sys.exit(main())
