"""A stand-in for the model server: the same arguments, ready line and end, without a model. A script, no test.

Its first argument says how it behaves: `serves`, `refuses` (one sentence, exit code 1) or `dies` (once it is ready).
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("behaviour")
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--device")
    parser.add_argument("--model")
    parser.add_argument("--exit-on-stdin-close", action="store_true")
    chosen = parser.parse_args()
    if chosen.behaviour == "refuses":
        print("Loading ...", file=sys.stderr)
        sys.exit("The folder does not match its manifest: model.safetensors differs.")
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((chosen.host, chosen.port))
    listener.listen()
    print("not a ready line", flush=True)
    seen = {name: value for name, value in os.environ.items() if name.startswith("CANDOR_")}
    print(json.dumps({"ready": True, "port": chosen.port, "pid": os.getpid()}), flush=True)
    print(json.dumps({"environment": seen, "arguments": vars(chosen)}), file=sys.stderr, flush=True)
    if chosen.behaviour == "dies":
        os.abort()
    while os.read(0, 4096):
        pass


main()
