"""Starts MiniStack with what 1.4.21 lacks of CloudFormation's DeleteStack: a resource whose DeletionPolicy is Retain stays;
a stack may be named by its ARN, as the CDK does; and it is being deleted as soon as that is asked for. Source:
CloudFormation user guide, "DeletionPolicy attribute", "Stack status codes"; API reference, "DeleteStack"."""

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


delete_stack = handlers._ACTION_HANDLERS["DeleteStack"]


def delete_by_name_or_arn(params):
    given = handlers._p(params, "StackName")
    name = given.split("/")[1] if given.startswith("arn:") else given
    return delete_stack({**params, "StackName": [name]})


stacks._delete_resource = delete_unless_retained
handlers._create_stack_task_in_region = start_and_say_so
handlers._ACTION_HANDLERS["DeleteStack"] = delete_by_name_or_arn
runpy.run_module("ministack", run_name="__main__", alter_sys=True)
