"""What went wrong, in one vocabulary: answers and the exceptions of botocore become a ``Fault``, and a ``Fault``
becomes one of the house's errors with a text that names the call, the usual cause and the remedy.

What a server says is hostile input: it is cleaned before it enters any text. Request headers and URLs, which may carry
signatures, never enter one.
"""

from galleria_action.storage.faults.answers import of_answer
from galleria_action.storage.faults.errors import describe_key_error, failure
from galleria_action.storage.faults.fault import Call, Fault, FaultKind, LargerThanAsked, Operation, Passing

__all__ = (
    "Call",
    "Fault",
    "FaultKind",
    "LargerThanAsked",
    "Operation",
    "Passing",
    "describe_key_error",
    "failure",
    "of_answer",
)
