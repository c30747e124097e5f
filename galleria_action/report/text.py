from galleria_action.report.result import Result


def render_text(result: Result) -> list[str]:
    """The end of the log, line by line, in plain text."""
    raise NotImplementedError
