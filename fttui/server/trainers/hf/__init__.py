"""Trainer for open models: supervised fine-tuning and DPO with TRL, adapters with PEFT (protocol: ../README.md).

Modules that need only the standard library: `hub`, `options`, `memory`, `describe`, `refusal`. All others import torch
or transformers.
"""
