"""Starts MiniStack with what it lacks of CloudFormation. A resource whose DeletionPolicy is Retain stays when its stack is
deleted: MiniStack 1.4.21 deletes every resource. And a stack is being deleted as soon as that is asked for: MiniStack
calls it complete for a while, which the CDK takes for a failure. Source: CloudFormation user guide, "DeletionPolicy
attribute" and "Stack status codes"."""

import runpy

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, stacks

KEPT = ("Retain", "RetainExceptOnCreate")
delete_resource = stacks._delete_resource


def delete_unless_retained(kind, physical_id, properties, stack_name, logical_id):
    stack = cloudformation._stacks.get(stack_name) or {}
    resources = (stack.get("_template") or {}).get("Resources", {})
    if resources.get(logical_id, {}).get("DeletionPolicy") in KEPT:
        return None
    return delete_resource(kind, physical_id, properties, stack_name, logical_id)


start_task = handlers._create_stack_task_in_region


def start_and_say_so(task, stack, *rest):
    if task.__name__ == "_delete_stack_async":
        stack["StackStatus"] = "DELETE_IN_PROGRESS"
    return start_task(task, stack, *rest)


stacks._delete_resource = delete_unless_retained
handlers._create_stack_task_in_region = start_and_say_so
runpy.run_module("ministack", run_name="__main__", alter_sys=True)
