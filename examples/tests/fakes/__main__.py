"""All fakes in one process: `PYTHONPATH=examples/tests python -m fakes`.

Prints one line of JSON with their addresses by name and the credentials that they take, and serves
until its standard input ends.
"""

import json
import sys
from contextlib import ExitStack

from .base import CLIENT_ID, CLIENT_SECRET
from .halopsa import HaloPSA
from .microsoft import Microsoft
from .ninjaone import NinjaOne
from .pax8 import Pax8

with ExitStack() as stack:
    fakes = [stack.enter_context(kind()) for kind in (NinjaOne, HaloPSA, Pax8, Microsoft)]
    line = {fake.NAME: fake.address for fake in fakes}
    print(json.dumps({**line, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}), flush=True)
    sys.stdin.read()
