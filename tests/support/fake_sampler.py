"""Sampler without a model, for tests. It speaks the sampler protocol and imports nothing of fttui.

The last message selects its behaviour. By default it answers with the words of this message, and names the model.
"""

import json
import os
import sys
import threading
import time
from queue import SimpleQueue

cancelled = set()
requests = SimpleQueue()


def say(**line):
    print(json.dumps(line), flush=True)


def read():
    for line in sys.stdin:
        request = json.loads(line)
        if "cancel" in request:
            cancelled.add(request["cancel"])
        else:
            requests.put(request)
    os._exit(0)


threading.Thread(target=read, daemon=True).start()
say(type="phase", phase="loading", done=1, total=2, unit="bytes")
say(type="ready")
while True:
    request = requests.get()
    id, behaviour = request["id"], str(request["messages"][-1]["content"])
    finish = "stop"
    if behaviour == "die":
        say(id=id, text="half")
        print("out of memory\x07", file=sys.stderr, flush=True)
        os._exit(7)
    if behaviour == "refuse":
        say(id=id, error={"code": "context_length_exceeded", "message": "Too long.", "param": "messages"})
        continue
    if behaviour == "hang":
        time.sleep(600)
    if behaviour == "babble":
        print("a library prints this", flush=True)
    if behaviour == "endless":
        while id not in cancelled:
            say(id=id, text="on ")
            time.sleep(0.01)
    elif behaviour == "question":
        say(id=id, text=json.dumps(request))
    else:
        words = f"{behaviour} {request['model'] and os.path.basename(request['model'])}".split()
        for word in words[: request["max_tokens"]]:
            say(id=id, text=word + " ")
        finish = "length" if len(words) > request["max_tokens"] else "stop"
    say(id=id, finish_reason=finish, usage={"prompt_tokens": len(request["messages"]), "completion_tokens": 3})
