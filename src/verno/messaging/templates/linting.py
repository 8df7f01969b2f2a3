"""What is wrong with a template, found by reading it: nothing is rendered, nothing is asked."""

from verno.messaging.templates.types import Known, Problem, Template


def lint(template: Template, known: Known) -> list[Problem]:
    """Return what is wrong, the blocking problems first."""
    raise NotImplementedError
