"""SystemExit at import: not an Exception, still only this file's error."""

import sys

sys.exit(3)
