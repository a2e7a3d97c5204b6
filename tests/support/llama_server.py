"""A real llama.cpp server, from the wheel xllamacpp: llama_server.py MODEL [name=value ...]; prints its port."""

import json
import signal
import sys

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
given = dict(argument.split("=", 1) for argument in sys.argv[2:])
params.hostnames = ["127.0.0.1"]
params.port = int(given.get("port", 0))
params.n_ctx = int(given.get("window", 4096))
params.n_parallel = int(given.get("slots", 1))
# One thread: two spin for each other where the machine has something else to do.
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.warmup = False
params.embedding = given.get("embeddings") == "true"
params.kv_unified = given.get("shared") == "true"
params.sampling.ignore_eos = given.get("endless") == "true"
if "key" in given:
    params.api_keys = [given["key"]]
if params.embedding:
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    params.n_batch = params.n_ubatch = int(given.get("batch", 512))
server = xllamacpp.Server(params)
print(json.dumps({"address": server.listening_address}), flush=True)
signal.pause()
