"""The trivial workflow, as a Celery task."""

import os

from celery import Celery

app = Celery("bench", broker=os.environ["BENCH_BROKER"], backend=os.environ["BENCH_RESULTS"])
app.conf.task_default_queue = os.environ["BENCH_QUEUE"]
app.conf.result_backend_transport_options = {"global_keyprefix": os.environ["BENCH_QUEUE"] + "."}
app.conf.result_expires = 300
app.conf.worker_hijack_root_logger = False


@app.task
def trivial(name: str = "world") -> dict:
    return {"greeting": f"Hello, {name}."}
