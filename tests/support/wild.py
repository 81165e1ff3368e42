"""Jobs as published or observed: five descriptions of the object, deviating providers, and changes over the years.

K: class of openai-kotlin. S: Scala of the OpenAPI generator. T: openapi-typescript-codegen. C: a Unity SDK. D: the
vendor's reference of 2024. The reference notes on the wire contract list their members.
"""

from typing import Any, NamedTuple

_BASE = {
    "model": "gpt-3.5-turbo-0613",
    "created_at": 1692661014,
    "organization_id": "org-123",
    "training_file": "file-abc",
}


class Wild(NamedTuple):
    raw: dict[str, Any]
    status: str
    """Expected state."""
    shown: dict[str, Any]
    """Expected members of the decoded job."""


WILD: dict[str, Wild] = {
    "K, of September 2023": Wild(
        {
            **_BASE,
            "id": "ftjob-K",
            "finished_at": 1692661190,
            "fine_tuned_model": "ft:gpt-3.5-turbo-0613:custom_org_name:7q8mpxmy",
            "result_files": ["file-abc123"],
            "status": "succeeded",
            "validation_file": None,
            "hyperparameters": {"n_epochs": 4},
            "trained_tokens": 5768,
        },
        "succeeded",
        {"object": "", "hyperparameters": {"n_epochs": "4"}, "trained_tokens": 5768, "error": None, "can_act": True},
    ),
    "K, an error of nulls": Wild(
        {**_BASE, "id": "ftjob-K2", "status": "running", "error": {"code": None, "message": None, "param": None}},
        "running",
        {"error": None, "finished_at": None},
    ),
    "S, everything there": Wild(
        {
            **_BASE,
            "id": "ftjob-S",
            "object": "fine_tuning.job",
            "error": {"code": "", "message": "", "param": ""},
            "fine_tuned_model": "",
            "finished_at": 0,
            "hyperparameters": {"n_epochs": "auto"},
            "result_files": [],
            "status": "queued",
            "trained_tokens": 0,
            "validation_file": "",
            "integrations": [],
            "seed": 0,
        },
        "queued",
        {"finished_at": None, "error": None, "hyperparameters": {"n_epochs": "auto"}, "seed": 0},
    ),
    "T, a failure": Wild(
        {
            **_BASE,
            "id": "ftjob-T",
            "object": "fine_tuning.job",
            "status": "failed",
            "fine_tuned_model": None,
            "finished_at": None,
            "hyperparameters": {"n_epochs": 2.0},
            "result_files": [],
            "trained_tokens": None,
            "validation_file": None,
            "error": {
                "code": "invalid_n_examples",
                "message": "Training file has 3 example(s)",
                "param": "training_file",
            },
        },
        "failed",
        {"hyperparameters": {"n_epochs": "2"}, "finished_at": None},
    ),
    "C, of August 2023": Wild(
        {"id": "ft-C", "object": "fine_tuning.job", "status": "created", "created_at": 1692661014, "model": "m"},
        "queued",
        {"result_files": (), "training_file": "", "hyperparameters": {}, "method": "supervised"},
    ),
    "D, of 2024": Wild(
        {
            **_BASE,
            "id": "ftjob-D",
            "object": "fine_tuning.job",
            "status": "validating_files",
            "error": {},
            "fine_tuned_model": None,
            "finished_at": None,
            "estimated_finish": 0,
            "hyperparameters": {"n_epochs": 4, "batch_size": 1, "learning_rate_multiplier": 1.0},
            "integrations": [{"type": "wandb", "wandb": {"project": "p", "run_id": "ftjob-D"}}],
            "result_files": [],
            "seed": 683058546,
            "trained_tokens": None,
            "validation_file": None,
        },
        "validating_files",
        {
            "estimated_finish": None,
            "hyperparameters": {"n_epochs": "4", "batch_size": "1", "learning_rate_multiplier": "1"},
        },
    ),
    "OpenAI, DPO: hyperparameters null": Wild(
        {
            "id": "ftjob-dpo",
            "object": "fine_tuning.job",
            "status": "running",
            "hyperparameters": None,
            "method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.1, "n_epochs": "auto"}}},
        },
        "running",
        {"method": "dpo", "hyperparameters": {"beta": "0.1", "n_epochs": "auto"}},
    ),
    "OpenAI, reinforcement: no hyperparameters, two sub-objects": Wild(
        {
            "id": "ftjob-rft",
            "object": "fine_tuning.job",
            "status": "paused",
            "method": {
                "type": "reinforcement",
                "supervised": {"hyperparameters": {"n_epochs": 9}},
                "reinforcement": {
                    "grader": {"type": "string_check", "name": "g"},
                    "hyperparameters": {
                        "reasoning_effort": "low",
                        "eval_interval": "auto",
                        "compute_multiplier": "auto",
                    },
                },
            },
        },
        "paused",
        {
            "method": "reinforcement",
            "hyperparameters": {"reasoning_effort": "low", "eval_interval": "auto", "compute_multiplier": "auto"},
            "grader": {"type": "string_check", "name": "g"},
        },
    ),
    "Azure, of seven members": Wild(
        {
            "id": "ftjob-a1b2",
            "object": "fine_tuning.job",
            "status": "pending",
            "model": "gpt-4o-mini-2024-07-18",
            "created_at": 1721764800,
            "training_file": "file-a",
            "hyperparameters": {"n_epochs": -1},
        },
        "queued",
        {"hyperparameters": {"n_epochs": "auto"}, "organization_id": "", "result_files": ()},
    ),
    "Azure, paused with an end": Wild(
        {
            "id": "ftjob-az2",
            "status": "Paused",
            "finished_at": 1721764900,
            "method": {"type": "supervised"},
            "result_files": None,
        },
        "paused",
        {"finished_at": 1721764900.0, "method": "supervised"},
    ),
    "Azure, cancelling": Wild({"id": "ftjob-az3", "status": "canceling", "organisation_id": None}, "stopping", {}),
    "Nebius": Wild(
        {
            "id": "ftjob-neb",
            "object": "fine_tuning.job",
            "status": "running",
            "organization_id": "",
            "suffix": "mine",
            "trained_steps": 3,
            "total_steps": 40,
            "hyperparameters": {"n_epochs": 3, "learning_rate": 0.00001, "lora": True, "packing": False, "lora_r": 16},
        },
        "running",
        {"suffix": "mine", "trained_steps": 3, "total_steps": 40},
    ),
    "Mistral": Wild(
        {
            "id": "b18d8d81-fd7b-4764-a31e-475cb1f36591",
            "object": "job",
            "status": "SUCCESS",
            "model": "open-mistral-7b",
            "created_at": 1719322800,
            "modified_at": 1719326400,
            "training_files": ["file-m1", "file-m2"],
            "validation_files": [],
            "job_type": "FT",
            "auto_start": False,
            "hyperparameters": {"training_steps": 10, "learning_rate": 0.0001},
            "metadata": {"expected_duration_seconds": 220, "cost": 10, "cost_currency": "EUR"},
            "integrations": [],
        },
        "succeeded",
        {
            "training_file": "file-m1",
            "can_act": False,
            "metadata": {"expected_duration_seconds": "220", "cost": "10", "cost_currency": "EUR"},
        },
    ),
    "Together-like, ISO times": Wild(
        {"id": "ft-tg", "status": "cancel_requested", "created_at": "2024-07-23T20:00:00Z", "total_price": 15e9},
        "stopping",
        {"created_at": 1721764800.0},
    ),
    "Fireworks-like words": Wild(
        {"id": "x/y:z", "status": "JOB_STATE_COMPLETED", "created_at": "1721764800"},
        "succeeded",
        {"created_at": 1721764800.0},
    ),
    "milliseconds": Wild(
        {"id": "ftjob-ms", "status": "running", "created_at": 1721764800000}, "running", {"created_at": 1721764800.0}
    ),
    "no time, told as 0": Wild(
        {"id": "ftjob-0", "status": "running", "created_at": 0, "finished_at": 0},
        "running",
        {"created_at": None, "finished_at": None},
    ),
    "a word of tomorrow": Wild({"id": "ftjob-new", "status": "dreaming"}, "unknown", {"status_text": "dreaming"}),
    "numbers as text": Wild(
        {"id": "ftjob-txt", "status": "Succeeded", "created_at": "1721764800", "trained_tokens": "5070", "seed": "42"},
        "succeeded",
        {"created_at": 1721764800.0, "trained_tokens": 5070, "seed": 42},
    ),
    "only an id": Wild({"id": 17}, "unknown", {"id": "17", "fault": ""}),
}

