"""Trainer without a model, for tests. It speaks the trainer protocol and imports nothing of fttui.

`suffix` in job.json selects its behaviour.
"""

import json
import os
import signal
import subprocess
import sys
import time


def read(path):
    with open(path) as file:
        return file.read()


DESCRIPTION = {
    "protocol": 2,
    "methods": ["supervised", "dpo"],
    "settings": {
        "lora_r": {"type": "integer", "default": 16, "minimum": 1, "maximum": 256, "help": "rank of the adapter"},
        "packing": {"type": "boolean", "default": False, "help": "several examples in one row"},
        "quantize": {"type": "choice", "default": "none", "choices": ["none", "4bit"], "help": "4bit needs a GPU"},
    },
    "versions": {"torch": "2.13.0"},
    "hub": {"reachable": None, "token": "HF_TOKEN" in os.environ},
}
if sys.argv[1] == "--describe":
    if "--devices" in sys.argv:
        DESCRIPTION["devices"] = ["CPU, 2 cores"]
        DESCRIPTION["hub"]["reachable"] = False
    print(json.dumps(DESCRIPTION))
    sys.exit(0)
is_check = sys.argv[1] == "--check"
os.chdir(sys.argv[-1])
job = json.loads(read("job.json"))
behaviour, epochs = job["suffix"] or "plain", job["hyperparameters"]["n_epochs"]
if is_check:
    if behaviour == "refused":
        print("noise")
        print(json.dumps({"type": "error", "code": "gated", "message": "Accept the licence\x1b[2J.", "param": "model"}))
        sys.exit(1)
    if behaviour == "badcheck":
        sys.exit("ImportError: no module named torch")
    if behaviour == "slowcheck":
        time.sleep(600)
    counts = {"tokens": 9100, "steps": 4 * epochs, "seconds": 120, "memory_bytes": 5_100_000_000, "examples": "?"}
    print(json.dumps({"type": "check", **counts, "warnings": ["2 examples are cut.\x1b"]}))
    sys.exit(0)
progress = open("progress.jsonl", "a", buffering=1)  # noqa: SIM115


def say(**line):
    progress.write(json.dumps(line) + "\n")


def state(step=None):
    if step is not None:
        with open("state.new", "w") as file:
            file.write(str(step))
        os.replace("state.new", "state")
    return int(read("state")) if os.path.exists("state") else 0


def stop(number, frame):
    if os.path.exists("cancelled"):
        print("stopped without saving", flush=True)
    else:
        state(step)
    sys.exit(143)


step = state()
signal.signal(signal.SIGTERM, signal.SIG_IGN if behaviour == "stubborn" else stop)
if behaviour == "crash":
    print("the disk of this trainer is made of cheese", file=sys.stderr)
    sys.exit(3)
if behaviour == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if behaviour == "error":
    say(type="error", code="too_hot", message="The machine is too hot.\x1b[31m", param="n_epochs")
    sys.exit(1)
if behaviour == "noroom" and not os.path.exists("tried"):
    with open("tried", "w"):
        pass
    say(type="error", code="trainer_error", message="OSError: [Errno 28] No space left on device: 'model'")
    sys.exit(1)
if behaviour == "ioerr":
    sys.exit(74)
if behaviour == "garbage":
    progress.write(
        'nonsense\n[1, 2]\n{"type": "metrics"}\n{"type": "metrics", "step": 1, "train_loss": NaN, "x": "y"}\n'
    )
    say(type="checkpoint", step=1, path="../../../service.db")
if behaviour == "hang":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say(type="metrics", step=1, total_steps=9, train_loss=2.0)
    print("waiting for a card that never comes", flush=True)
    time.sleep(600)
if behaviour == "babble":
    while True:
        progress.write("\x00\xff not json\x1b[2J\n" * 1000)
if behaviour == "endless":
    while True:
        progress.write("x" * 65536)
if behaviour in ("family", "strays"):
    child = [sys.executable, "-c", "import time; time.sleep(600)"]
    subprocess.Popen(child, close_fds=behaviour == "strays", start_new_session=behaviour == "strays")
if behaviour == "flood":
    print("x" * (17 << 20))
    time.sleep(60)
if behaviour.startswith("overfits"):
    # The validation loss is lowest at step 60. A checkpoint follows every 20 steps.
    while step < 600:
        step += 1
        metrics = {"train_loss": 3 / (1 + step / 50) + 0.001 * (step % 2)}
        metrics["valid_loss"] = 1 + abs(step - 60) / 100 + 0.001 * (step % 2)
        if step % 20 == 0:
            metrics["full_valid_loss"] = 1 + abs(step - 60) / 100
        say(type="metrics", step=step, total_steps=600, **metrics)
        if step % 20 == 0:
            with open(f"model-{step}", "w") as file:
                file.write(str(step))
            say(type="checkpoint", step=step, path=f"model-{step}", metrics=metrics)
        if step > 200:
            state(step)
            time.sleep(0.01)
    say(type="result", checkpoint=600, trained_tokens=600)
    sys.exit(0)
if behaviour in ("loads", "starved"):
    say(type="environment", host="gpu1", device="2 x NVIDIA H100", versions={"torch": "2.13.0"})
    say(type="phase", phase="downloading", done=34, total=100, unit="bytes")
    if behaviour == "starved":
        os.kill(os.getpid(), signal.SIGKILL)
    while not os.path.exists("loaded"):
        time.sleep(0.01)
total = 1000 if behaviour in ("slow", "stubborn") else epochs * 2
while step < total and behaviour != "mute":
    loss = round((job["seed"] % 7 + 5) / (step + 1), 6)
    say(type="metrics", step=step + 1, total_steps=total, train_loss=loss, train_mean_token_accuracy=0.5)
    if (step + 1) % 2 == 0 and total < 1000:
        with open(f"model-{step + 1}", "w") as file:
            file.write(f"{job['model']['path'] and read(job['model']['path'])} then {step + 1}")
        prompt = [{"role": "user", "content": "How many steps?"}]
        say(type="samples", step=step + 1, samples=[{"prompt": prompt, "expected": "2", "answer": f"{step + 1}"}])
        say(type="checkpoint", step=step + 1, path=f"model-{step + 1}", metrics={"train_loss": loss})
    step += 1
    if total == 1000:
        state(step)
        time.sleep(0.01)
if behaviour != "mute":
    say(type="result", checkpoint=total, trained_tokens=len(read("training.jsonl")))
if behaviour == "lingers":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
