"""Runs on the workers of a Dask cluster instead of on this machine.

    handover.py     what lies in a run folder while its Run belongs to the cluster
    heartbeat.py    whether a process on another machine lives
    demand.py       cores, GPUs and memory that a Run asks of a worker
    link.py         this process's connection to the scheduler: what is there, what became of the Runs
    checks.py       whether every worker sees the runs folder and has this program
    executor.py     what the queue (jobs.py) asks: hand over, take back, look after
    watching.py     on a worker: start one process for a Run, watch it, end it
    leash.py        in that process: end when the watcher dies or the Run belongs to somebody else

Nothing here loads Dask before an address is set. App, watcher and process share the run folder and nothing else; no
worker ever takes the queue's lock.
"""
