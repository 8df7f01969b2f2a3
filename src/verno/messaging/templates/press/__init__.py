"""The press: a process of its own, short of memory and time, in which templates are compiled and rendered.

Fuel stops loops, but not ``{% set a = a ~ a %}``: forty of those take the memory of the whole process, and what cannot be
allocated ends it. So what people wrote is never run where anything else lives (docs/adr/0028-templates.md).
"""