UNREADABLE: list[Any] = [None, 7, "a text", [], {}, {"id": None, "status": "running"}, {"id": "", "model": "m"}]
"""Items of a list of jobs without an id. Each becomes a row with a fault."""

STATUSES = {
    "validating_files": "VALIDATING JOB_STATE_VALIDATING JOB_STATE_CREATING_INPUT_DATASET",
    "queued": "pending notRunning created QUEUED VALIDATED JOB_STATE_CREATING JOB_STATE_PENDING JOB_STATE_RE_QUEUEING "
    "JOB_STATE_QUEUED PROVISIONING resuming",
    "running": "STARTED RUNNING compressing uploading model_downloading JOB_STATE_WRITING_RESULTS JOB_STATE_UPDATING "
    "training TRANSFERRING_TRAINING_DATA DEPLOYING STARTING loading_model loading_dataset saving in_progress",
    "stopping": "canceling CANCELLATION_REQUESTED cancel_requested JOB_STATE_CANCELLING cancelling stopping "
    "TERMINATING",
    "paused": "JOB_STATE_PAUSED paused",
    "succeeded": "SUCCESS completed JOB_STATE_EARLY_STOPPED ready JOB_STATE_PARTIALLY_SUCCEEDED DEPLOYED COMPLETED",
    "failed": "FAILED_VALIDATION error user_error JOB_STATE_EXPIRED errored ERROR FAILED",
    "cancelled": "CANCELLED canceled stopped STOPPED JOB_STATE_CANCELLED",
    "unknown": "JOB_STATE_UNSPECIFIED IDLE DELETING DELETING_CLEANING_UP UNKNOWN DEPRECATED PENDING_DEPRECATION",
}
"""Status words of many providers, by state."""
